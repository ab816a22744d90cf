//! Connections that are kept, and what ends that.

use core::time::Duration;
use std::net::Shutdown;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{ApiVersion, RequestId};
use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::{Call, Request};
use transport_std::{HttpsTransport, Problem};

use super::server::{CA, OK, Server, Tls, exchange, facts, failure, order_pay};

/// Answers the first connection's first request, then does `end` to it; answers everything on later ones.
/// The receiver hears when it is done.
fn ending(end: impl Fn(&mut Tls) + Send + Sync + 'static) -> (Server, mpsc::Receiver<()>) {
    let (done, wait) = mpsc::channel();
    let done = Arc::new(Mutex::new(done));
    let server = Server::start(move |peer| {
        let first = peer.nth == 0;
        let mut tls = peer.handshake();
        while tls.read_request().is_some() {
            if first {
                end(&mut tls);
                done.lock().unwrap().send(()).unwrap();
                // The socket stays open: whatever the client does next, it is not for want of an answer to this.
                return tls.wait_for_end();
            }
            tls.send(OK);
        }
    });
    (server, wait)
}

#[track_caller]
fn assert_replaced(end: impl Fn(&mut Tls) + Send + Sync + 'static) {
    let (server, done) = ending(end);
    let mut client = server.client();
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    done.recv().unwrap();
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    assert_eq!((server.accepts(), server.requests().len()), (2, 2), "a new connection, and each request once");
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    assert_eq!((server.accepts(), server.requests().len()), (2, 3), "which is kept");
}

// Mutant: `is_open` always false.
#[test]
fn one_connection_serves_many_exchanges() {
    let server = Server::answering(OK);
    let mut client = server.client();
    for _ in 0..20 {
        assert_eq!(exchange(&mut client).unwrap().1, "{}");
    }
    assert_eq!((server.accepts(), server.requests().len()), (1, 20));
}

// Mutant for each of the next five: `is_open` always true.
#[test]
fn a_connection_closed_while_idle_is_replaced() {
    assert_replaced(|tls| {
        tls.send(OK);
        tls.say_goodbye();
        tls.stream.sock.shutdown(Shutdown::Both).unwrap();
    });
}

#[test]
fn a_half_closed_connection_is_replaced() {
    assert_replaced(|tls| {
        tls.send(OK);
        tls.stream.sock.shutdown(Shutdown::Write).unwrap();
    });
}

#[test]
fn a_session_ended_within_tls_alone_is_replaced() {
    assert_replaced(|tls| {
        tls.send(OK);
        tls.say_goodbye();
    });
}

// Mutant: `is_quiet` without a look at what the session has decrypted.
#[test]
fn an_answer_that_nobody_asked_for_is_not_taken_for_the_next() {
    assert_replaced(|tls| {
        tls.send(OK);
        std::thread::sleep(Duration::from_millis(50));
        tls.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
}

// Mutant: the connection kept although bytes are left behind the answer.
#[test]
fn nor_one_that_came_with_the_answer() {
    for between in [false, true] {
        assert_replaced(move |tls| {
            let stray = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"not\":1} ";
            if between {
                // Two TLS records, one TCP segment.
                use std::io::Write as _;
                tls.stream.conn.writer().write_all(OK).unwrap();
                tls.stream.conn.writer().write_all(stray).unwrap();
                let mut bytes = Vec::new();
                while tls.stream.conn.wants_write() {
                    tls.stream.conn.write_tls(&mut bytes).unwrap();
                }
                tls.stream.sock.write_all(&bytes).unwrap();
            } else {
                tls.send(&[OK, stray].concat());
            }
        });
    }
}

#[test]
fn the_server_may_say_close() {
    let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    assert_replaced(move |tls| tls.send(answer));
    assert_replaced(|tls| tls.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
}

// Mutant: `max_idle_age` left at ureq's own.
#[test]
fn keep_alive_max_ends_it_from_our_side() {
    let server = Server::answering(OK);
    let config = server.config().with_keep_alive_max(Duration::ZERO);
    let mut client = HttpsTransport::new(server.endpoint(Default::default()), config).unwrap();
    for _ in 0..3 {
        exchange(&mut client).unwrap();
    }
    assert_eq!(server.accepts(), 3);
}

// The server takes the request off the kept connection and closes: it may have been executed.
// Mutants: trying again on a new connection; `sent` forgotten on a kept connection.
#[test]
fn a_close_as_the_request_is_written_is_unknown_and_not_repeated() {
    let server = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.read_request().unwrap();
        tls.send(OK);
        tls.read_request().unwrap();
        tls.close();
    });
    let mut client = server.client();
    exchange(&mut client).unwrap();
    let (_, kind, delivery) = facts(&exchange(&mut client).unwrap_err());
    assert_eq!((kind, delivery), (ErrorKind::Closed, Delivery::Unknown));
    assert_eq!((server.accepts(), server.requests().len()), (1, 2));
}

// Mutant: `discard_kept` not called leaves the connection whose answer was refused in use (204 has no body to hold it).
#[test]
fn after_an_error_the_connection_is_gone() {
    let server = Server::start(|peer| {
        let first = peer.nth == 0;
        let mut tls = peer.handshake();
        while tls.read_request().is_some() {
            let refused = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n";
            tls.send(if first { refused } else { OK });
        }
    });
    let mut client = server.client();
    assert_eq!(facts(&exchange(&mut client).unwrap_err()).0, Problem::NotHttp);
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    assert_eq!(server.accepts(), 2);
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    assert_eq!(server.accepts(), 2);
}

// One more byte than the buffer: cut, dropped, and the rest is not the next answer.
#[test]
fn the_rest_of_a_cut_body_is_not_the_next_answer() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\"\"}",
    );
    let mut client = server.client();
    for accepts in 1..4 {
        let mut rx = [0; 2];
        let head = client.exchange(&order_pay(), &mut rx).unwrap();
        assert!(head.truncated && rx == *b"{}");
        assert_eq!(server.accepts(), accepts);
    }
}

#[test]
fn a_reset_while_idle_is_replaced() {
    let (read, go) = mpsc::channel::<()>();
    let (done, wait) = mpsc::channel();
    let (go, done) = (Mutex::new(go), Mutex::new(done));
    let server = Server::start(move |peer| {
        let first = peer.nth == 0;
        let mut tls = peer.handshake();
        while tls.read_request().is_some() {
            tls.send(OK);
            if first {
                go.lock().unwrap().recv().unwrap();
                tls.reset();
                return done.lock().unwrap().send(()).unwrap();
            }
        }
    });
    let mut client = server.client();
    exchange(&mut client).unwrap();
    read.send(()).unwrap();
    wait.recv().unwrap();
    exchange(&mut client).unwrap();
    assert_eq!((server.accepts(), server.requests().len()), (2, 2));
}

#[test]
fn a_first_failure_does_not_stop_the_next() {
    let server = Server::start(|peer| {
        if peer.nth == 0 {
            return peer.reset();
        }
        let mut tls = peer.handshake();
        while tls.read_request().is_some() {
            tls.send(OK);
        }
    });
    let mut client = server.client();
    assert_eq!(facts(&exchange(&mut client).unwrap_err()).2, Delivery::NotSent);
    exchange(&mut client).unwrap();
    exchange(&mut client).unwrap();
    assert_eq!(server.accepts(), 2);
    assert_eq!(failure(&Server::closing("")).2, Delivery::Unknown);
}

// Mutant: the head's id not looked at.
#[test]
fn an_answer_to_an_earlier_request_is_none() {
    let id = |n: u8| RequestId::from_random([n; 16]);
    let first = id(1);
    let server = Server::answering(format!(
        "HTTP/1.1 200 OK\r\nx-request-id: {}\r\nContent-Length: 2\r\n\r\n{{}}",
        first.as_str()
    ));
    let mut client = server.client();
    let mut ask = |n| {
        let request = Request::new(Call::OrderPay, ApiVersion::default(), id(n)).with_body(b"{}");
        client.exchange(&request, &mut [0; 64])
    };
    assert!(ask(1).is_ok());
    let expected = (Problem::EarlierAnswer, ErrorKind::BadResponse, Delivery::Unknown);
    assert_eq!(facts(&ask(2).unwrap_err()), expected);
    assert_eq!(server.accepts(), 1);
    assert!(ask(1).is_ok());
    assert_eq!(server.accepts(), 2, "its connection is dropped");
}

// Mutant: no look before the first request of a connection.
#[test]
fn an_answer_before_the_request_is_none() {
    let mut config = (*CA.server(|_| ())).clone();
    // With its own Finished, before the client's.
    config.send_half_rtt_data = true;
    let server = Server::start_as(Arc::new(config), |peer| {
        if let Some(tls) = peer.handshake_after(OK) {
            tls.wait_for_end();
        }
    });
    let error = exchange(&mut server.client()).unwrap_err();
    assert_eq!(facts(&error), (Problem::Unasked, ErrorKind::BadResponse, Delivery::NotSent));
}
