//! Answers of every shape: what is passed on, what is refused, what is never followed.

use core::fmt::Write as _;
use std::io::Write as _;

use pay_core::drive::transport::blocking::Transport;
use pay_core::model::UnixSeconds;
use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::ResponseHead;
use transport_std::{Error, Phase, Problem};

use super::server::{OK, Server, exchange, facts, failure, order_pay};

fn answer(bytes: impl Into<Vec<u8>>) -> (ResponseHead, String) {
    exchange(&mut Server::answering(bytes).client()).unwrap()
}

#[track_caller]
fn assert_not_http(bytes: impl Into<Vec<u8>>) {
    let expected = (Problem::NotHttp, ErrorKind::BadResponse, Delivery::Unknown);
    assert_eq!(failure(&Server::answering(bytes)), expected);
}

/// With a buffer of `room` bytes; the bytes of body come back too.
fn answer_into(server: &Server, room: usize) -> Result<(ResponseHead, Vec<u8>), Error> {
    let mut rx = vec![b'#'; room];
    let head = server.client().exchange(&order_pay(), &mut rx)?;
    rx.truncate(head.body_len);
    Ok((head, rx))
}

// Mutant: `http_status_as_error(true)`.
#[test]
fn every_status_is_an_answer() {
    for status in [200, 201, 301, 400, 401, 404, 409, 422, 429, 500, 502, 503, 599] {
        let (head, body) = answer(format!("HTTP/1.1 {status} Word\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}"));
        assert_eq!((head.status, body.as_str(), head.truncated), (status, "{\"a\":1}", false));
    }
}

#[test]
fn what_the_head_says_is_noted() {
    let (head, _) = answer(
        "HTTP/1.1 429 Too Many Requests\r\nX-RateLimit-Limit: 100\r\nx-ratelimit-remaining: 0\r\n\
         X-RATELIMIT-RETRY: 17\r\nx-request-id: abc\r\nX-Idempotency-Replayed: true\r\nx-other: \u{e9}\r\n\
         date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!((head.status, head.body_len, head.replayed), (429, 0, true));
    let limit = head.rate_limit;
    assert_eq!((limit.limit, limit.remaining, limit.retry_s), (Some(100), Some(0), Some(17)));
    assert_eq!(head.request_id.as_deref(), Some("abc"));
    assert_eq!(head.date, Some(UnixSeconds(784_111_777)));
}

#[test]
fn a_page_of_an_intermediary_is_passed_on() {
    let page = "<html><h1>502 Bad Gateway</h1></html>";
    let (head, body) = answer(format!(
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    ));
    assert_eq!((head.status, body.as_str()), (502, page));
}

// Mutant: `max_redirects(1)` asks a second time; even then the connector goes nowhere but to its endpoint.
#[test]
fn redirects_are_not_followed() {
    let target = Server::answering(OK);
    for status in [301, 302, 303, 307, 308] {
        let server = Server::answering(format!(
            "HTTP/1.1 {status} Elsewhere\r\nLocation: https://{}/\r\nContent-Length: 2\r\n\r\nhi",
            target.address
        ));
        let (head, body) = exchange(&mut server.client()).unwrap();
        assert_eq!((head.status, body.as_str()), (status, "hi"));
        assert_eq!(server.requests().len(), 1);
    }
    // Without a body, and to the same host.
    let server = Server::answering("HTTP/1.1 307 Elsewhere\r\nLocation: /pg/again\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(exchange(&mut server.client()).unwrap().0.status, 307);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(target.accepts(), 0);
}

#[test]
fn answers_without_a_body() {
    for head in ["204 No Content\r\n", "304 Not Modified\r\n", "200 OK\r\nContent-Length: 0\r\n"] {
        let server = Server::answering(format!("HTTP/1.1 {head}\r\n"));
        let mut client = server.client();
        for _ in 0..2 {
            assert_eq!(exchange(&mut client).unwrap().0.body_len, 0);
        }
        assert_eq!(server.accepts(), 1, "the connection is kept after {head:?}");
    }
}

#[test]
fn preliminary_answers_are_skipped() {
    let (head, body) = answer(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    );
    assert_eq!((head.status, body.as_str()), (200, "{}"));
}

// More than eight are refused, long before the limit of the exchange.
#[test]
fn preliminary_answers_without_end_are_refused() {
    let server = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.read_request().unwrap();
        while tls.stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").is_ok() {}
    });
    assert_eq!(failure(&server), (Problem::NotHttp, ErrorKind::BadResponse, Delivery::Unknown));
}

#[test]
fn chunks_in_every_spelling() {
    for (name, value) in
        [("Transfer-Encoding", "chunked"), ("TRANSFER-ENCODING", "CHUNKED"), ("transfer-encoding", "Chunked")]
    {
        for chunks in [
            "7\r\n{\"a\":1}\r\n0\r\n\r\n",
            "03;name=value\r\n{\"a\r\n4 ; x\r\n\":1}\r\n000\r\nTrailer: 1\r\nB: 2\r\n\r\n",
        ] {
            let server = Server::answering(format!("HTTP/1.1 200 OK\r\n{name}: {value}\r\n\r\n{chunks}"));
            let mut client = server.client();
            for _ in 0..2 {
                assert_eq!(exchange(&mut client).unwrap().1, "{\"a\":1}");
            }
            assert_eq!(server.accepts(), 1, "nothing of {chunks:?} is left on the connection");
        }
    }
}

// Mutants: `truncated` always false; a buffer that is just large enough called truncated.
#[test]
fn a_body_too_long_is_cut_and_its_connection_dropped() {
    let body: String = ('a'..='z').cycle().take(100_000).collect();
    let mut chunks = String::new();
    for chunk in body.as_bytes().chunks(999) {
        write!(chunks, "{:x}\r\n{}\r\n", chunk.len(), core::str::from_utf8(chunk).unwrap()).unwrap();
    }
    for whole in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"),
    ] {
        let server = Server::answering(whole);
        for room in [0, 1, 4096, 99_999] {
            let (head, rx) = answer_into(&server, room).unwrap();
            assert_eq!((head.truncated, head.body_len), (true, room));
            assert_eq!(rx, &body.as_bytes()[..room]);
        }
        let (head, rx) = answer_into(&server, 100_000).unwrap();
        assert!(!head.truncated && rx == body.as_bytes());
    }
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345".to_string());
    let mut client = server.client();
    for _ in 0..2 {
        assert!(client.exchange(&order_pay(), &mut [0; 4]).unwrap().truncated);
    }
    assert_eq!(server.accepts(), 2);
}

#[test]
fn a_head_too_large() {
    let expected = (Problem::HeadTooLarge, ErrorKind::ResponseTooLarge, Delivery::Unknown);
    let long = "a".repeat(20_000);
    assert_eq!(failure(&Server::answering(format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n"))), expected);
    assert_eq!(failure(&Server::answering(format!("HTTP/1.1 200 OK\r\nx: {}", long.repeat(50)))), expected);
    // 128 headers are the most.
    let many = "a: b\r\n".repeat(129);
    assert_eq!(failure(&Server::answering(format!("HTTP/1.1 200 OK\r\n{many}\r\n"))), expected);
}

#[test]
fn what_is_not_http_is_refused() {
    assert_not_http("SSH-2.0-OpenSSH_9.6\r\n");
    assert_not_http("{\"cf_payment_id\":1}\r\n\r\n");
    assert_not_http("HTTP/2.0 200 OK\r\n\r\n");
    assert_not_http("HTTP/1.1 099 No\r\n\r\n");
    assert_not_http("HTTP/1.1 200 OK\r\nbad header\r\n\r\n");
    assert_not_http([0; 100]);
    assert_not_http("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    assert_not_http("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n");
}

#[test]
fn a_body_framed_in_two_ways_is_refused() {
    for head in [
        "Content-Length: +2",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
    ] {
        assert_not_http(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"));
    }
}

// Mutant: ureq's `gzip` feature.
#[test]
fn nothing_is_unpacked() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x0b\x08");
    assert_eq!(exchange(&mut server.client()).unwrap().1, "\x1f\x0b\x08");
    assert!(server.requests()[0].contains("accept-encoding: identity\r\n"));
}

#[test]
fn an_unfinished_head_is_an_early_end() {
    let (problem, ..) = facts(&exchange(&mut Server::closing("HTTP/1.1 200 OK\r\n").client()).unwrap_err());
    assert_eq!(problem, Problem::Closed(Phase::Answer));
}
