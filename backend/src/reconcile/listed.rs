//! The contents of all pages, by order.

use std::collections::{BTreeMap, HashMap};

use pay_core::model::OrderId;
use pay_core::sale::Standing;

use super::page::{Booked, What};

/// The events of all pages.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    orders: HashMap<OrderId, Shown>,
}

/// What the pages show of one order. Most orders have one payment, so lists suffice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) amount: Option<u64>,
    pub(crate) payments: Vec<ShownPayment>,
    pub(crate) refunds: Vec<ShownRefund>,
    /// Disputes by their number, and whether each is closed.
    pub(crate) disputes: BTreeMap<String, bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShownPayment {
    pub(crate) id: u64,
    pub(crate) standing: Standing,
    pub(crate) amount: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownRefund {
    pub(crate) id: String,
    /// `None` if the pages show only its reversal.
    pub(crate) status: Option<String>,
    pub(crate) amount: Option<u64>,
    pub(crate) is_reversed: bool,
}

impl Listed {
    /// Adds an event; repeating one changes nothing.
    pub(crate) fn add(&mut self, booked: Booked) {
        let shown = self.orders.entry(booked.order).or_default();
        shown.amount = booked.order_amount.or(shown.amount);
        match booked.what {
            What::Payment { id, standing, amount } => {
                let payment = ShownPayment { id, standing, amount };
                match shown.payments.iter_mut().find(|other| other.id == id) {
                    // A payment can have several events, in any order. Once it took money, that counts.
                    Some(other) if other.standing == Standing::Succeeded => {}
                    Some(other) => *other = payment,
                    None => {
                        // Most orders have one payment; `push` alone would reserve room for four.
                        shown.payments.reserve_exact(1);
                        shown.payments.push(payment);
                    }
                }
            }
            What::Refund { id, status, amount } => {
                let refund = shown.refund(id);
                refund.amount = amount.or(refund.amount);
                if refund.status.as_deref() != Some("SUCCESS") {
                    refund.status = Some(status);
                }
            }
            What::Reversal { id } => shown.refund(id).is_reversed = true,
            What::Dispute { id, is_over } => *shown.disputes.entry(id).or_default() |= is_over,
        }
    }

    /// Takes what is shown of an order, and marks the order as compared.
    pub(crate) fn take(&mut self, order: &OrderId) -> Shown {
        self.orders.remove(order).unwrap_or_default()
    }

    /// The orders that were not compared yet, sorted by id.
    pub(crate) fn rest(self) -> Vec<(OrderId, Shown)> {
        let mut rest: Vec<_> = self.orders.into_iter().collect();
        rest.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        rest
    }
}

impl Shown {
    fn refund(&mut self, id: String) -> &mut ShownRefund {
        let place = self.refunds.iter().position(|other| other.id == id).unwrap_or_else(|| {
            self.refunds.push(ShownRefund { id, status: None, amount: None, is_reversed: false });
            self.refunds.len() - 1
        });
        &mut self.refunds[place]
    }

    pub(crate) fn payment(&self, id: u64) -> Option<&ShownPayment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// Whether the pages show a payment, a refund or a dispute.
    pub(crate) fn is_of_money(&self) -> bool {
        let came = self.payments.iter().any(|payment| payment.standing == Standing::Succeeded);
        came || !self.refunds.is_empty() || self.open_disputes().next().is_some()
    }

    pub(crate) fn open_disputes(&self) -> impl Iterator<Item = &str> {
        self.disputes.iter().filter(|(_, is_over)| !**is_over).map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(events: &[What]) -> Shown {
        let (mut listed, order) = (Listed::default(), OrderId::parse("till-1").unwrap());
        for what in events {
            listed.add(Booked { order: order.clone(), order_amount: None, what: what.clone() });
        }
        listed.take(&order)
    }

    // Meant to notice: a payment or a refund whose state depends on the order of its events; one that is shown twice counted twice.
    #[test]
    fn the_order_of_events_does_not_matter() {
        let payment = |standing, amount| What::Payment { id: 7, standing, amount: Some(amount) };
        let refund = |status: &str| What::Refund { id: "r_1".into(), status: status.into(), amount: Some(1015) };
        let reversal = What::Reversal { id: "r_1".into() };
        let dispute = |is_over| What::Dispute { id: "272".into(), is_over };
        let mut events = vec![
            payment(Standing::Moving, 0),
            payment(Standing::Succeeded, 1015),
            refund("PENDING"),
            refund("SUCCESS"),
            reversal,
            dispute(false),
            dispute(true),
        ];
        let want = shown(&events);
        assert_eq!(want.payments, [ShownPayment { id: 7, standing: Standing::Succeeded, amount: Some(1015) }]);
        assert_eq!(want.refunds.len(), 1);
        assert!(want.refunds[0].status.as_deref() == Some("SUCCESS") && want.refunds[0].is_reversed);
        assert_eq!(want.open_disputes().count(), 0);
        events.extend(events.clone());
        events.reverse();
        assert_eq!(shown(&events), want);
    }
}
