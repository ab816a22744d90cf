//! What is known of each order, and what is owed for it. No I/O, no clock: events in, duties out.

use std::collections::BTreeMap;

use pay_core::model::{Amount, OrderId, RefundReason};
use serde::{Deserialize, Serialize};

use crate::token::Owner;

/// Something that happened to an order, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) order: String,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum What {
    /// A device wants it; the gateway is about to be asked. The amount is in minor units.
    Wanted { owner: String, amount: u64 },
    /// The gateway has it, and it is ours.
    Made,
    /// The device wants it closed.
    Closing,
    /// The device says whether the goods are out.
    Reported { released: bool },
    /// The money must go back.
    RefundDue { late: bool },
    /// There is nothing left to do about the first payment: the order ended unpaid, or the refund is made.
    Over,
    /// So many payments came beyond the first.
    Surplus { count: u16 },
    /// The next of them went back.
    SurplusBack,
    /// No more of them can come.
    Counted,
}

/// An order.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) owner: Owner,
    pub(crate) amount: Amount,
    /// The gateway has it, and it is ours.
    pub(crate) made: bool,
    pub(crate) closing: bool,
    pub(crate) released: Option<bool>,
    /// Decided once, never changed: the reason is a part of the refund's id.
    pub(crate) refund: Option<RefundReason>,
    over: bool,
    /// Payments beyond the first, and how many of them went back.
    surplus: u16,
    surplus_back: u16,
    counted: bool,
}

/// What the backend owes to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Look until it is paid or ended; and close it, if so.
    Watch { close: bool },
    /// Give the money back; the number tells several refunds for one reason apart.
    Refund(RefundReason, u16),
    /// Look whether it was paid more than once.
    Count,
}

/// What a look at the gateway showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It can still be paid.
    Open,
    /// It is paid.
    Paid,
    /// It cannot be paid any more; `paid`: money was taken for it all the same.
    Ended { paid: bool },
}

/// A report that goes against an earlier one, or against a refund that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction;

/// All orders.
#[derive(Default)]
pub(crate) struct Book(BTreeMap<String, Entry>);

impl Book {
    pub(crate) fn entry(&self, order: &str) -> Option<&Entry> {
        self.0.get(order)
    }

    /// Orders with a duty.
    pub(crate) fn duties(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, entry)| entry.duty().is_some()).map(|(order, _)| order.as_str())
    }

    /// Writes an event in; `None` if it fits nothing here, so that the file it comes from is not ours.
    pub(crate) fn apply(&mut self, event: &Event) -> Option<()> {
        if let What::Wanted { owner, amount } = &event.what {
            OrderId::parse(&event.order).ok()?;
            let entry = Entry {
                owner: Owner::parse(owner)?,
                amount: Amount::from_minor(*amount).ok()?,
                made: false,
                closing: false,
                released: None,
                refund: None,
                over: false,
                surplus: 0,
                surplus_back: 0,
                counted: false,
            };
            return self.0.insert(event.order.clone(), entry).is_none().then_some(());
        }
        let entry = self.0.get_mut(&event.order)?;
        match event.what {
            What::Wanted { .. } => return None,
            What::Made => entry.made = true,
            What::Closing => entry.closing = true,
            What::Reported { released } => {
                entry.released = Some(released);
                // The device may know of money that came after we stopped looking.
                entry.over &= released || entry.refund.is_some();
            }
            What::RefundDue { late } => {
                entry.refund = Some(if late { RefundReason::LateSuccess } else { RefundReason::NotReleased });
            }
            What::Over => entry.over = true,
            What::Surplus { count } => entry.surplus = entry.surplus.max(count),
            What::SurplusBack => entry.surplus_back = entry.surplus_back.saturating_add(1),
            What::Counted => entry.counted = true,
        }
        Some(())
    }
}

impl Entry {
    pub(crate) fn duty(&self) -> Option<Duty> {
        match (self.refund, self.released) {
            (Some(reason), _) if !self.over => Some(Duty::Refund(reason, 0)),
            // The first payment is settled: it stays, or it went back.
            (Some(_), _) | (None, Some(true)) => {
                let more = self.surplus > self.surplus_back;
                let back = more.then_some(Duty::Refund(RefundReason::Surplus, self.surplus_back));
                back.or_else(|| (!self.counted).then_some(Duty::Count))
            }
            _ if self.over => None,
            (None, released) => {
                (self.closing || released == Some(false)).then_some(Duty::Watch { close: self.closing })
            }
        }
    }

    /// What follows from a look at its payments: how many took money, and whether more can come.
    pub(crate) fn count(&self, successes: usize, more_may_come: bool) -> Option<What> {
        let count = u16::try_from(successes.saturating_sub(1)).unwrap_or(u16::MAX);
        if self.duty() != Some(Duty::Count) {
            return None;
        }
        if count > self.surplus {
            return Some(What::Surplus { count });
        }
        (!more_may_come).then_some(What::Counted)
    }

    /// What follows from a look at an order that is watched.
    pub(crate) fn look(&self, seen: Seen) -> Option<What> {
        let Some(Duty::Watch { .. }) = self.duty() else { return None };
        match seen {
            Seen::Open => None,
            Seen::Paid | Seen::Ended { paid: true } => Some(What::RefundDue { late: self.closing }),
            Seen::Ended { paid: false } => Some(What::Over),
        }
    }

    /// What follows from a report: the first one stands, and goods are not reported out once their refund is decided.
    pub(crate) fn report(&self, released: bool) -> Result<Option<What>, Contradiction> {
        match self.released {
            Some(before) if before == released => Ok(None),
            Some(_) => Err(Contradiction),
            None if released && self.refund.is_some() => Err(Contradiction),
            None => Ok(Some(What::Reported { released })),
        }
    }

    /// What follows from the wish to close it: not once the goods are out.
    pub(crate) fn close(&self) -> Result<Option<What>, Contradiction> {
        match self.released {
            Some(true) => Err(Contradiction),
            _ => Ok((!self.closing).then_some(What::Closing)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(whats: &[What]) -> Entry {
        let mut book = Book::default();
        let first = What::Wanted { owner: "00".repeat(32), amount: 1015 };
        for what in core::iter::once(&first).chain(whats) {
            book.apply(&Event { order: "abc".into(), what: what.clone() }).unwrap();
        }
        book.entry("abc").unwrap().clone()
    }

    const OUT: What = What::Reported { released: true };
    const KEPT: What = What::Reported { released: false };

    // Mutants: `Ended { paid: false }` read as a refund gives money back that never came; `self.closing ||` left out
    // keeps the money that came after the sale was closed.
    #[test]
    fn money_goes_back_only_when_it_came_and_the_goods_did_not_go() {
        for (whats, seen, want) in [
            (vec![], Seen::Paid, None),
            (vec![OUT], Seen::Paid, None),
            (vec![What::Closing, OUT], Seen::Paid, None),
            (vec![KEPT], Seen::Open, None),
            (vec![KEPT], Seen::Paid, Some(What::RefundDue { late: false })),
            (vec![What::Closing], Seen::Paid, Some(What::RefundDue { late: true })),
            (vec![What::Closing, KEPT], Seen::Paid, Some(What::RefundDue { late: true })),
            (vec![What::Closing], Seen::Ended { paid: false }, Some(What::Over)),
            (vec![What::Closing], Seen::Ended { paid: true }, Some(What::RefundDue { late: true })),
        ] {
            assert_eq!(after(&whats).look(seen), want, "{whats:?} {seen:?}");
        }
    }

    // Mutant: `look` without its guard decides a second refund, under another reason and so another id.
    #[test]
    fn a_refund_is_decided_once() {
        let due = What::RefundDue { late: false };
        for whats in [vec![KEPT, due.clone()], vec![KEPT, due.clone(), What::Closing], vec![KEPT, due, What::Over]] {
            let entry = after(&whats);
            assert_eq!(entry.look(Seen::Paid), None);
            assert_eq!(entry.refund, Some(RefundReason::NotReleased));
            assert_eq!(entry.report(false), Ok(None));
        }
    }

    // Mutants: `entry.over &= …` left out forgets a report that comes after an unpaid end; without its `refund.is_some()`
    // a report after the refund makes it due again.
    #[test]
    fn the_first_report_stands() {
        assert_eq!(after(&[OUT]).report(false), Err(Contradiction));
        assert_eq!(after(&[KEPT]).report(true), Err(Contradiction));
        assert_eq!(after(&[What::Closing, What::RefundDue { late: true }]).report(true), Err(Contradiction));
        assert_eq!(after(&[OUT]).close(), Err(Contradiction));
        assert_eq!(after(&[What::Closing, What::Over]).duty(), None);
        assert_eq!(after(&[What::Closing, What::Over, KEPT]).duty(), Some(Duty::Watch { close: true }));
        let back = [What::Closing, What::RefundDue { late: true }, What::Over, KEPT];
        assert_eq!(after(&back).duty(), Some(Duty::Count), "the first payment is settled");
    }

    // Mutants: `entry.surplus = count` for the larger of both, so that a list that lost a payment takes a duty back;
    // `surplus_back` not counted refunds the same one for ever; `Counted` as soon as one was counted, so that a third
    // payment is missed.
    #[test]
    fn what_came_twice_goes_back_once() {
        let (two, three) = (What::Surplus { count: 1 }, What::Surplus { count: 2 });
        for first in [vec![OUT], vec![KEPT, What::RefundDue { late: false }, What::Over]] {
            let and = |more: &[What]| after(&[first.as_slice(), more].concat());
            assert_eq!(and(&[]).duty(), Some(Duty::Count));
            assert_eq!(and(&[]).count(1, true), None);
            assert_eq!(and(&[]).count(2, true), Some(two.clone()));
            let surplus = |n| Some(Duty::Refund(RefundReason::Surplus, n));
            assert_eq!(and(core::slice::from_ref(&two)).duty(), surplus(0));
            assert_eq!(and(core::slice::from_ref(&two)).count(3, false), None, "one thing at a time");
            assert_eq!(and(&[two.clone(), What::SurplusBack]).duty(), Some(Duty::Count));
            assert_eq!(and(&[two.clone(), What::SurplusBack]).count(3, false), Some(three.clone()));
            assert_eq!(and(&[two.clone(), What::SurplusBack, three.clone()]).duty(), surplus(1));
            assert_eq!(and(&[three.clone(), two.clone(), What::SurplusBack]).duty(), surplus(1));
            let all = [three.clone(), What::SurplusBack, What::SurplusBack];
            assert_eq!(and(&all).count(3, false), Some(What::Counted));
            assert_eq!(and(&[&all[..], &[What::Counted]].concat()).duty(), None);
        }
        assert_eq!(after(&[KEPT]).count(2, false), None, "the first payment is not settled yet");
    }
}
