//! Learning how an order stands.

use crate::ground::wire::{Break, Place};
use crate::scenario::act::{Act, LOST_BEFORE, On, SPENT, broken, cut, each, first, nth, page, refuse};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{LEAVES, Means, fails_after, pays_after, pays_while_closing};
use crate::scenario::table::row::{asks, ends, goes_back, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-57",
        "401 on the ask route",
        "the first three calls are refused",
        Means::UpiQrCode,
        &[first(On::Ask, refuse(401, "authentication_error", "request_failed")).calls(1, 3)],
        asks(Expect::Paid),
    ),
    scenario(
        "SB-58",
        "404 on the ask route",
        "the answer to the payment is lost, and the first three calls answer that the order does not exist",
        Means::Card,
        &[
            first(On::Pay, cut(Place::Start)),
            first(On::Ask, refuse(404, "invalid_request_error", "order_not_found")).calls(1, 3),
        ],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-59",
        "no answer any more",
        "after the payment the ask route answers with error pages only",
        Means::Card,
        &[each(On::Ask, page(502)), each(On::Terminate, page(502))],
        asks(Expect::StillAsking),
    ),
    scenario(
        "SB-60",
        "the ask route is throttled",
        "the first two calls get 429, then the minute's limit is used up",
        Means::UpiQrCode,
        &[
            first(On::Ask, Act::Throttle { retry_s: 11, executed: false, stored: false }).calls(1, 2),
            nth(3, On::Ask, SPENT),
        ],
        asks(Expect::Paid),
    ),
    scenario(
        "SB-61",
        "the ask route loses answers",
        "answers about the order are cut, reset and lost in turn",
        Means::UpiQrCode,
        &[
            first(On::Order, LOST_BEFORE),
            nth(2, On::Order, cut(Place::Head)),
            nth(3, On::Order, broken(Place::Body(40), Break::Reset)),
            nth(4, On::Order, Act::Spoil(edit::last_byte)),
        ],
        asks(Expect::Paid),
    ),
    scenario(
        "SB-62",
        "the attempt appears 10 s late",
        "the answer to the payment is lost, and the list is empty for ten seconds",
        Means::Card,
        &[first(On::Pay, cut(Place::Start)), each(On::List, Act::Hide { ms: 10_000 })],
        ends(Expect::Paid, Expect::Unknown),
    )
    .shopper(&[&[pays_after(25_000)]]),
    scenario(
        "SB-63",
        "the attempt appears 45 s late",
        "by then the terminal has concluded that it does not exist, and the shopper has paid again; both are charged",
        Means::Card,
        &[first(On::Pay, cut(Place::Start)), each(On::List, Act::Hide { ms: 45_000 })],
        goes_back(Some(Expect::Unknown)),
    )
    .tries(2)
    .shopper(&[&[pays_after(50_000)], &[pays_after(2_000)]]),
    scenario(
        "SB-64",
        "the order lags behind",
        "it reads as active for 20 seconds after it was paid",
        Means::Card,
        &[each(On::Order, Act::Lag { ms: 20_000 })],
        asks(Expect::Paid),
    ),
    scenario(
        "SB-65",
        "success, then pending again",
        "one reading shows the payment as succeeded and the next as pending; it succeeds later",
        Means::Card,
        &[first(On::Pay, cut(Place::Start)), first(On::List, Act::Edit(edit::early_success))],
        ends(Expect::Paid, Expect::Unknown),
    )
    .shopper(&[&[pays_after(40_000)]]),
    scenario(
        "SB-66",
        "a success that never was",
        "the first reading of the payment says success, which never happens",
        Means::Card,
        &[first(On::Payment, Act::Edit(edit::early_success))],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-67",
        "failed, then success",
        "a wrong reading shows the payment as failed; it succeeds while the order is being closed",
        Means::Card,
        &[first(On::Payment, Act::Edit(edit::early_failure))],
        goes_back(None),
    )
    .shopper(&[&[pays_while_closing(500)]]),
    scenario(
        "SB-68",
        "every payment is listed twice",
        "the answer is lost and the request is sent again; lists then contain each payment twice, which is no second charge",
        Means::UpiQrCode,
        &[first(On::Pay, cut(Place::Start)), each(On::List, Act::Edit(edit::twice))],
        asks(Expect::Paid),
    ),
    scenario(
        "SB-69",
        "an unknown payment status",
        "for a while the payment has an undocumented status",
        Means::Card,
        &[first(On::Payment, Act::Edit(edit::unknown_payment)).calls(1, 2)],
        asks(Expect::Paid),
    )
    .shopper(&[&[pays_after(30_000)]]),
    scenario(
        "SB-70",
        "an unknown order status",
        "PAID_PROVISIONALLY for a while; then the shopper leaves",
        Means::UpiQrCode,
        &[first(On::Order, Act::Edit(edit::unknown_order)).calls(1, 5)],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-71",
        "FLAGGED",
        "the payment is held back for a check, then succeeds",
        Means::Card,
        &[first(On::Payment, Act::Edit(edit::flagged)).calls(1, 2)],
        asks(Expect::Paid),
    )
    .shopper(&[&[pays_after(30_000)]]),
    scenario(
        "SB-72",
        "held, then released",
        "the money is held but not captured, for as long as the sale runs; then VOID",
        Means::Card,
        &[
            each(On::Payment, Act::Edit(edit::held)),
            first(On::List, Act::Edit(edit::held)).calls(1, 3),
            each(On::List, Act::Edit(edit::void)),
        ],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-73",
        "another order's answer",
        "two readings of the order return another order, which is paid; ours is not",
        Means::UpiQrCode,
        &[first(On::Order, Act::Edit(edit::other_order)).calls(1, 2)],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-74",
        "an order of another amount",
        "two readings return an order of 1.00 that is paid; ours is not",
        Means::UpiQrCode,
        &[first(On::Order, Act::Edit(edit::other_amount)).calls(1, 2)],
        asks(Expect::NotPaid),
    )
    .shopper(LEAVES),
    scenario(
        "SB-75",
        "another order's payments",
        "the answer is lost; two lists belong to another order, which is paid; ours fails",
        Means::Card,
        &[first(On::Pay, cut(Place::Start)), first(On::List, Act::Edit(edit::other_order)).calls(1, 2)],
        ends(Expect::NotPaid, Expect::Unknown),
    )
    .shopper(&[&[fails_after(2_000)]]),
    scenario(
        "SB-76",
        "another payment's answer",
        "two readings return another payment, which succeeded; ours fails",
        Means::Card,
        &[first(On::Payment, Act::Edit(edit::other_payment)).calls(1, 2)],
        asks(Expect::NotPaid),
    )
    .shopper(&[&[fails_after(20_000)]]),
    scenario(
        "SB-77",
        "a payment that is in no list",
        "the terminal knows the id of its payment, and no list ever contains it: nothing is certain",
        Means::Card,
        &[each(On::List, Act::Hide { ms: u64::MAX / 2 })],
        asks(Expect::StillAsking),
    )
    .shopper(LEAVES),
];
