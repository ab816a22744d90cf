//! Sales that go well, and sales that are refused.

use std::thread;
use std::time::{Duration, Instant};

use sandbox::{Rules, SessionKeys};

use super::guest::Guest;
use super::proxy::{Proxy, Trouble};
use super::shop::{Shop, any_card, words};

/// The whole way: the backend makes the order, the gateway's QR is shown, the backend is asked until it is paid.
/// Mutant seen red: `Policy::session_only` in spite of the backend.
#[test]
fn pays_by_qr() {
    let shop = Shop::open(Some(500));
    let ended = Guest::start(&shop.order_at(shop.port(), "by-qr")).end().expect(0);
    assert_eq!(ended.events()[..4], ["sent", "status", "sent", "reply"], "{:#?}", ended.lines);
    assert!(ended.said(r#""shown","what":"image""#) && ended.said(r#""outcome":"paid""#), "{:#?}", ended.lines);
    assert_eq!(shop.charges("by-qr"), 1);
}

/// The backend holds its answers until the gateway's webhook comes. Meant to notice: a kiosk that asks in turn: eight times in this time, and
/// it hears of the payment seconds later.
#[test]
fn hears_of_its_payment_at_once() {
    let shop = Shop::open(None);
    let mut guest = Guest::start(&shop.order_at(shop.port(), "at-once"));
    guest.wait_for(r#""event":"shown""#);
    thread::sleep(Duration::from_secs(25));
    shop.pay("at-once");
    let since = Instant::now();
    guest.wait_for(r#""outcome":"paid""#);
    let time = since.elapsed();
    let ended = guest.end().expect(0);
    let asked = ended.events().iter().filter(|event| **event == "status").count();
    println!("paid to known: {time:?}, {asked} readings");
    assert!(time < Duration::from_millis(2_500) && asked <= 8, "{time:?}, {:#?}", ended.lines);
}

/// The kiosk draws the QR itself.
#[test]
fn pays_by_link() {
    let shop = Shop::open(Some(500));
    let words = [shop.order_at(shop.port(), "by-link"), words("--method upi-link")].concat();
    let ended = Guest::start(&words).end().expect(0);
    assert!(ended.said(r#""shown","what":"qr""#), "{:#?}", ended.lines);
    assert_eq!(shop.charges("by-link"), 1);
}

/// The order that the session belongs to costs something else than the shopper was told. Mutant seen red: the
/// amount not compared.
#[test]
fn does_not_show_a_link_for_another_amount() {
    let shop = Shop::open(None);
    let (mut session, _) = shop.session_at(shop.port(), "other-amount");
    for word in &mut session {
        *word = word.replace("10.15", "10.16");
    }
    let ended = Guest::start(&[session, words("--method upi-link")].concat()).end();
    assert_ne!(ended.code, 0);
    assert!(ended.said("does not ask for the amount") && !ended.said(r#""shown""#), "{:#?}", ended.lines);
}

/// With a wrong OTP first. Mutant seen red: as of `pays_by_qr`.
#[test]
fn pays_by_card() {
    let shop = Shop::open(None);
    let card = shop.card(any_card(), "123", &format!("99999999\n{}\n", sandbox::OTP));
    let ended = Guest::start(&[shop.order_at(shop.port(), "by-card"), card].concat()).end().expect(0);
    assert_eq!(ended.lines.iter().filter(|line| line.contains(r#""shown","what":"otp""#)).count(), 2);
    assert_eq!(shop.charges("by-card"), 1);
}

/// Three payments, one handshake, and for each exactly one record there and one request at the gateway, which takes the same key
/// for three here. Mutant seen red: `keep_alive_max` of zero.
#[test]
fn pays_again_on_the_kept_connection() {
    let shop = Shop::at_speed(1, Rules { session_keys: SessionKeys::Ignored, ..Rules::default() });
    let proxy = Proxy::start(shop.port(), Trouble::None);
    let (session, _) = shop.session_at(proxy.port, "again");
    let ended = Guest::start(&[session, words("--repeat 3")].concat()).end().expect(4);
    assert_eq!(ended.lines.iter().filter(|line| line.contains(r#""done""#)).count(), 3, "{:#?}", ended.lines);
    assert_eq!((proxy.connections(), proxy.records()), (1, 1 + 3));
    assert_eq!(shop.gateway.gateway().payments().len(), 3);
}

/// Without a way to ask nobody can say that an order whose session was handed in is not paid (D17): unknown, with the gateway's reason.
#[test]
fn says_that_it_was_refused() {
    let shop = Shop::open(None);
    let refused = "--session session_of_nobody --order-id refused --amount 10.15";
    let ended = Guest::start(&[shop.gateway_at(shop.port()), words(refused)].concat()).end().expect(3);
    let said = r#""status":400,"code":"payment_session_id_invalid""#;
    assert!(ended.lines.iter().any(|line| line.contains(said)), "{:#?}", ended.lines);
}

/// The backend's price list says no: no order, no payment.
#[test]
fn makes_no_order_that_the_backend_refuses() {
    let shop = Shop::open(None);
    let mut order = shop.order_at(shop.port(), "too-dear");
    for word in &mut order {
        *word = word.replace("10.15", "9999999");
    }
    let ended = Guest::start(&order).end();
    assert!(ended.code == 1 || ended.code == 2, "{:#?}", ended.lines);
    assert_eq!(shop.gateway.gateway().orders().count(), 0);
}
