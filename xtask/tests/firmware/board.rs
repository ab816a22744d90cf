//! The board itself: its network, its way to say that something is wrong.

use core::net::Ipv4Addr;
use std::net::TcpListener;

use super::guest::{Guest, image, image_for, scratch};
use super::shop::{Shop, words};

/// A payment of the same program on a Cortex-M7, whose P-256 is not the assembly, and on a Cortex-M33 in its secure state.
/// Mutants seen red: the Ethernet controller where the Cortex-M4 has it, on each of the two.
#[test]
fn pays_on_other_machines() {
    for machine in ["mps2-an500", "mps2-an505"] {
        let shop = Shop::open(Some(500));
        let ended = Guest::start_image(&image_for(machine), &shop.order_at(shop.port(), machine), &[]).end().expect(0);
        assert!(ended.said(r#""outcome":"paid""#), "{machine}: {:#?}", ended.lines);
        assert_eq!(shop.charges(machine), 1);
    }
}

/// Mutant seen red: the address ignored (the guest then asks DHCP and gets 10.0.2.15).
#[test]
fn takes_a_fixed_address() {
    let shop = Shop::open(None);
    let (session, _) = shop.session_at(shop.port(), "fixed");
    let ended = Guest::start(&[session, words("--address 10.0.2.77/24 --figures")].concat()).end().expect(4);
    assert!(ended.said(r#""address":"10.0.2.77/24""#), "{:#?}", ended.lines);
}

/// Nobody listens: tried again for a while, then a local error, since nothing was sent.
#[test]
fn says_that_nothing_was_reached() {
    let shop = Shop::open(None);
    // Bound and closed again.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let (session, _) = shop.session_at(closed, "nobody");
    let ended = Guest::start(&[session, words("--patience 2")].concat()).end().expect(1);
    assert!(ended.said(r#""sent":false"#), "{:#?}", ended.lines);
}

/// Mutant seen red: a word that is not known passed over.
#[test]
fn refuses_a_command_line_that_it_does_not_know() {
    let ended = Guest::start_board(&image(), &words("--page /dev/null --conect 10.0.2.2:1"), &[]).end().expect(64);
    assert!(ended.said("unknown argument"), "{:#?}", ended.lines);
}

/// What a page may be instead of one is shown in `examples/kiosk/tests/page.rs`. Meant to notice: a board that sells without a config.
#[test]
fn refuses_a_page_of_the_form_that_went_before() {
    let page = scratch("old-page");
    std::fs::write(&page, b"kiosk/1\n\x05\0--a b").unwrap();
    let ended = Guest::start_board(&image(), &["--page".into(), page.display().to_string()], &[]).end();
    std::fs::remove_file(&page).unwrap();
    assert!(ended.expect(64).said("the page has a command line"));
}

/// By file and line, or by program counter where the compiler leaves the texts out. Mutant seen red: the message printed with
/// the place.
#[test]
fn a_panic_names_its_place_and_nothing_else() {
    let shop = Shop::open(None);
    let (session, _) = shop.session_at(shop.port(), "panic");
    let ended = Guest::start(&[session, words("--panic")].concat()).end().expect(101);
    let place = [r#"{"event":"panic","file":"src/program.rs","line":"#, r#"{"event":"fault","pc":"#];
    assert!(place.iter().any(|place| ended.said(place)), "{:#?}", ended.lines);
    assert!(!ended.said("as asked"));
}
