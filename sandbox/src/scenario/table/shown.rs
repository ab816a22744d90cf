//! What a link asks of the shopper's app.

use crate::scenario::act::{Act, On, first};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{LEAVES, Means};
use crate::scenario::table::row::{ends, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-151",
        "a link for another amount",
        "the UPI link asks for 99.00; a terminal must not show it, so nobody pays",
        Means::UpiLink,
        &[first(On::Pay, Act::Edit(edit::link_over_more))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES),
    scenario(
        "SB-152",
        "a link in another currency",
        "the UPI link asks for dollars; a terminal must not show it, so nobody pays",
        Means::UpiLink,
        &[first(On::Pay, Act::Edit(edit::link_in_dollars))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES),
    scenario(
        "SB-153",
        "a link without an amount",
        "the UPI link leaves the amount to the shopper; a terminal must not show it, so nobody pays",
        Means::UpiLink,
        &[first(On::Pay, Act::Edit(edit::link_without_amount))],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES),
];
