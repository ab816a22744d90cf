//! The way to the gateway is troubled while money moves.

use super::guest::Guest;
use super::proxy::{Proxy, Trouble};
use super::shop::{Shop, any_card};

/// The cable goes while the gateway's answer is awaited: first unknown, then, the cable back, the truth.
#[test]
fn a_pulled_cable_leads_to_the_truth() {
    let shop = Shop::open(Some(500));
    let proxy = Proxy::start(shop.port(), Trouble::Hold);
    let mut guest = Guest::start(&shop.order_at(proxy.port, "cable"));
    proxy.wait_for_request();
    guest.monitor(&["set_link n0 off"]);
    guest.wait_for(r#""failed","call":"OrderPay","sent":true"#);
    guest.monitor(&["set_link n0 on"]);
    guest.end().expect(0);
    assert_eq!(shop.charges("cable"), 1);
}

/// Nobody to ask: it stays unknown, and a card is not sent twice.
#[test]
fn a_pulled_cable_without_a_backend_stays_unknown() {
    let shop = Shop::open(Some(0));
    let proxy = Proxy::start(shop.port(), Trouble::Hold);
    let (session, _) = shop.session_at(proxy.port, "cable");
    let guest = Guest::start(&[session, shop.card(any_card(), "123", "")].concat());
    proxy.wait_for_request();
    guest.monitor(&["set_link n0 off"]);
    guest.end().expect(3);
    assert_eq!(shop.gateway.gateway().payments().len(), 1);
}

#[test]
fn a_reset_in_the_answer_leads_to_the_truth() {
    let shop = Shop::open(Some(500));
    let proxy = Proxy::start(shop.port(), Trouble::Reset);
    let ended = Guest::start(&shop.order_at(proxy.port, "reset")).end().expect(0);
    assert!(ended.said(r#""failed","call":"OrderPay","sent":true"#), "{:#?}", ended.lines);
    assert_eq!(shop.charges("reset"), 1);
}

#[test]
fn takes_an_answer_byte_by_byte() {
    let shop = Shop::open(Some(500));
    let proxy = Proxy::start(shop.port(), Trouble::Drip);
    let ended = Guest::start(&shop.order_at(proxy.port, "drip")).end().expect(0);
    assert!(ended.said(r#""shown","what":"image""#), "{:#?}", ended.lines);
    assert_eq!(shop.charges("drip"), 1);
}
