//! The scenarios themselves, by what they are about.

mod approval;
mod asking;
mod cut;
mod form;
mod order;
mod otp;
mod pay;
mod refund;
mod settling;
mod stranger;

use super::{
    Expect, Means, Scenario,
    act::Rule,
    shopper::{PAYS, Step},
};
use crate::rules::{Rules, SessionKeys};

const PARTS: [&[Scenario]; 10] = [
    pay::TABLE,
    cut::TABLE,
    form::TABLE,
    asking::TABLE,
    approval::TABLE,
    order::TABLE,
    otp::TABLE,
    refund::TABLE,
    settling::TABLE,
    stranger::TABLE,
];

pub(super) const ALL: &[Scenario] = &gather::<{ count() }>();

/// A scenario of an order that is there, one attempt, a shopper who pays, and no keys' business.
const fn scenario(
    id: &'static str,
    name: &'static str,
    does: &'static str,
    means: Means,
    rules: &'static [Rule],
    ends: [Option<Expect>; 3],
) -> Scenario {
    Scenario {
        id,
        name,
        does,
        means,
        creates: false,
        tries: 1,
        switches: false,
        otps: &[],
        stalls: false,
        ends,
        keys: None,
        changes: |_| {},
        rules,
        shopper: PAYS,
    }
}

impl Scenario {
    const fn tries(self, tries: u8) -> Self {
        Self { tries, ..self }
    }

    const fn creates(self) -> Self {
        Self { creates: true, ..self }
    }

    const fn switches(self) -> Self {
        Self { switches: true, tries: 2, ..self }
    }

    const fn stalls(self) -> Self {
        Self { stalls: true, ..self }
    }

    const fn shopper(self, shopper: &'static [&'static [Step]]) -> Self {
        Self { shopper, ..self }
    }

    const fn otps(self, otps: &'static [&'static str]) -> Self {
        Self { otps, ..self }
    }

    const fn rules(self, changes: fn(&mut Rules)) -> Self {
        Self { changes, ..self }
    }

    const fn keys(self, keys: SessionKeys) -> Self {
        Self { keys: Some(keys), ..self }
    }
}

/// The ends of a terminal that asks, and of one that cannot.
const fn ends(asks: Expect, blind: Expect) -> [Option<Expect>; 3] {
    [Some(asks), Some(asks), Some(blind)]
}

/// Nothing to a terminal that cannot ask.
const fn asks(end: Expect) -> [Option<Expect>; 3] {
    [Some(end), Some(end), None]
}

/// Money that must go back: a till with keys sends it, a kiosk says so.
const fn goes_back(blind: Option<Expect>) -> [Option<Expect>; 3] {
    [Some(Expect::Refunded), Some(Expect::RefundDue), blind]
}

/// What a terminal must make of it is not entered yet: the gateway's side is played and tested.
const OPEN: [Option<Expect>; 3] = [None; 3];

/// Something that only a till with keys does.
const fn keys(end: Expect) -> [Option<Expect>; 3] {
    [Some(end), None, None]
}

const fn count() -> usize {
    let (mut part, mut sum) = (0, 0);
    while part < PARTS.len() {
        sum += PARTS[part].len();
        part += 1;
    }
    sum
}

const fn gather<const N: usize>() -> [Scenario; N] {
    let mut all = [PARTS[0][0]; N];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut row = 0;
        while row < PARTS[part].len() {
            all[at] = PARTS[part][row];
            at += 1;
            row += 1;
        }
        part += 1;
    }
    all
}
