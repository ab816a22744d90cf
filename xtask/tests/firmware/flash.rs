//! What a kiosk does with the sales that its flash remembers.

use super::chip::Chip;
use super::guest::Guest;
use super::shop::{Shop, words};

/// Killed while the shopper pays. What the journal kept is asked for; nobody stands there any more, so the goods stay and the
/// money goes back. Mutant seen red: the journal's `store` does nothing.
#[test]
fn a_killed_sale_is_settled_after_the_start() {
    let (shop, chip) = (Shop::open(None), Chip::blank());
    let mut guest = Guest::start(&[shop.order_at(shop.port(), "killed"), chip.words()].concat());
    guest.wait_for(r#""shown","what":"image""#);
    guest.kill();
    assert_eq!(chip.record("killed").map(|record| record.attempt_count()), Some(1));
    shop.pay("killed");
    let ended = Guest::start(&[shop.resume_at(shop.port()), chip.words()].concat()).end().expect(0);
    let settled = r#""settled","order_id":"killed","outcome":"refund due","release":"returned","open":false"#;
    assert!(ended.said(settled), "{:#?}", ended.lines);
    assert!(!ended.said("OrderPay"), "{:#?}", ended.lines);
    assert_eq!(chip.goods("killed"), 0);
}

/// The same order again, as by somebody who types the command once more: it goes on, and nothing that pays is sent again.
/// Mutant seen red: the journal not asked for the order before the sale.
#[test]
fn an_order_of_the_journal_is_not_paid_anew() {
    let (shop, chip) = (Shop::open(None), Chip::blank());
    let order = [shop.order_at(shop.port(), "again"), chip.words()].concat();
    let mut guest = Guest::start(&order);
    guest.wait_for(r#""shown","what":"image""#);
    guest.kill();
    shop.pay("again");
    let ended = Guest::start(&order).end().expect(0);
    assert!(!ended.said("OrderPay") && !ended.said("CreateOrder"), "{:#?}", ended.lines);
    assert_eq!(chip.goods("again"), 1);
    assert_eq!(shop.gateway.gateway().payments().len(), 1);
}

/// One unsettled sale is allowed, so another is not begun; without the limit it is, beside the first. Mutants seen red: the
/// limits not looked at; records without the time of their sale.
#[test]
fn limits_stand_against_a_new_sale() {
    let (shop, chip) = (Shop::open(None), Chip::blank());
    // Too little to learn how the first sale ended.
    let order =
        |id, more: &str| [shop.order_at(shop.port(), id), chip.words(), words("--patience 2"), words(more)].concat();
    let mut guest = Guest::start(&order("first", ""));
    guest.wait_for(r#""shown","what":"image""#);
    guest.kill();
    // Ages are whole seconds: on a fast machine the second sale would begin in the first one's.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    for limit in ["--max-open 1", "--max-total 20.29", "--max-age 0"] {
        let ended = Guest::start(&order("second", limit)).end().expect(1);
        assert!(ended.said("no new sale: "), "{limit}: {:#?}", ended.lines);
        assert_eq!(chip.record("second"), None, "{limit}");
    }
    let mut guest = Guest::start(&order("second", "--max-open 2 --max-total 20.30"));
    guest.wait_for(r#""shown","what":"image""#);
    assert_eq!(shop.gateway.gateway().payments().len(), 2);
}

/// Neither blank nor a journal: an error, not an empty journal, and the flash stays as it is. Mutant seen red: formatted whatever
/// the journal says.
#[test]
fn a_flash_of_something_else_stops_the_kiosk() {
    let (shop, chip) = (Shop::open(None), Chip::with(&[0x5A; 9 * 4096]));
    let order = [shop.order_at(shop.port(), "foreign"), chip.words(), words("--patience 2")].concat();
    let ended = Guest::start(&order).end().expect(1);
    assert!(ended.said("--flash: ") && !ended.said(r#""sent""#), "{:#?}", ended.lines);
    assert_eq!(chip.content(), [0x5A; 9 * 4096]);
}
