//! One connection for several exchanges, and when not.

use core::cell::RefCell;
use embassy_time::Duration;
use pay_core::drive::transport::Error as _;
use pay_core::drive::transport::Transport as _;
use pay_core::model::{ApiVersion, RequestId};
use pay_core::sale::Delivery;
use pay_core::wire::{Call, Request};
use transport_embassy::tls::{Buffers, Trust};
use transport_embassy::{Fault, Link, Transport};

use super::network::{Now, answer, endpoint, exchange, with_link, world};
use super::pki::NOW_S;
use super::rng::Rng;

#[test]
fn a_request_is_what_the_gateway_expects() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(answer("{}"));
    let (head, body) = super::network::once(net, &anchor).unwrap();
    assert_eq!((head.status, body.as_slice()), (200, &b"{}"[..]));
    let world = world.borrow();
    let request = &world.requests[0];
    assert!(request.starts_with("POST /pg/orders/sessions HTTP/1.1\r\nHost: api.pay.test:8443\r\n"), "{request}");
    assert!(request.contains("\r\nContent-Length: 7\r\n") && request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    assert!(request.contains("\r\ncontent-type: application/json\r\n"), "{request}");
    assert_eq!(world.connections, ["api.pay.test:8443"]);
}

/// How many connections three exchanges take, if the server gives these answers.
fn connections(answers: [Vec<u8>; 3], change: impl FnOnce(&RefCell<super::network::TestLink<'_>>)) -> usize {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.extend(answers);
    with_link(net, Now(Some(NOW_S)), |link| {
        change(link);
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        for n in 0..3 {
            let (_, body) = exchange(&mut transport).unwrap();
            assert_eq!(body, [b'0' + n]);
        }
    });
    let world = world.borrow();
    assert_eq!(world.requests.len(), 3);
    world.connections.len()
}

// Mutants: `keep` without `rest == 0`; without `keep_alive()`.
#[test]
fn a_connection_is_kept_only_if_it_can_be() {
    let plain = ["0", "1", "2"].map(answer);
    assert_eq!(connections(plain.clone(), |_| {}), 1);

    let closing = ["0", "1", "2"]
        .map(|n| format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n{n}").into_bytes());
    assert_eq!(connections(closing, |_| {}), 3);

    let mut more = plain.clone();
    more[0].extend(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n9");
    assert_eq!(connections(more, |_| {}), 2);
}

/// RFC 8446 section 6.1. Meant to notice: no close_notify; one on a connection that is kept.
#[test]
fn a_connection_that_is_not_kept_is_closed_in_order() {
    let (world, net, anchor) = world();
    let last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1";
    world.borrow_mut().answers.extend([answer("0"), last.to_vec()]);
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        for farewells in [0, 1] {
            exchange(&mut transport).unwrap();
            assert_eq!(world.borrow().farewells, farewells);
        }
    });
}

/// Meant to notice: a kept connection that is dropped without a word when the program is done; a second farewell.
#[test]
fn a_kept_connection_is_closed_in_order_when_the_program_is_done() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(answer("0"));
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        exchange(&mut Transport::new(link, endpoint(), Trust::new(&anchors, 0))).unwrap();
        assert_eq!((world.borrow().farewells, world.borrow().aborts), (0, 0));
        for _ in 0..2 {
            embassy_futures::block_on(link.borrow_mut().close());
            assert_eq!(world.borrow().farewells, 1);
        }
    });
    assert!(world.borrow().aborts > 0);
}

/// Meant to notice: a farewell without an end.
#[test]
fn a_server_that_takes_nothing_holds_no_program_up() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(answer("0"));
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        exchange(&mut Transport::new(link, endpoint(), Trust::new(&anchors, 0))).unwrap();
        world.borrow_mut().full_at = Some(0);
        embassy_futures::block_on(link.borrow_mut().close());
    });
    assert_eq!(world.borrow().farewells, 0);
}

#[test]
fn an_old_connection_is_not_used() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.extend(["0", "1"].map(answer));
    let (mut rx, mut tx) = (vec![0; 16_640], vec![0; 1024]);
    let link = Link::new(net, Buffers::new(&mut rx, &mut tx), Rng::new(3), Now(Some(NOW_S)));
    let link = RefCell::new(link.with_keep_alive_max(Duration::from_millis(0)));
    let anchors = [anchor];
    let mut transport = Transport::new(&link, endpoint(), Trust::new(&anchors, 0));
    exchange(&mut transport).unwrap();
    exchange(&mut transport).unwrap();
    assert_eq!(world.borrow().connections.len(), 2);
}

// Mutant: `kept` used without asking `peer_closed()`.
#[test]
fn a_connection_closed_by_the_server_is_noticed_before_the_first_byte() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.extend(["0", "1"].map(answer));
    world.borrow_mut().close_after = Some(1);
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        exchange(&mut transport).unwrap();
        exchange(&mut transport).unwrap();
    });
    assert_eq!(world.borrow().connections.len(), 2);
    assert_eq!(world.borrow().requests.len(), 2);
}

// Mutant: `kept` without the comparison of owners: the second route would speak to the first one's server.
#[test]
fn two_routes_share_a_link_and_never_a_connection() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.extend(["0", "1", "2"].map(answer));
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let trust = Trust::new(&anchors, 0);
        let mut pay = Transport::new(link, endpoint(), trust);
        let mut ask = Transport::new(link, endpoint(), trust).with_address("10.0.0.9", 9);
        exchange(&mut pay).unwrap();
        exchange(&mut ask).unwrap();
        exchange(&mut ask).unwrap();
    });
    assert_eq!(world.borrow().connections, ["api.pay.test:8443", "10.0.0.9:9"]);
}

/// What an exchange takes on the caller's stack or in its task, on a 64-bit host; a microcontroller takes less. The TCP and TLS
/// buffers are the caller's and not in it.
#[test]
fn an_exchange_is_small() {
    let (_, net, anchor) = world();
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        let (mut rx, request) = ([0; 64], super::network::request(b"{}"));
        let size = size_of_val(&transport.exchange(&request, &mut rx));
        assert!(size <= 4096, "{size} bytes");
    });
}

/// The second exchange has no handshake before it, which writes all over the buffers. Mutants seen red: `Line` that does not wipe; `written`
/// left as it was before a record came.
#[test]
fn nothing_of_an_exchange_stays_in_the_buffers() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.extend(["0", "1"].map(answer));
    let (mut rx, mut tx) = (vec![0; 16_640], vec![0; 1024]);
    {
        let link = Link::new(net, Buffers::new(&mut rx, &mut tx), Rng::new(3), Now(Some(NOW_S)));
        let link = RefCell::new(link);
        let anchors = [anchor];
        let mut transport = Transport::new(&link, endpoint(), Trust::new(&anchors, 0));
        exchange(&mut transport).unwrap();
        exchange(&mut transport).unwrap();
    }
    assert_eq!(world.borrow().connections.len(), 1);
    assert!(rx.iter().chain(&tx).all(|b| *b == 0));
}

// Mutant: the head's id not looked at.
#[test]
fn an_answer_to_an_earlier_request_is_none() {
    let (world, net, anchor) = world();
    let id = |n: u8| RequestId::from_random([n; 16]);
    let echo = |n| format!("HTTP/1.1 200 OK\r\nx-request-id: {}\r\nContent-Length: 2\r\n\r\n{{}}", id(n).as_str());
    world.borrow_mut().answers.extend([echo(1), echo(1), echo(3)].map(String::into_bytes));
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        let mut ask = |n| {
            let request = Request::new(Call::OrderPay, ApiVersion::default(), id(n)).with_body(b"{}");
            embassy_futures::block_on(transport.exchange(&request, &mut [0; 4096]))
        };
        assert!(ask(1).is_ok());
        let error = ask(2).unwrap_err();
        assert_eq!((error.fault(), error.delivery()), (Fault::EarlierAnswer, Delivery::Unknown));
        assert!(ask(3).is_ok());
    });
    assert_eq!(world.borrow().connections.len(), 2);
}

// Mutant: no look before the first request of a connection.
#[test]
fn an_answer_before_the_request_is_none() {
    let (world, net, anchor) = world();
    world.borrow_mut().unasked = Some(answer("9"));
    let error = super::network::once(net, &anchor).unwrap_err();
    assert_eq!((error.fault(), error.delivery()), (Fault::Unasked, Delivery::NotSent));
    assert!(world.borrow().requests.is_empty() && world.borrow().aborts > 0);
}

// Mutant: whatever waits taken for an answer.
#[test]
fn messages_of_tls_before_the_request_are_no_answer() {
    let (world, net, anchor) = world();
    world.borrow_mut().early_key_update = true;
    world.borrow_mut().answers.push_back(answer("9"));
    assert_eq!(super::network::once(net, &anchor).unwrap().1, b"9");
    assert!(!world.borrow().early_key_update);
}
