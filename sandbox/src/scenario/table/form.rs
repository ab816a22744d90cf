//! Answers that are whole, and of an unusual form.

use crate::ground::wire::Place;
use crate::scenario::act::{Act, On, cut, each, first};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{LEAVES, Means};
use crate::scenario::table::row::{asks, ends, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-43",
        "an answer of 64 KiB",
        "the answer to Order Pay begins with a very long member; nobody saw the code, so the request is sent again",
        Means::UpiQrCode,
        &[first(On::Pay, Act::Spoil(edit::oversized))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-44",
        "orders of 64 KiB",
        "for half a minute every reading of the order is longer than the terminal's buffer",
        Means::Card,
        &[first(On::Order, Act::Rewrite(edit::oversized)).calls(1, 4)],
        asks(Expect::Paid),
    ),
    scenario(
        "SB-45",
        "a list of 64 KiB",
        "the answer to the payment is lost, and no list of payments ever fits the buffer; only the order can be read",
        Means::Card,
        &[first(On::Pay, cut(Place::Start)), each(On::List, Act::Rewrite(edit::far_away))],
        ends(Expect::PaidUnclear, Expect::Unknown),
    ),
    scenario(
        "SB-46",
        "a head of 24 KiB",
        "the answer to Order Pay has a header that is too long for any client; the card was charged",
        Means::Card,
        &[first(On::Pay, Act::HugeHeader(24 * 1024))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-47",
        "ids as numbers",
        "every cf_payment_id is a number of 19 digits",
        Means::Card,
        &[each(On::Any, Act::Edit(edit::number_ids))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-48",
        "unknown members",
        "every answer has extra members, some deeply nested, some that contain the names of known members",
        Means::UpiQrCode,
        &[each(On::Any, Act::Edit(edit::unknown_members))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-49",
        "escaped names",
        "the names of members are escaped",
        Means::Card,
        &[each(On::Any, Act::Rewrite(edit::escaped_names))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-50",
        "nulls",
        "every optional member is null",
        Means::UpiLink,
        &[each(On::Any, Act::Edit(edit::nulls))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-51",
        "a duplicate member",
        "the answer to Order Pay has two different cf_payment_ids",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::two_ids))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-52",
        "a surcharge",
        "the payment is larger than the order",
        Means::Card,
        &[each(On::Any, Act::Edit(edit::surcharge))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-53",
        "another method",
        "the answer to a card is about net banking",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::other_method))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-54",
        "no id",
        "the answer to Order Pay has null for cf_payment_id; the card was charged",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::no_id))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-55",
        "an unknown action",
        "the answer asks for an undocumented action; nobody pays",
        Means::UpiQrCode,
        &[first(On::Pay, Act::Edit(edit::unknown_action))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES),
    scenario(
        "SB-56",
        "times that run backwards",
        "every time in every answer is in 1971",
        Means::UpiQrCode,
        &[each(On::Any, Act::Edit(edit::old_times))],
        ends(Expect::Paid, Expect::Pending),
    ),
];
