//! What a row of the tables is made of.

use crate::books::terms::Terms;
use crate::gateway::keys::SessionKeys;
use crate::scenario::act::Rule;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{Means, PAYS, Step};

/// A scenario of an order that is there, one attempt, a shopper who pays, and no keys' business.
pub(crate) const fn scenario(
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
        given: false,
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
    pub(crate) const fn tries(self, tries: u8) -> Self {
        Self { tries, ..self }
    }

    pub(crate) const fn creates(self) -> Self {
        Self { creates: true, ..self }
    }

    pub(crate) const fn given(self) -> Self {
        Self { given: true, ..self }
    }

    pub(crate) const fn switches(self) -> Self {
        Self { switches: true, tries: 2, ..self }
    }

    pub(crate) const fn stalls(self) -> Self {
        Self { stalls: true, ..self }
    }

    pub(crate) const fn shopper(self, shopper: &'static [&'static [Step]]) -> Self {
        Self { shopper, ..self }
    }

    pub(crate) const fn otps(self, otps: &'static [&'static str]) -> Self {
        Self { otps, ..self }
    }

    pub(crate) const fn rules(self, changes: fn(&mut Terms)) -> Self {
        Self { changes, ..self }
    }

    pub(crate) const fn keys(self, keys: SessionKeys) -> Self {
        Self { keys: Some(keys), ..self }
    }
}

/// The ends of a terminal that asks, and of one that cannot.
pub(crate) const fn ends(asks: Expect, blind: Expect) -> [Option<Expect>; 3] {
    [Some(asks), Some(asks), Some(blind)]
}

/// Nothing to a terminal that cannot ask.
pub(crate) const fn asks(end: Expect) -> [Option<Expect>; 3] {
    [Some(end), Some(end), None]
}

/// Money that must go back: a till with keys sends it, a kiosk says so.
pub(crate) const fn goes_back(blind: Option<Expect>) -> [Option<Expect>; 3] {
    [Some(Expect::Refunded), Some(Expect::RefundDue), blind]
}

/// Something that only a till with keys does.
pub(crate) const fn keys(end: Expect) -> [Option<Expect>; 3] {
    [Some(end), None, None]
}
