//! The reader of answers: what it takes, what it refuses, and that pieces make no difference.

use pay_core::model::{ApiVersion, OrderId, RequestId, UnixSeconds};
use pay_core::wire::http1::{HttpError, Progress, ResponseReader, SentIds};
use pay_core::wire::{Auth, Call, Request, ResponseHead};
use proptest::prelude::*;

/// How an answer came out.
#[derive(Debug, PartialEq)]
enum Read {
    /// Head, body, whether the connection may be kept, bytes left over.
    Whole(ResponseHead, Vec<u8>, bool, usize),
    More,
    Bad(HttpError),
}

/// Feeds `input` in pieces of these lengths, the last one repeated.
fn read_in(input: &[u8], rx_len: usize, pieces: &[usize]) -> Read {
    let mut rx = vec![0; rx_len];
    let mut reader = ResponseReader::new();
    let mut at = 0;
    let mut sizes = pieces.iter().copied().chain(core::iter::repeat(*pieces.last().unwrap()));
    while at < input.len() {
        let end = input.len().min(at + sizes.next().unwrap().max(1));
        match reader.feed(&mut rx, &input[at..end]) {
            Ok(Progress::More) => at = end,
            Ok(Progress::Done(taken)) => {
                let keep = reader.keep_alive();
                let head = reader.into_head();
                let body = rx[..head.body_len].to_vec();
                return Read::Whole(head, body, keep, input.len() - at - taken);
            }
            Err(e) => return Read::Bad(e),
        }
    }
    Read::More
}

fn read(input: &str) -> Read {
    let whole = read_in(input.as_bytes(), 4096, &[usize::MAX]);
    assert_eq!(read_in(input.as_bytes(), 4096, &[1]), whole, "byte by byte: {input:?}");
    whole
}

/// Status, body and whether the connection may be kept, of an answer that must be read to its last byte.
fn good(input: &str) -> (u16, String, bool) {
    match read(input) {
        Read::Whole(head, body, keep, 0) => (head.status, String::from_utf8(body).unwrap(), keep),
        other => panic!("{input:?}: {other:?}"),
    }
}

fn bad(input: &str) {
    assert!(matches!(read(input), Read::Bad(_)), "{input:?}: {:?}", read(input));
}

#[test]
fn content_length() {
    let whole = |s: &str| (200, s.to_owned(), true);
    assert_eq!(good("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), whole("{}"));
    assert_eq!(good("HTTP/1.1 200\r\ncontent-length:2  \r\n\r\n{}"), whole("{}"));
    assert_eq!(good("HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0\r\n\r\n"), whole(""));
    assert_eq!(good("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), whole("{}"));
    assert_eq!(good("HTTP/1.1 200 OK\r\nContent-Length: 002\r\n\r\n{}"), whole("{}"));
}

// Mutants: anything after a blank taken for an extension; blanks not counted.
#[test]
fn chunks() {
    for coding in ["chunked", "Chunked", "CHUNKED ", "\tchunked"] {
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n");
        for (body, text) in [
            ("0\r\n\r\n", ""),
            ("2\r\n{}\r\n0\r\n\r\n", "{}"),
            ("1\r\n{\r\n01\r\n}\r\n000\r\n\r\n", "{}"),
            ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
            ("2;name=value\r\n{}\r\n0;last\r\n\r\n", "{}"),
            ("2 ; a=\"b c\"\r\n{}\r\n0\r\n\r\n", "{}"),
            ("2 \t\r\n{}\r\n0  \r\n\r\n", "{}"),
            ("2\r\n{}\r\n0\r\nx-checksum: 9\r\nother: 1\r\n\r\n", "{}"),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ] {
            assert_eq!(good(&format!("{head}{body}")), (200, text.to_owned(), true));
        }
    }
    for body in [
        "\r\n{}\r\n",
        "g\r\n",
        "-1\r\n",
        "+2\r\n{}",
        "0x2\r\n{}",
        "2\n{}\r\n",
        // Two readers could see two lengths.
        "5 5\r\nhello\r\n0\r\n\r\n",
        "2\tx\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x",
        "2\r\n{}\n",
        "2\r\n{}\r\r",
        "fffffffffffffffff\r\n",
        "ffffffff\r\n",
        "2\r\r\n",
        "2;\x01\r\n{}",
        "0\r\n\n",
        " 2\r\n{}",
    ] {
        bad(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    }
    let long = "x".repeat(5000);
    bad(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;{long}\r\n"));
    bad(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{long}\r\n"));
    let blanks = " ".repeat(5000);
    bad(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0{blanks}\r\n\r\n"));
}

// Mutants: the last of two lengths wins; a length beside chunks is ignored; any coding that ends in `chunked` is taken.
#[test]
fn contradictory_lengths() {
    for fields in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: 2 2\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: \r\n",
    ] {
        // Behind it, bytes that either reading would take.
        bad(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n0\r\n\r\n"));
    }
    bad("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

#[test]
fn interim_answers() {
    let real = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    assert_eq!(good(&format!("{interim}{real}")).0, 200);
    bad(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(9));
    bad("HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

/// Each is dropped as it comes and counts as an interim answer. Mutants: not dropped; not counted.
#[test]
fn empty_lines_before_the_status_line() {
    let real = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    for line in ["\r\n", "\n"] {
        assert_eq!(good(&format!("{}{real}", line.repeat(8))).0, 200);
        bad(&format!("{}{real}", line.repeat(9)));
        bad(&format!("{}{}{real}", line.repeat(4), "HTTP/1.1 100 Continue\r\n\r\n".repeat(5)));
    }
    // They take no room from the head, which fills the buffer to its last byte.
    let input = format!("\r\n\r\n{real}");
    assert!(matches!(read_in(input.as_bytes(), real.len() - 2, &[1]), Read::Whole(..)));
}

#[test]
fn keeping_the_connection() {
    let keep = |fields: &str| good(&format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n")).2;
    assert!(keep("") && keep("Connection: keep-alive\r\n") && keep("connection: upgrade\r\n"));
    assert!(!keep("Connection: close\r\n") && !keep("CONNECTION: Keep-Alive, CLOSE\r\n"));
    assert!(!good("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").2);
    assert!(good("HTTP/1.1 204 No Content\r\n\r\n").2);
    assert!(good("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").2);
}

// Mutant: `Done(input.len())`.
#[test]
fn bytes_after_the_answer_are_left_over() {
    for input in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nHTTP",
        "HTTP/1.1 204 No Content\r\n\r\nHTTP",
    ] {
        let Read::Whole(.., left) = read_in(input.as_bytes(), 4096, &[usize::MAX]) else { panic!("{input:?}") };
        assert_eq!(left, 4);
    }
}

#[test]
fn early_close() {
    let mut rx = [0; 256];
    for (input, complete) in [
        ("", false),
        ("HTTP/1.1 200 OK\r\nContent-Le", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n{}", true),
    ] {
        let mut reader = ResponseReader::new();
        assert_eq!(reader.feed(&mut rx, input.as_bytes()), Ok(Progress::More));
        assert_eq!(reader.end(), if complete { Ok(()) } else { Err(HttpError::Incomplete) }, "{input:?}");
        assert!(!reader.keep_alive());
    }
    assert_eq!(&rx[..2], b"{}");
}

#[test]
fn longer_than_the_buffer() {
    let body = "x".repeat(300);
    for head in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{body}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12c\r\n{body}\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
    ] {
        let Read::Whole(head, body, keep, _) = read_in(head.as_bytes(), 100, &[7]) else { panic!() };
        assert!(head.truncated && !keep && body == [b'x'; 100]);
    }
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200));
    assert_eq!(read_in(long.as_bytes(), 100, &[7]), Read::Bad(HttpError::HeadTooLarge));
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(17_000));
    assert_eq!(read_in(long.as_bytes(), 20_000, &[700]), Read::Bad(HttpError::HeadTooLarge));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(129));
    assert_eq!(read_in(many.as_bytes(), 20_000, &[700]), Read::Bad(HttpError::HeadTooLarge));
}

// Mutant: the lines of a head gathered one behind the other.
#[test]
fn a_head_needs_no_more_room_than_its_longest_line() {
    let fields: String = (0..64).map(|n| format!("x-{n:02}: {}\r\n", "y".repeat(243))).collect();
    let input = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\n{{}}");
    assert!(input.len() > 16_000);
    for pieces in [1, 1000] {
        let Read::Whole(head, body, true, 0) = read_in(input.as_bytes(), 256, &[pieces]) else { panic!() };
        assert_eq!((head.status, body.as_slice()), (200, &b"{}"[..]));
    }
}

// Mutants: the current request's own id taken for an earlier one; only the last one kept.
#[test]
fn an_earlier_request_is_told_by_its_id() {
    let ids = [1, 2, 3].map(|n| RequestId::from_random([n; 16]));
    let mut sent = SentIds::new();
    let head = |id: &str| {
        let mut head = ResponseHead::new(200);
        head.note_header("x-request-id", id);
        head
    };
    assert!(!sent.is_earlier(&ids[0], &head(ids[0].as_str())));
    sent.note(&ids[0]);
    sent.note(&ids[1]);
    for earlier in &ids[..2] {
        assert!(sent.is_earlier(&ids[2], &head(earlier.as_str())));
        assert!(!sent.is_earlier(earlier, &head(earlier.as_str())));
    }
    // A gateway with ids of its own, or none.
    assert!(!sent.is_earlier(&ids[2], &head("1a2b")) && !sent.is_earlier(&ids[2], &ResponseHead::new(200)));
}

#[test]
fn not_http() {
    for input in [
        "\0\0\0\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 99 X\r\n\r\n",
        "HTTP/1.1 20 X\r\n\r\n",
        "HTTP/1.1 600 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ] {
        bad(input);
    }
}

#[test]
fn headers_that_matter() {
    let input = "HTTP/1.1 429 X\r\nX-RateLimit-Retry: 30\r\nX-Idempotency-Replayed: true\r\nX-Request-ID: r1\r\n\
                 DATE: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-latin: \u{e9}\r\nContent-Length: 0\r\n\r\n";
    let Read::Whole(head, ..) = read(input) else { panic!() };
    assert_eq!((head.status, head.replayed, head.rate_limit.retry_s), (429, true, Some(30)));
    assert_eq!(head.request_id.unwrap().as_str(), "r1");
    assert_eq!(head.date, Some(UnixSeconds(784_111_777)));
}

/// Answers that are nearly right: each part is drawn from right and wrong ones.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let status = prop_oneof![
        8 => Just("HTTP/1.1 200 OK\r\n"), 1 => Just("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n"),
        1 => Just("HTTP/1.0 200 OK\r\n"), 1 => Just("HTTP/1.1 204 N\r\n"), 1 => Just("\r\nHTTP/1.1 500 E\r\n"),
    ];
    let field = prop_oneof![
        3 => Just("Transfer-Encoding: chunked\r\n".to_owned()), 3 => (0..40u8).prop_map(|n| format!("content-length: {n}\r\n")),
        1 => Just("Connection: close\r\n".to_owned()), 1 => Just("X: y\r\n".to_owned()), 1 => "[ -~]{0,12}\r\n",
    ];
    let chunk = prop_oneof![
        6 => "[a-z]{1,20}".prop_map(|s| format!("{:x}\r\n{s}\r\n", s.len())),
        2 => "[a-z]{1,9}".prop_map(|s| format!("{:X};e=1\r\n{s}\r\n", s.len())),
        2 => Just("0\r\n\r\n".to_owned()), 1 => "[\\x00-\\x7f]{0,6}",
    ];
    (status, prop::collection::vec(field, 0..3), prop::collection::vec(chunk, 0..6))
        .prop_map(|(status, fields, chunks)| [status, &fields.concat(), "\r\n", &chunks.concat()].concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    // Mutant: the rest of a chunk forgotten where a piece ends within it.
    #[test]
    fn pieces_make_no_difference(input in answer(), rx in 0..200usize, pieces in prop::collection::vec(1..30usize, 1..20)) {
        prop_assert_eq!(read_in(&input, rx, &[usize::MAX]), read_in(&input, rx, &pieces));
    }

    #[test]
    fn any_bytes_do_no_harm(input in prop::collection::vec(any::<u8>(), 0..600), rx in 0..300usize) {
        if let Read::Whole(head, body, ..) = read_in(&input, rx, &[13]) {
            prop_assert!(head.body_len <= rx && body.len() == head.body_len);
        }
    }

    #[test]
    fn a_changed_byte_does_no_harm(mut input in answer(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let at = at.index(input.len());
        input[at] = byte;
        prop_assert_eq!(read_in(&input, 128, &[usize::MAX]), read_in(&input, 128, &[1]));
    }
}

/// Meant to notice: a wait that is never asked for, or longer than anybody holds an answer; another preference taken for it.
#[test]
fn waits_are_asked_for_and_confirmed() {
    let preference = |wait_s| {
        let order = OrderId::parse("order_1").unwrap();
        let request = Request::new(Call::ReadOrder(&order), ApiVersion::default(), RequestId::from_random([1; 16]));
        let request = request.with_wait_s(wait_s);
        let auth = Auth::Session;
        request.headers(&auth).find(|(name, _)| *name == "prefer").map(|(_, value)| value.to_owned())
    };
    assert_eq!(preference(0), None);
    for wait_s in 1..=10 {
        assert_eq!(preference(wait_s), Some(format!("wait={wait_s}")));
    }
    assert_eq!(preference(11).as_deref(), Some("wait=10"));
    for (value, waited) in
        [("wait", true), ("Wait=9", true), ("respond-async, wait=9", true), ("", false), ("waits", false)]
    {
        let mut head = ResponseHead::new(200);
        head.note_header("Preference-Applied", value);
        assert_eq!(head.waited, waited, "{value}");
    }
}
