//! Money that goes back.

use std::collections::BTreeMap;

use pay_core::model::{CfPaymentId, OrderId, RefundId, RefundReason, RefundStatus};
use pay_core::sale::Millis;

use super::event::{Moment, SeenRefund};

/// Tries before a refund that is refused for certain is a person's matter.
const REFUSALS: u8 = 5;
/// The same for one whose answers say nothing.
const TRIES: u8 = 12;

/// A refund of an order, made by us or by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MadeRefund {
    pub(super) amount: u64,
    pub(super) back: Back,
    /// Made under the old rule, beside the first.
    pub(super) is_surplus: bool,
}

/// Where a refund stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // a forgotten arm costs someone money
pub enum Back {
    /// Tried, and no answer shows it.
    Tried {
        /// So often.
        tries: u8,
        /// Refused for certain so often.
        refusals: u8,
        /// Last.
        at: Moment,
    },
    /// `SUCCESS`, or a person has seen to it.
    Done,
    /// `INITIATED`, `PENDING` or `ONHOLD`: on its way.
    OnItsWay,
    /// Any other word.
    Stuck(String),
}

/// The refunds of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Refunds {
    made: BTreeMap<String, MadeRefund>,
    /// A refund was begun under the old rule: the first one keeps its id.
    pub(super) old: Option<RefundReason>,
    /// They were listed since the last payment succeeded.
    pub(super) listed: bool,
}

impl MadeRefund {
    /// Where it stands.
    pub const fn back(&self) -> &Back {
        &self.back
    }

    /// Minor units.
    pub const fn amount(&self) -> u64 {
        self.amount
    }

    /// It counts against what may go back: it went, may have gone, or is in a person's hands.
    const fn is_over(&self) -> bool {
        matches!(self.back, Back::Done | Back::OnItsWay | Back::Stuck(_))
    }

    const fn gives_back(&self) -> bool {
        matches!(self.back, Back::Done | Back::OnItsWay)
    }

    fn is_given_up(&self) -> bool {
        match self.back {
            Back::Tried { tries, refusals, .. } => tries >= TRIES || refusals >= REFUSALS,
            _ => false,
        }
    }
}

impl Back {
    /// What a word of the gateway means (an open set): only `SUCCESS`, `INITIATED`, `PENDING` and `ONHOLD` say that the money goes back.
    pub fn of(word: &str) -> Self {
        match RefundStatus::parse(word) {
            RefundStatus::Success => Self::Done,
            RefundStatus::Initiated | RefundStatus::Pending | RefundStatus::OnHold => Self::OnItsWay,
            _ => Self::Stuck(word.to_owned()),
        }
    }
}

impl Refunds {
    pub(super) fn made(&self) -> impl Iterator<Item = (&str, &MadeRefund)> {
        self.made.iter().map(|(id, refund)| (id.as_str(), refund))
    }

    /// Takes over what the gateway shows of a refund, if it is of this order. One that we asked for must have the amount that we
    /// asked for: another is not the refund that is owed.
    pub(super) fn see(&mut self, order: &OrderId, seen: &SeenRefund) {
        if !seen.order.is_empty() && seen.order != order.as_str() {
            return;
        }
        match self.made.get_mut(&seen.id) {
            Some(made) if made.amount != seen.amount => {}
            // A person has the last word.
            Some(made) if made.back == Back::Done && Back::of(&seen.status) == Back::OnItsWay => {}
            Some(made) => made.back = Back::of(&seen.status),
            None => {
                self.made.insert(
                    seen.id.clone(),
                    MadeRefund { amount: seen.amount, back: Back::of(&seen.status), is_surplus: false },
                );
            }
        }
    }

    /// A try is over, and no answer shows the refund.
    pub(super) fn failed(&mut self, id: &str, amount: u64, refused: bool, at: Moment) {
        let fresh = MadeRefund { amount, back: Back::Tried { tries: 0, refusals: 0, at }, is_surplus: false };
        let made = self.made.entry(id.to_owned()).or_insert(fresh);
        if let Back::Tried { tries, refusals, at: last } = &mut made.back {
            *tries = tries.saturating_add(1);
            *refusals = refusals.saturating_add(u8::from(refused));
            *last = at;
        }
    }

    /// A log of the first form says that this one was made.
    pub(super) fn made_before(&mut self, order: &OrderId, reason: RefundReason, n: u16, amount: u64) {
        let is_surplus = reason == RefundReason::Surplus;
        let id = RefundId::derive(order, reason, n).to_string();
        self.made.insert(id, MadeRefund { amount, back: Back::Done, is_surplus });
    }

    /// A person has sent this money back, or knows that it went.
    pub(super) fn settle(&mut self, id: &str) {
        if let Some(made) = self.made.get_mut(id) {
            made.back = Back::Done;
        }
    }

    /// The refund of this payment: its id, and when it may be tried next. `None`: it is made, or a person's matter.
    pub(super) fn due(
        &self,
        order: &OrderId,
        payment: u64,
        is_first: bool,
        first_pause: u64,
    ) -> Option<(RefundId, Millis)> {
        let id = match self.old.filter(|_| is_first) {
            Some(reason) => RefundId::derive(order, reason, 0),
            None => RefundId::of_payment(order, CfPaymentId::new(payment)),
        };
        match self.made.get(id.as_str()) {
            None => Some((id, Millis(0))),
            Some(made) if made.is_given_up() || made.is_over() => None,
            Some(MadeRefund { back: Back::Tried { tries, at, .. }, .. }) => {
                let pause =
                    first_pause.saturating_mul(1 << u32::from((*tries).min(16))).min(super::settle::PAUSE_MAX_MS);
                Some((id, Millis(at.0.saturating_add(pause))))
            }
            Some(_) => None,
        }
    }

    /// Minor units that went back, may have gone back, or are in a person's hands.
    pub(super) fn sum(&self) -> u64 {
        let counts = self.made.values().filter(|refund| refund.is_over() || refund.is_given_up());
        counts.map(|refund| refund.amount).fold(0, u64::saturating_add)
    }

    /// Minor units that the gateway has sent back by itself.
    pub(super) fn sum_by_gateway(&self) -> u64 {
        let by_gateway =
            self.made.iter().filter(|(id, made)| id.starts_with(SeenRefund::BY_GATEWAY) && made.gives_back());
        by_gateway.map(|(_, made)| made.amount).fold(0, u64::saturating_add)
    }

    /// Moves the times of all tries.
    #[cfg(feature = "explore")]
    pub(super) fn rebase(&mut self, back: impl Fn(Moment) -> Moment) {
        for made in self.made.values_mut() {
            if let Back::Tried { at, .. } = &mut made.back {
                *at = back(*at);
            }
        }
    }

    /// Some are still on their way, and may end otherwise.
    pub(super) fn are_moving(&self) -> bool {
        self.moving().next().is_some()
    }

    /// Those that are.
    pub(super) fn moving(&self) -> impl Iterator<Item = &str> {
        self.made.iter().filter(|(_, refund)| refund.back == Back::OnItsWay).map(|(id, _)| id.as_str())
    }

    /// Those that a person must see to: id and word.
    pub(super) fn stuck(&self) -> impl Iterator<Item = (&str, &str)> {
        self.made.iter().filter_map(|(id, refund)| match &refund.back {
            Back::Stuck(word) => Some((id.as_str(), word.as_str())),
            Back::Tried { .. } if refund.is_given_up() => Some((id.as_str(), "")),
            _ => None,
        })
    }
}
