//! The gateway's books, the backends' book, and what kiosks were told and did: whether they agree.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use backend::book::{Back, Duty, Event, Terms, Unreported};
use pay_core::model::{CfPaymentId, OrderId, RefundId};
use pay_core::sale::{Attempt, AttemptEnd, AttemptState, Millis, NotPaid, Record, Release, Stage, Standing};
use sandbox::{Gateway, OrderStatus, PaymentStatus};
use tests::laws::{self, Payer, Payment, Said};

use crate::book::Order;
use crate::kiosk::{PRICE, Told};
use crate::network::Yes;
use crate::street::Street;

/// As the program has them by default.
const TERMS: Terms = Terms { life_ms: 900_000, first_look_ms: 2_000, unreported: Unreported::Tell };
/// The till before which the shopper stands, and the second one.
const FIRST: u8 = 0;
const SECOND: u8 = 1;
/// So many of the orders that do not agree are printed.
const SHOWN: usize = 5;

#[derive(Default)]
pub struct Figures {
    sales: usize,
    paid: usize,
    not_paid: usize,
    refunded: usize,
    /// The money stays, no goods went out, and a person is told so.
    for_people: usize,
}

/// Everything known of one order, side by side.
struct Case<'c> {
    id: &'c str,
    gateway: &'c Gateway,
    book: Option<&'c Order>,
    told: Option<&'c Told>,
    said: Vec<&'c Yes>,
}

/// Compares all orders that anybody knows.
///
/// # Errors
/// Those that do not agree.
pub fn all(told: &[Told], book: &BTreeMap<String, Order>, street: &Street) -> Result<Figures, String> {
    let gateway = street.gateway().gateway();
    let known = told.iter().flat_map(|told| told.records.keys().chain(told.said.iter().map(|(order, _)| order)));
    let mut ids: BTreeSet<&String> = known.chain(book.keys()).collect();
    ids.extend(gateway.orders().map(|order| &order.id));
    let (mut figures, mut wrong) = (Figures::default(), Vec::new());
    for id in ids {
        let kiosk = told.iter().find(|told| told.records.contains_key(id));
        let said = told.iter().flat_map(|told| &told.said).filter(|(order, _)| order == id).map(|(_, yes)| yes);
        let case = Case { id, gateway: &gateway, book: book.get(id), told: kiosk, said: said.collect() };
        let complaints = case.compare(&mut figures);
        if !complaints.is_empty() {
            wrong.push(format!("{id}: {}\n{case:?}", complaints.join("; ")));
        }
    }
    if wrong.is_empty() {
        return Ok(figures);
    }
    let count = wrong.len();
    wrong.truncate(SHOWN);
    Err(format!("{count} orders of {} are wrong\n{}", figures.sales, wrong.join("\n")))
}

impl Case<'_> {
    /// What does not agree.
    fn compare(&self, figures: &mut Figures) -> Vec<String> {
        let order = self.order();
        figures.sales += 1;
        let charged = order.payments.iter().any(|payment| payment.succeeded);
        let told = match (charged, order.kept(), order.goods.len()) {
            (false, ..) => {
                figures.not_paid += 1;
                Ok(())
            }
            (true, 0, _) => {
                figures.refunded += 1;
                Ok(())
            }
            (true, _, 0) => {
                figures.for_people += 1;
                self.for_people()
            }
            (true, ..) => {
                figures.paid += 1;
                Ok(())
            }
        };
        let found = [
            self.acknowledged(),
            self.payments(),
            self.refunds(),
            self.settled(),
            self.goods(&order),
            self.word(&order),
            order.at_the_end(),
            told,
        ];
        found.into_iter().filter_map(Result::err).collect()
    }

    /// Nothing that a backend said yes to is missing in the book, and no order of the gateway is.
    fn acknowledged(&self) -> Result<(), String> {
        let at_gateway = self.gateway.orders().find(|order| order.id == self.id);
        let Some(book) = self.book else {
            return match (at_gateway, self.said.first()) {
                (None, None) => Ok(()),
                _ => Err("an order is not in the book".to_owned()),
            };
        };
        if book.entry.is_made() && at_gateway.is_none_or(|order| order.amount.0 != book.entry.amount()) {
            return Err("the book has made an order that the gateway has not, or of another amount".to_owned());
        }
        for yes in &self.said {
            let is_kept = match yes {
                Yes::Made => book.entry.is_made(),
                Yes::Closing => book.events.iter().any(|event| matches!(event, Event::Closing { .. })),
                Yes::Granted(payment) => book.entry.granted() == Some(*payment),
                // Goods that stayed for a payment without a right to them are nothing to keep.
                Yes::Reported(false, Some(payment))
                    if book.entry.granted().is_some_and(|granted| granted != *payment) =>
                {
                    true
                }
                Yes::Reported(released, _) => book.entry.released() == Some(*released),
            };
            if !is_kept {
                return Err(format!("{yes:?} was acknowledged, and the book does not have it"));
            }
        }
        Ok(())
    }

    /// The book knows every payment that took money, and no other.
    fn payments(&self) -> Result<(), String> {
        let charged: BTreeSet<u64> = self.gateway.charges(self.id).map(|payment| payment.id).collect();
        let attempts = self.book.into_iter().flat_map(|book| book.entry.attempts());
        let known = attempts.filter(|(_, attempt)| attempt.standing() == Standing::Succeeded).map(|(id, _)| id);
        let known: BTreeSet<u64> = known.collect();
        if known == charged { Ok(()) } else { Err(format!("{charged:?} took money, and the book knows of {known:?}")) }
    }

    /// Each refund is of a payment of its own that took money, and both books have the same.
    fn refunds(&self) -> Result<(), String> {
        let refunds = || self.gateway.refunds().iter().filter(|refund| refund.order_id == self.id);
        for refund in refunds() {
            let is_owed = self.gateway.charges(self.id).any(|payment| self.refund_of(payment.id) == refund.id);
            if !is_owed || refund.amount.0 != PRICE {
                return Err(format!("a refund that nobody owes: {refund:?}"));
            }
        }
        let made: BTreeSet<&str> = refunds().map(|refund| refund.id.as_str()).collect();
        let entry = self.book.map(|book| &book.entry);
        let known = entry.into_iter().flat_map(|entry| entry.refunds());
        let known = known.filter(|(_, refund)| matches!(refund.back(), Back::Done | Back::OnItsWay));
        let known: BTreeSet<&str> = known.map(|(id, _)| id).collect();
        if made == known {
            Ok(())
        } else {
            Err(format!("the gateway has made {made:?}, and the book knows of {known:?}"))
        }
    }

    /// The id under which a payment goes back: the gateway gives back an order's money, and does not ask for which payment.
    fn refund_of(&self, payment: u64) -> String {
        let order = OrderId::parse(self.id).expect("an id");
        RefundId::of_payment(&order, CfPaymentId::new(payment)).to_string()
    }

    /// Nobody has anything left to do.
    fn settled(&self) -> Result<(), String> {
        let due = self.book.and_then(|book| book.entry.due(TERMS));
        if let Some((_, duty @ (Duty::Refund { .. } | Duty::Close))) = due {
            return Err(format!("the backends have not done {duty:?}"));
        }
        let record = self.told.and_then(|told| told.records.get(self.id));
        match record.filter(|record| record.is_open()) {
            Some(_) => Err("the kiosk has it open".to_owned()),
            None => Ok(()),
        }
    }

    /// The order by the laws that all worlds share.
    fn order(&self) -> laws::Order {
        let closed = self.gateway.orders().any(|order| order.id == self.id && order.status != OrderStatus::Active);
        let payments = self.gateway.payments().iter().filter(|payment| payment.order_id == self.id);
        let refunds =
            self.gateway.refunds().iter().filter(|refund| refund.order_id == self.id && refund.status.gives_back());
        let refunds: BTreeSet<String> = refunds.map(|refund| refund.id.clone()).collect();
        let payments = payments.map(|payment| Payment {
            id: payment.id,
            payer: Payer::Till(if payment.stranger { SECOND } else { FIRST }),
            succeeded: payment.is_charge(),
            may_succeed: match payment.status {
                PaymentStatus::NotAttempted => !closed,
                status => status.is_open(),
            },
            refunded: refunds.contains(&self.refund_of(payment.id)),
        });
        let out = self.told.and_then(|told| told.goods.get(self.id)).copied().unwrap_or_default();
        // The second terminal hands out as soon as it may, and reports it.
        let second = self.said.iter().filter_map(|yes| match yes {
            Yes::Reported(true, Some(payment)) => Some(*payment),
            _ => None,
        });
        let stranger = |id: &u64| self.gateway.payments().iter().any(|payment| payment.id == *id && payment.stranger);
        let goods = core::iter::repeat_n(0, out).chain(second.filter(stranger)).collect();
        laws::Order { payments: payments.collect(), goods, on_their_way: Vec::new() }
    }

    /// Goods went out once, for money that stays.
    fn goods(&self, order: &laws::Order) -> Result<(), String> {
        match order.goods.first() {
            None => Ok(()),
            Some(&payment) => order.handed_out(if payment == 0 { FIRST } else { SECOND }),
        }
    }

    /// What the kiosk says is true.
    fn word(&self, order: &laws::Order) -> Result<(), String> {
        let said = self.told.and_then(|told| told.records.get(self.id)).and_then(said);
        said.map_or(Ok(()), |said| order.said(FIRST, said))
    }

    /// Money that stays with no goods for it is on the list of what people must see to.
    fn for_people(&self) -> Result<(), String> {
        let book = self.book.ok_or("nobody knows of its money")?;
        let matters = book.entry.matters(TERMS, Millis(u64::MAX));
        if matters.is_empty() {
            Err("the money stays, no goods went out, and nobody is told".to_owned())
        } else {
            Ok(())
        }
    }
}

/// What the kiosk says of a sale by its record.
fn said(record: &Record) -> Option<Said> {
    let stays = matches!(record.release, Release::NotReleased | Release::Returned);
    match &record.stage {
        Stage::RefundDue(_) | Stage::Refunded(_) => Some(Said::RefundDue),
        Stage::Paid { .. } if stays => Some(Said::RefundDue),
        Stage::Paid { .. } => {
            let paid = |attempt: &&Attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success);
            let payment = record.attempts().find(paid).and_then(|attempt| attempt.cf_payment_id);
            Some(Said::Paid(payment.map(CfPaymentId::get)))
        }
        Stage::NotPaid(why) => {
            let closed = matches!(why, NotPaid::Terminated | NotPaid::Expired);
            Some(Said::NotPaid { closed, known: false })
        }
        Stage::PaidElsewhere { .. } => Some(Said::Elsewhere),
        _ => None,
    }
}

impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payments = self.gateway.payments().iter().filter(|payment| payment.order_id == self.id);
        for payment in payments {
            writeln!(f, "  gateway: payment {} {:?}, of a stranger: {}", payment.id, payment.status, payment.stranger)?;
        }
        for refund in self.gateway.refunds().iter().filter(|refund| refund.order_id == self.id) {
            writeln!(f, "  gateway: refund {} of {} {:?}", refund.id, refund.payment_id, refund.status)?;
        }
        for event in self.book.into_iter().flat_map(|book| &book.events) {
            writeln!(f, "  book: {event:?}")?;
        }
        writeln!(f, "  acknowledged: {:?}", self.said)?;
        let told = self.told.map(|told| (told.goods.get(self.id), told.records.get(self.id)));
        writeln!(f, "  kiosk: {told:?}")?;
        write!(f, "  its last calls: {:?}", self.told.map(|told| &told.heard))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sales, paid, not_paid, refunded, for_people } = self;
        write!(f, "{sales} sales: {paid} paid, {not_paid} not paid, {refunded} refunded")?;
        if *for_people > 0 {
            write!(f, ", {for_people} for people to look at")?;
        }
        Ok(())
    }
}
