//! Raw answers, and what every transport must make of them. Both transports' tests run each row over TLS; after the bytes the server
//! ends the connection properly.

/// What must come of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It breaks RFC 9112, or could be read in two ways.
    Bad,
    /// Its head is too large.
    TooLarge,
    /// The connection ended within it.
    Cut,
}

/// The bytes, and status and body or the refusal.
pub struct Row {
    pub raw: Vec<u8>,
    pub expected: Result<(u16, Vec<u8>), Class>,
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const BODY: &str = "Content-Length: 2\r\n\r\n{}";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Bodies in chunks that are taken.
const GOOD_CHUNKS: &[(&str, &str)] = &[
    ("0\r\n\r\n", ""),
    ("2\r\n{}\r\n0\r\n\r\n", "{}"),
    ("1\r\n{\r\n01\r\n}\r\n000\r\n\r\n", "{}"),
    ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
    ("2;name=value\r\n{}\r\n0;last\r\n\r\n", "{}"),
    ("2 ; a=\"b c\"\r\n{}\r\n0\r\n\r\n", "{}"),
    ("2;a-long-extension-of-more-than-twenty-bytes\r\n{}\r\n0\r\n\r\n", "{}"),
    ("2 \t\r\n{}\r\n0  \r\n\r\n", "{}"),
    ("2\r\n{}\r\n0\r\nx-checksum: 9\r\nother: 1\r\n\r\n", "{}"),
    ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
    ("0000000000000002\r\n{}\r\n0\r\n\r\n", "{}"),
    ("2\r\n{}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n", "{}"),
];

/// Bodies in chunks that are refused.
const BAD_CHUNKS: &[&str] = &[
    "\r\n{}\r\n",
    "g\r\n",
    "xyz\r\n",
    "-1\r\n",
    "+2\r\n{}\r\n0\r\n\r\n",
    " 2\r\n{}\r\n0\r\n\r\n",
    "\t2\r\n{}\r\n0\r\n\r\n",
    "0x2\r\n{}\r\n0\r\n\r\n",
    "2\n{}\r\n0\r\n\r\n",
    "2\r\n{}\n0\r\n\r\n",
    "2\n{}\n0\n\n",
    "2\r\n{}\r\n0\n\n",
    "2\r\n{}\r\n0\r\n\n",
    "5 5\r\nhello\r\n0\r\n\r\n",
    "2\tx\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}x",
    "2\r\n{}xx0\r\n\r\n",
    "2\r\n{}\r\r",
    "fffffffffffffffff\r\n",
    "ffffffff\r\n",
    "00000000000000002\r\n{}\r\n0\r\n\r\n",
    "2\r\r\n",
    "2;\x01\r\n{}",
    "2,2\r\n{}\r\n0\r\n\r\n",
    "2_0\r\n{}\r\n0\r\n\r\n",
    "\u{662}\r\n{}\r\n0\r\n\r\n",
];

/// Headers that contradict themselves, or each other, about the body.
const BAD_FRAMING: &[&str] = &[
    "Content-Length: 2\r\nContent-Length: 3\r\n",
    "Content-Length: 3\r\nX: y\r\nContent-Length: 2\r\n",
    "Content-Length: 2, 2\r\n",
    "Content-Length: 2,\r\n",
    "Content-Length: +2\r\n",
    "Content-Length: -2\r\n",
    "Content-Length: 0x2\r\n",
    "Content-Length: 2 2\r\n",
    "Content-Length: 2.0\r\n",
    "Content-Length: 2;\r\n",
    "Content-Length: \r\n",
    "Content-Length: two\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: \r\n",
];

/// What is no head.
const BAD_HEADS: &[&str] = &[
    // Refused at the first byte that is none of HTTP's: there may never be a line end.
    "\0",
    "\r\0",
    "SSH-2.0-OpenSSH_9.6",
    "HTTP/2",
    "\0\0\0\r\n\r\n",
    "SSH-2.0-OpenSSH\r\n\r\n",
    "{\"cf_payment_id\":1}\r\n\r\n",
    "<html>bad gateway</html>\r\n\r\n",
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/0.9 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 99 X\r\n\r\n",
    "HTTP/1.1 20 X\r\n\r\n",
    "HTTP/1.1 2000 X\r\n\r\n",
    "HTTP/1.1 099 X\r\n\r\n",
    "HTTP/1.1 000 X\r\n\r\n",
    "HTTP/1.1 2x0 X\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
    "HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
    "HTTP/1.1 200 OK\r\n name: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nna me: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\r\n\tfolded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
];

/// What ends too early.
const CUT: &[&str] = &[
    "",
    "H",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\n",
];

/// The whole table.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut good = |raw: String, status: u16, body: &str| {
        rows.push(Row { raw: raw.into_bytes(), expected: Ok((status, body.as_bytes().to_vec())) });
    };
    for status in [200, 201, 299, 301, 304, 400, 401, 404, 409, 422, 429, 500, 502, 503, 504, 599] {
        let body = if status == 304 { "" } else { "{}" };
        good(format!("HTTP/1.1 {status} Word\r\n{BODY}"), status, body);
    }
    for (body, text) in GOOD_CHUNKS {
        good(format!("{CHUNKED}{body}"), 200, text);
    }
    for coding in ["Chunked", "CHUNKED ", "\tchunked"] {
        good(format!("{OK}transfer-encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"), 200, "{}");
    }
    for head in [
        "HTTP/1.1 200\r\n",
        "HTTP/1.1 200 \r\n",
        "HTTP/1.1 200 OK\n",
        "HTTP/1.0 200 OK\r\n",
        "\r\nHTTP/1.1 200 OK\r\n",
        "\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 102 Processing\r\nContent-Length: 9, 9\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nx-latin: \u{e9}\r\n",
        "HTTP/1.1 200 OK\r\nx-empty:\r\n",
        "HTTP/1.1 200 OK\r\nx:no blank\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n",
    ] {
        good(format!("{head}{BODY}"), 200, "{}");
    }
    good(format!("{OK}content-length:002  \r\n\r\n{{}}"), 200, "{}");
    good(format!("{OK}Content-Length: 0\r\n\r\n"), 200, "");
    good(format!("{OK}Content-Length: 2\r\n\r\n{{}}more"), 200, "{}");
    good(format!("{OK}\r\n{{}}"), 200, "{}");
    good("HTTP/1.0 200 OK\r\n\r\n{}".to_owned(), 200, "{}");
    good("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n".to_owned(), 204, "");
    // 64 headers of 16 KiB together; 128 headers.
    let wide: String = (0..64).map(|n| format!("x-{n:02}: {}\r\n", "y".repeat(243))).collect();
    good(format!("{OK}{wide}{BODY}"), 200, "{}");
    good(format!("{OK}{}{BODY}", "x: y\r\n".repeat(127)), 200, "{}");

    let mut none = |class: Class, raw: String| rows.push(Row { raw: raw.into_bytes(), expected: Err(class) });
    BAD_CHUNKS.iter().for_each(|body| none(Class::Bad, format!("{CHUNKED}{body}")));
    // Behind the head, bytes that either reading would take.
    BAD_FRAMING.iter().for_each(|fields| none(Class::Bad, format!("{OK}{fields}\r\n2\r\n{{}}\r\n0\r\n\r\n")));
    BAD_HEADS.iter().for_each(|raw| none(Class::Bad, (*raw).to_owned()));
    none(Class::Bad, format!("{}{OK}{BODY}", "HTTP/1.1 100 Continue\r\n\r\n".repeat(9)));
    none(Class::Bad, format!("{}{OK}{BODY}", "\r\n".repeat(9)));
    none(Class::Bad, format!("{CHUNKED}2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(300)));
    none(Class::Bad, format!("{CHUNKED}0\r\n{}\r\n\r\n", "x".repeat(5000)));
    CUT.iter().for_each(|raw| none(Class::Cut, (*raw).to_owned()));
    none(Class::TooLarge, format!("{OK}x: {}\r\n{BODY}", "y".repeat(16_384)));
    none(Class::TooLarge, format!("{OK}{}{BODY}", "x: y\r\n".repeat(128)));
    none(Class::TooLarge, format!("{OK}{wide}{wide}{BODY}"));
    rows
}
