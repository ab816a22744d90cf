//! What must hold, said once: over facts of the gateway's books, of the goods and of what was told, never over what a sale
//! believes.

/// Who made a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// This till.
    Till(u8),
    /// This till, with a journal that it has lost since.
    Lost(u8),
    /// Somebody else.
    Stranger,
}

/// A payment in the gateway's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    /// Its number.
    pub id: u64,
    /// Who made it.
    pub payer: Payer,
    /// It took the money.
    pub succeeded: bool,
    /// It may still take the money.
    pub may_succeed: bool,
    /// Its money went back.
    pub refunded: bool,
}

/// One order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Order {
    /// Its payments.
    pub payments: Vec<Payment>,
    /// For which payment goods went out, and where that is not known, 0.
    pub goods: Vec<u64>,
    /// Requests to pay that are still on their way and would be taken.
    pub on_their_way: Vec<Payer>,
}

/// What a till says of how a sale ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// Paid, by this payment where it is named.
    Paid(Option<u64>),
    /// No money was taken. `closed`: as the order takes no more.
    NotPaid {
        /// The order was read as closed.
        closed: bool,
        /// The till had heard that the order was there before.
        known: bool,
    },
    /// Money came that must go back.
    RefundDue,
    /// Somebody else paid.
    Elsewhere,
}

impl Order {
    fn of(&self, till: u8) -> impl Iterator<Item = &Payment> {
        self.payments.iter().filter(move |payment| payment.payer == Payer::Till(till))
    }

    /// Payments whose money the merchant has.
    pub fn kept(&self) -> usize {
        self.payments.iter().filter(|payment| payment.succeeded && !payment.refunded).count()
    }

    /// A payment of this till's took the money, and it did not go back.
    pub fn has_paid(&self, till: u8) -> bool {
        self.of(till).any(|payment| payment.succeeded && !payment.refunded)
    }

    /// A payment of this till's took money, which may have gone back since.
    pub fn has_charged(&self, till: u8) -> bool {
        self.of(till).any(|payment| payment.succeeded)
    }

    /// A payment of this till's may still take the money.
    pub fn may_pay(&self, till: u8) -> bool {
        self.of(till).any(|payment| payment.may_succeed) || self.on_their_way.contains(&Payer::Till(till))
    }

    /// Nothing can move any more.
    pub fn is_at_rest(&self) -> bool {
        self.on_their_way.is_empty() && !self.payments.iter().any(|payment| payment.may_succeed)
    }

    /// A till says how a sale of this order ended.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn said(&self, till: u8, said: Said) -> Result<(), String> {
        let has_success = self.has_charged(till);
        match said {
            Said::Paid(None) if !has_success => Err("paid was said, and nothing was charged".to_owned()),
            Said::Paid(Some(id)) if !self.of(till).any(|payment| payment.id == id && payment.succeeded) => {
                Err(format!("paid by {id} was said, which is no success of this till's"))
            }
            Said::RefundDue if !has_success => Err("a refund was called due, and nothing was charged".to_owned()),
            Said::NotPaid { closed, known } => {
                let lost = |payment: &&Payment| known && payment.payer == Payer::Lost(till);
                if self.payments.iter().filter(lost).any(|payment| payment.succeeded || payment.may_succeed) {
                    return Err(
                        "not paid was said of an order that the till has paid, or may have, before it lost its journal"
                            .to_owned(),
                    );
                }
                if self.of(till).any(|payment| payment.succeeded && !payment.refunded) {
                    return Err("not paid was said, and a payment of this till's stands".to_owned());
                }
                if self.may_pay(till) {
                    return Err("not paid was said, and a payment of this till's may still succeed".to_owned());
                }
                if closed && self.payments.iter().any(|payment| payment.succeeded && !payment.refunded) {
                    return Err("not paid was said of an order that is paid".to_owned());
                }
                Ok(())
            }
            Said::Elsewhere
                if !self.payments.iter().any(|payment| payment.payer != Payer::Till(till) && payment.succeeded) =>
            {
                Err("paid by somebody else was said, and nobody else paid".to_owned())
            }
            Said::Paid(_) | Said::RefundDue | Said::Elsewhere => Ok(()),
        }
    }

    /// Goods come out of a till; they are in `goods` already.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn handed_out(&self, till: u8) -> Result<(), String> {
        if self.goods.len() > 1 {
            return Err("goods were handed out twice".to_owned());
        }
        if !self.of(till).any(|payment| payment.succeeded && !payment.refunded) {
            return Err("goods were handed out, and no payment of this till's stands".to_owned());
        }
        Ok(())
    }

    /// A refund was made; it is in the books already. `again`: the payment's money had gone back before.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn refunded(&self, id: Option<u64>, again: bool) -> Result<(), String> {
        let payment = self.payments.iter().find(|payment| Some(payment.id) == id);
        if again {
            return Err("a payment was refunded twice".to_owned());
        }
        if payment.is_some_and(|payment| !payment.succeeded) {
            return Err("a payment was refunded that took no money".to_owned());
        }
        if !self.goods.is_empty() && self.kept() == 0 {
            return Err("the goods are out, and all the money went back".to_owned());
        }
        if id.is_some_and(|id| self.goods.contains(&id)) {
            return Err("the payment was refunded that the goods went out for".to_owned());
        }
        Ok(())
    }

    /// Nobody has anything left to do.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn at_the_end(&self) -> Result<(), String> {
        match (self.kept(), self.goods.len()) {
            (2.., _) => Err(format!("{} payments of one order stand at the end", self.kept())),
            (0, 1..) => Err("the goods are out, and no money is there at the end".to_owned()),
            _ => Ok(()),
        }
    }
}
