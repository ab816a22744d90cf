//! What the gateway answers about one order alone.

use pay_core::model::{Amount, OrderId, PaymentStatus};
use pay_core::sale::Standing;
use pay_core::wire::decode;

use crate::book::{Back, SeenRefund};

/// What was read of an order; `None` for what was not requested.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) amount: Option<u64>,
    pub(crate) payments: Option<Payments>,
    /// The complete list of refunds.
    pub(crate) refunds: Option<Vec<SeenRefund>>,
}

/// A list of payments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payments {
    list: Vec<Read>,
    /// The list is complete: what is not in it does not exist.
    is_whole: bool,
    /// Payments that the gateway does not have, by their numbers.
    missing: Vec<u64>,
}

/// A payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    id: u64,
    pub(crate) standing: Standing,
    /// In minor units; `None` if it is finer than minor units.
    pub(crate) amount: Option<u64>,
}

/// Whether something exists at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At<T> {
    /// It exists.
    There(T),
    /// It does not exist.
    Nowhere,
    /// No answer tells.
    Unknown,
}

impl Payments {
    /// Takes this order's payments from a list.
    pub(crate) fn of_list(order: &OrderId, body: &[u8]) -> Self {
        let mut statuses = body.to_vec();
        let mut statuses = decode::statuses(&mut statuses);
        let (mut list, mut is_whole) = (Vec::new(), true);
        loop {
            match statuses.next() {
                Ok(Some(payment)) if payment.order_id.is_empty() || payment.order_id == order.as_str() => {
                    let standing = Standing::of(PaymentStatus::parse(payment.status.as_str()), payment.is_captured);
                    let amount = payment.amount.map(Amount::minor);
                    list.push(Read { id: payment.cf_payment_id.get(), standing, amount });
                }
                Ok(None) => break,
                Ok(Some(_)) | Err(_) => is_whole = false,
            }
        }
        is_whole &= statuses.is_whole();
        Self { list, is_whole, missing: Vec::new() }
    }

    /// Adds a payment that was read by its number.
    pub(crate) fn add(&mut self, one: Self) {
        self.list.extend(one.list);
    }

    /// Notes that the gateway does not have this payment.
    pub(crate) fn lacks(&mut self, id: u64) {
        self.missing.push(id);
    }

    /// Whether nothing is known about this payment yet.
    pub(crate) fn is_silent_of(&self, id: u64) -> bool {
        matches!(self.payment(id), At::Unknown)
    }

    /// The state of a payment by the list.
    pub(crate) fn payment(&self, id: u64) -> At<Read> {
        match self.list.iter().find(|read| read.id == id) {
            Some(read) => At::There(*read),
            None if self.is_whole || self.missing.contains(&id) => At::Nowhere,
            None => At::Unknown,
        }
    }
}

impl Reading {
    /// The state of a payment, if the list was read.
    pub(crate) fn payment(&self, id: u64) -> At<Read> {
        self.payments.as_ref().map_or(At::Unknown, |payments| payments.payment(id))
    }

    /// Amount and state of a refund, if the refunds were read.
    pub(crate) fn refund(&self, id: &str) -> At<(u64, Back)> {
        match &self.refunds {
            None => At::Unknown,
            Some(list) => match list.iter().find(|refund| refund.id == id) {
                Some(refund) => At::There((refund.amount, Back::of(&refund.status))),
                None => At::Nowhere,
            },
        }
    }
}

/// The order's amount. `None`: the answer is about another order, or cannot be read.
pub(crate) fn amount(order: &OrderId, body: &[u8]) -> Option<u64> {
    let mut body = body.to_vec();
    let read = decode::order(&mut body).ok()?;
    (read.order_id == order.as_str()).then(|| read.amount.minor())
}
