//! The merchant's book, with a gateway, and a till that reports.

use backend::book::{
    Book, Duty, Effect, Entry, Event, Moment, Owner, Reading, SeenPayment, SeenRefund, Terms, Unreported,
};

use super::gateway::{Call, Gateway, State, Status};
use super::terminal::ORDER;

const AMOUNT: u64 = 25_000;
const TERMS: Terms = Terms { life_ms: 1_800_000, first_look_ms: 60_000, unreported: Unreported::Tell };

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Merchant {
    entry: Entry,
    now: Moment,
}

impl Merchant {
    /// With an order that a till has made.
    pub fn new() -> Self {
        let mut book = Book::default();
        book.want(ORDER.clone(), Owner::new([1; 32]), AMOUNT);
        book.on(&ORDER, &Event::Made { at: Moment(0) });
        let entry = book.entry(&ORDER).expect("the order").clone();
        let mut merchant = Self { entry, now: Moment(0) };
        merchant.canonical();
        merchant
    }

    fn canonical(&mut self) {
        self.now = self.entry.canonical(self.now);
    }

    /// Nothing is due any more, whatever time goes by.
    pub fn is_at_rest(&self) -> bool {
        self.entry.due(TERMS).is_none()
    }

    /// It has counted the order out; else it has given up asking, and a person must look.
    pub const fn is_settled(&self) -> bool {
        self.entry.is_settled()
    }

    fn on(&mut self, event: &Event) -> Option<Effect> {
        let mut book = Book::default();
        book.put(self.entry.clone());
        let effect = book.on(&ORDER, event);
        self.entry = book.entry(&ORDER).expect("the order").clone();
        effect
    }

    /// A till asks for the right to hand out; whether it has it.
    pub fn claim(&mut self, payment: u64) -> bool {
        let effect = self.on(&Event::Claimed { at: self.now, payment });
        self.canonical();
        matches!(effect, Some(Effect::News { conflict: false } | Effect::Pace { conflict: false }))
    }

    /// A till reports.
    pub fn report(&mut self, released: bool, payment: Option<u64>) {
        self.on(&Event::Reported { at: self.now, released, payment });
        self.canonical();
    }

    /// What the till has reported, if it has.
    pub const fn reported(&self) -> Option<bool> {
        self.entry.released()
    }

    /// Waits until the next duty is due, and does it. `lost`: its answer is.
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn works(&mut self, gateway: &mut Gateway, lost: bool) -> Result<(), String> {
        let Some((at, duty)) = self.entry.due(TERMS) else { return Ok(()) };
        self.now = Moment(self.now.0.max(at.0));
        match duty {
            Duty::Close => {
                gateway.on(&ORDER, &Call::Terminate)?;
                self.read(gateway, lost);
            }
            Duty::Read { .. } => self.read(gateway, lost),
            Duty::ReadRefunds if lost => {}
            Duty::ReadRefunds => {
                let list = gateway.refunds(&ORDER).into_iter().map(seen).collect();
                self.on(&Event::Refunds { list });
            }
            Duty::Refund { id, .. } => {
                let id = id.to_string();
                let answer = gateway.on(&ORDER, &Call::Refund { till: 0, id: id.clone() })?;
                let event = match answer.status {
                    200 if !lost => Event::Refund(seen(id)),
                    status => Event::RefundFailed { at: self.now, id, refused: !lost && status == 400 },
                };
                self.on(&event);
            }
            Duty::SayOverdue => {
                self.on(&Event::Overdue);
            }
        }
        self.canonical();
        Ok(())
    }

    fn read(&mut self, gateway: &Gateway, lost: bool) {
        let word = match gateway.state {
            State::Absent => return,
            State::Active => "ACTIVE",
            State::Paid => "PAID",
            State::Terminated => "TERMINATED",
            State::Expired => "EXPIRED",
        };
        let payments = gateway.payments.iter().enumerate().map(|(index, payment)| SeenPayment {
            id: Gateway::id(index),
            status: match payment.status {
                Status::NotAttempted => "NOT_ATTEMPTED",
                Status::Pending => "PENDING",
                Status::Success => "SUCCESS",
                Status::Failed => "FAILED",
                Status::Dropped => "USER_DROPPED",
            }
            .to_owned(),
            captured: Some(payment.status == Status::Success),
            completed: (payment.done > 0).then(|| payment.done.into()),
        });
        let payments = payments.collect();
        self.on(&Event::Read(Reading {
            at: self.now,
            power_on: 1,
            date: None,
            status: (!lost).then(|| word.to_owned()),
            payments: (!lost).then_some(payments),
            complete: !lost,
        }));
    }
}

fn seen(id: String) -> SeenRefund {
    SeenRefund { id, order: ORDER.to_string(), amount: AMOUNT, status: "SUCCESS".to_owned() }
}
