//! Every failure says whether the request can have arrived, and costs the connection.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use pay_core::drive::transport::{Error as _, Transport as _};
use pay_core::sale::{Delivery, ErrorKind};
use transport_embassy::tls::{CertificateError, TlsError, Trust};
use transport_embassy::{ConnectError, Fault, Transport};

use super::network::{Now, answer, endpoint, exchange, once, request, with_link, world};
use super::pki::{Kind, NOW_S, Node};

#[test]
fn before_the_first_byte_nothing_was_sent() {
    for (fail, kind) in [(ConnectError::Resolve, ErrorKind::Resolve), (ConnectError::Connect, ErrorKind::Connect)] {
        let (world, net, anchor) = world();
        world.borrow_mut().fail_connect = Some(fail);
        let error = once(net, &anchor).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (kind, Delivery::NotSent));
        assert!(world.borrow().aborts > 0);
    }
    // The ClientHello does not get through.
    let (world, net, anchor) = world();
    world.borrow_mut().write_limit = Some(20);
    let error = once(net, &anchor).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Tls, Delivery::NotSent));
}

#[test]
fn an_untrusted_server_is_told_apart() {
    let (world, net, _) = world();
    let stranger = Node::ca("stranger", Kind::P256, None).anchor();
    let error = once(net, &stranger).unwrap_err();
    assert_eq!(error.fault(), Fault::Handshake(TlsError::Certificate(CertificateError::UnknownIssuer)));
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Untrusted, Delivery::NotSent));
    assert!(world.borrow().requests.is_empty() && world.borrow().aborts > 0);
}

#[test]
fn no_clock_no_connection() {
    let (world, net, anchor) = world();
    let error = with_link(net, Now(None), |link| {
        let anchors = [anchor];
        exchange(&mut Transport::new(link, endpoint(), Trust::new(&anchors, 0))).unwrap_err()
    });
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Untrusted, Delivery::NotSent));
    assert!(world.borrow().requests.is_empty());
}

// Mutant: `take_data_sent` set after the write in place of before it.
#[test]
fn once_a_byte_is_out_the_fate_is_unknown() {
    // How many bytes the client writes for a handshake: what an untroubled connection wrote before its request.
    let (quiet, net, anchor) = world();
    quiet.borrow_mut().hang = true;
    let error = once(net, &anchor).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::TimedOut, Delivery::Unknown));
    let total = quiet.borrow().written;

    let mut unknown = 0;
    for limit in (1..=total).step_by(7) {
        let (world, net, anchor) = world();
        world.borrow_mut().write_limit = Some(limit);
        let error = once(net, &anchor).unwrap_err();
        // Arrived means unknown; the converse need not hold.
        assert!(world.borrow().requests.is_empty() || error.delivery() == Delivery::Unknown);
        assert!(world.borrow().aborts > 0);
        unknown += usize::from(error.delivery() == Delivery::Unknown);
    }
    assert!(unknown > 0);
}

#[test]
fn answers_that_are_none() {
    for (bytes, kind) in [
        (&b""[..], ErrorKind::Closed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", ErrorKind::Closed),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", ErrorKind::Closed),
        (b"SSH-2.0\r\n\r\n", ErrorKind::BadResponse),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", ErrorKind::BadResponse),
    ] {
        let (world, net, anchor) = world();
        world.borrow_mut().answers.push_back(bytes.to_vec());
        let error = once(net, &anchor).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (kind, Delivery::Unknown), "{bytes:?}");
        assert!(world.borrow().aborts > 0);
    }
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(5000)).into_bytes());
    assert_eq!(once(net, &anchor).unwrap_err().kind(), ErrorKind::ResponseTooLarge);
}

#[test]
fn a_long_body_is_cut_and_costs_the_connection() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(answer(&"x".repeat(20_000)));
    let (head, body) = once(net, &anchor).unwrap();
    assert!(head.truncated && body.len() == 4096);
    assert!(world.borrow().aborts > 0);
}

// Mutant: a limit a thousand times as long.
#[test]
fn a_slow_peer_meets_the_deadline_at_every_phase() {
    type Change = fn(&mut super::network::World);
    let cases: [(Change, Delivery); 6] = [
        (|w| w.unreachable = true, Delivery::NotSent),
        (|w| w.deaf = true, Delivery::NotSent),
        (|w| w.full_at = Some(1), Delivery::NotSent),
        // The whole handshake, and no byte of the request's record: it counts as sent all the same.
        (|w| w.full_at = Some(w.written), Delivery::Unknown),
        (|_| {}, Delivery::Unknown),
        (|w| w.answers.push_back(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}".to_vec()), Delivery::Unknown),
    ];
    for (n, (change, delivery)) in cases.into_iter().enumerate() {
        let (world, net, anchor) = world();
        world.borrow_mut().hang = true;
        if n == 3 {
            world.borrow_mut().written = handshake_bytes();
        }
        change(&mut world.borrow_mut());
        let error = once(net, &anchor).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::TimedOut, delivery), "phase {n}");
        assert!(world.borrow().aborts > 0);
    }
}

/// What a client writes up to and with its Finished.
fn handshake_bytes() -> usize {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(answer(""));
    once(net, &anchor).unwrap();
    let request = world.borrow().requests[0].len();
    let written = world.borrow().written;
    // The request is one record: 5 bytes of header, content type and tag around it.
    written - request - 22
}

// Mutant: `Line` that does not abort.
#[test]
fn a_future_dropped_at_any_await_leaves_a_link_that_works() {
    let mut steps = 0;
    loop {
        let (world, net, anchor) = world();
        world.borrow_mut().answers.extend(["0", "1", "2", "3"].map(answer));
        world.borrow_mut().chunk = Some(200);
        let finished = with_link(net, Now(Some(NOW_S)), |link| {
            let anchors = [anchor];
            let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
            exchange(&mut transport).unwrap();
            let mut rx = [0; 256];
            let request = request(b"{\"b\":2}");
            let finished = {
                let mut future = pin!(transport.exchange(&request, &mut rx));
                let mut cx = Context::from_waker(Waker::noop());
                (0..=steps).any(|_| matches!(future.as_mut().poll(&mut cx), Poll::Ready(Ok(_))))
            };
            // Whatever happened before, this exchange gets its own answer over a connection in step.
            exchange(&mut transport).unwrap();
            finished
        });
        let world = world.borrow();
        let last = world.requests.last().unwrap();
        assert!(last.ends_with("{\"a\":1}"), "{last}");
        assert_eq!(world.connections.len(), if finished { 1 } else { 2 }, "dropped after {steps} polls");
        assert_eq!(world.aborts, usize::from(!finished));
        if finished {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 2);
}

#[test]
fn a_second_exchange_at_the_same_time_is_refused() {
    let (world, net, anchor) = world();
    world.borrow_mut().hang = true;
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let trust = Trust::new(&anchors, 0);
        let mut pay = Transport::new(link, endpoint(), trust);
        let mut ask = Transport::new(link, endpoint(), trust);
        let (mut rx, pay_request) = ([0; 256], request(b"{}"));
        let mut first = pin!(pay.exchange(&pay_request, &mut rx));
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let error = exchange(&mut ask).unwrap_err();
        assert_eq!((error.fault(), error.delivery()), (Fault::Busy, Delivery::NotSent));
    });
}
