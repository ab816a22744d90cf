//! What the gateway shows of one order when it is asked for it alone.

use pay_core::model::{Amount, OrderId, PaymentStatus};
use pay_core::sale::Standing;
use pay_core::wire::decode;

use crate::book::{Back, SeenRefund};

/// What was read of an order; none of what was not asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) amount: Option<u64>,
    pub(crate) payments: Option<Payments>,
    /// All of them.
    pub(crate) refunds: Option<Vec<SeenRefund>>,
}

/// A list of payments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payments {
    list: Vec<Read>,
    /// It was read to its end: what is not in it is not there.
    is_whole: bool,
    /// Those that the gateway does not have by their numbers.
    missing: Vec<u64>,
}

/// A payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    id: u64,
    pub(crate) standing: Standing,
    /// In minor units; none where it is finer than those.
    pub(crate) amount: Option<u64>,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At<T> {
    /// It is there.
    There(T),
    /// It is not.
    Nowhere,
    /// No answer says.
    Unknown,
}

impl Payments {
    /// What a list has of this order.
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

    /// Takes over a payment that was asked for by its number.
    pub(crate) fn add(&mut self, one: Self) {
        self.list.extend(one.list);
    }

    /// The gateway has said that it does not have this one.
    pub(crate) fn lacks(&mut self, id: u64) {
        self.missing.push(id);
    }

    /// Nothing is known of it yet.
    pub(crate) fn is_silent_of(&self, id: u64) -> bool {
        matches!(self.payment(id), At::Unknown)
    }

    /// How a payment stands by the list.
    pub(crate) fn payment(&self, id: u64) -> At<Read> {
        match self.list.iter().find(|read| read.id == id) {
            Some(read) => At::There(*read),
            None if self.is_whole || self.missing.contains(&id) => At::Nowhere,
            None => At::Unknown,
        }
    }
}

impl Reading {
    /// A payment, if its list was read.
    pub(crate) fn payment(&self, id: u64) -> At<Read> {
        self.payments.as_ref().map_or(At::Unknown, |payments| payments.payment(id))
    }

    /// A refund, if they were: how much, and how it stands.
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

/// The amount of an order. `None`: the answer is about another, or cannot be read.
pub(crate) fn amount(order: &OrderId, body: &[u8]) -> Option<u64> {
    let mut body = body.to_vec();
    let read = decode::order(&mut body).ok()?;
    (read.order_id == order.as_str()).then(|| read.amount.minor())
}
