//! Answers that do not arrive, or not whole.

use crate::ground::wire::{Break, Place};
use crate::scenario::act::{Act, LOST_BEFORE, On, broken, cut, first};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::Means;
use crate::scenario::table::row::{ends, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-28",
        "lost before the charge",
        "the connection ends; the gateway has executed nothing",
        Means::Card,
        &[first(On::Pay, LOST_BEFORE)],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-29",
        "lost after the charge",
        "the card is charged; the connection ends before the first byte of the answer",
        Means::Card,
        &[first(On::Pay, cut(Place::Start))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-30",
        "cut in the head",
        "the connection ends in the headers of the answer",
        Means::Card,
        &[first(On::Pay, cut(Place::Head))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-31",
        "cut between head and body",
        "the complete head arrives, and nothing after it",
        Means::Card,
        &[first(On::Pay, cut(Place::Body(0)))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-32",
        "cut in the body",
        "the connection ends 40 bytes into the body",
        Means::Card,
        &[first(On::Pay, cut(Place::Body(40)))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-33",
        "the last byte is missing",
        "the connection ends one byte before the end",
        Means::Card,
        &[first(On::Pay, cut(Place::LastByte))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-34",
        "reset in the body",
        "the connection is reset 40 bytes into the body",
        Means::Card,
        &[first(On::Pay, broken(Place::Body(40), Break::Reset))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-35",
        "stalled before the answer",
        "the card is charged and no answer ever comes",
        Means::Card,
        &[first(On::Pay, broken(Place::Start, Break::Stall))],
        ends(Expect::Paid, Expect::Unknown),
    )
    .stalls(),
    scenario(
        "SB-36",
        "stalled in the body",
        "the answer stops 40 bytes into the body",
        Means::Card,
        &[first(On::Pay, broken(Place::Body(40), Break::Stall))],
        ends(Expect::Paid, Expect::Unknown),
    )
    .stalls(),
    scenario(
        "SB-37",
        "shortened in a name",
        "a proxy truncates the body and corrects Content-Length: the body ends in a member's name",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::in_name))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-38",
        "shortened in a string",
        "the same, in the payment's id",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::in_string))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-39",
        "shortened in a number",
        "the same, in an amount after every member that matters",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::in_number))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-40",
        "shortened in an escape",
        "the same, in the middle of an escaped character; nobody saw the link, so the request is sent again",
        Means::UpiLink,
        &[first(On::Pay, Act::Spoil(edit::in_escape))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-41",
        "shortened by one byte",
        "the same, without the last brace",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::last_byte))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-42",
        "an empty 200",
        "200 and no body; the card was charged",
        Means::Card,
        &[first(On::Pay, Act::Spoil(edit::empty))],
        ends(Expect::Paid, Expect::Unknown),
    ),
];
