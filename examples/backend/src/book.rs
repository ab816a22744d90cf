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
    /// There is nothing left to do: it ended unpaid, or the refund is made.
    Over,
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
}

/// What the backend owes to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Look until it is paid or ended; and close it, if so.
    Watch { close: bool },
    /// Give the money back.
    Refund(RefundReason),
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
        }
        Some(())
    }
}

impl Entry {
    pub(crate) fn duty(&self) -> Option<Duty> {
        match (self.refund, self.released) {
            _ if self.over => None,
            (Some(reason), _) => Some(Duty::Refund(reason)),
            (None, Some(true)) => None,
            (None, released) => {
                (self.closing || released == Some(false)).then_some(Duty::Watch { close: self.closing })
            }
        }
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
        assert_eq!(after(&[What::Closing, What::RefundDue { late: true }, What::Over, KEPT]).duty(), None);
    }
}
