//! The merchant's book, with a gateway, and a till that reports.

use pay_core::sale::{Millis, NOT_ATTEMPTED_MS};

use backend::book::{
    Book, Duty, Effect, Entry, Event, Moment, Owner, Reading, SeenPayment, SeenRefund, Terms, Unreported,
};

use super::gateway::{Answer, Call, Gateway, State, Status};
use super::terminal::ORDER;

const AMOUNT: u64 = 25_000;
const TERMS: Terms = Terms { life_ms: 1_800_000, first_look_ms: 60_000, unreported: Unreported::Tell };

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Merchant {
    /// What the book has of the order; `None`: no till has asked for it.
    entry: Option<Entry>,
    now: Moment,
}

impl Merchant {
    /// `made`: a till has made the order.
    pub fn new(made: bool) -> Self {
        let mut merchant = Self { entry: None, now: Moment(0) };
        if made {
            merchant.want();
            merchant.on(&Event::Made { at: Moment(0) });
        }
        merchant.canonical();
        merchant
    }

    fn book(&self) -> Book {
        let mut book = Book::default();
        self.entry.iter().for_each(|entry| book.put(entry.clone()));
        book
    }

    fn want(&mut self) {
        let mut book = self.book();
        book.want(ORDER.clone(), Owner::new([1; 32]), AMOUNT);
        self.entry = book.entry(&ORDER).cloned();
    }

    fn is_made(&self) -> bool {
        self.entry.as_ref().is_some_and(Entry::is_made)
    }

    /// A till's call: what the service does with it (`backend::desk`).
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn pass(&mut self, gateway: &mut Gateway, call: &Call) -> Result<Answer, String> {
        if self.entry.is_some() && !self.is_made() && gateway.state != State::Absent {
            // It died between the gateway's answer and its own note of it: a read shows that the order was made.
            self.on(&Event::Made { at: self.now });
        }
        let answer = match call {
            Call::Create { .. } => {
                self.want();
                if self.is_made() {
                    gateway.on(&ORDER, &Call::Order)?
                } else {
                    let answer = gateway.on(&ORDER, call)?;
                    if answer.status == 200 {
                        self.on(&Event::Made { at: self.now });
                    }
                    answer
                }
            }
            Call::Terminate => {
                let told = self.on(&Event::Closing { at: self.now });
                if told.is_some_and(Effect::is_conflict) {
                    Answer::refusal(409, "conflict")
                } else {
                    gateway.on(&ORDER, call)?
                }
            }
            Call::Report { released, payment, .. } => {
                let at = self.now;
                let event = match (released, payment) {
                    (Some(released), payment) => Event::Reported { at, released: *released, payment: *payment },
                    (None, Some(payment)) => Event::Claimed { at, payment: *payment },
                    (None, None) => return Ok(Answer::refusal(400, "request_invalid")),
                };
                let mut told = self.on(&event);
                if told == Some(Effect::ReadFirst) {
                    self.read(gateway, false);
                    told = self.on(&event);
                }
                match told {
                    None => Answer::refusal(404, "order_not_found"),
                    Some(Effect::ReadFirst) => Answer::refusal(409, "not_seen_paid"),
                    Some(effect) if effect.is_conflict() => Answer::refusal(409, "conflict"),
                    Some(_) => Answer::new(200, "{}"),
                }
            }
            _ => gateway.on(&ORDER, call)?,
        };
        self.canonical();
        Ok(answer)
    }

    /// The gateway acts, and the service dies before it has noted so.
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn dies_after(&mut self, gateway: &mut Gateway, call: &Call) -> Result<(), String> {
        match call {
            Call::Create { .. } => self.want(),
            Call::Terminate if self.on(&Event::Closing { at: self.now }).is_some_and(Effect::is_conflict) => {
                return Ok(());
            }
            _ => {}
        }
        self.canonical();
        gateway.on(&ORDER, call).map(drop)
    }

    fn canonical(&mut self) {
        if let Some(entry) = &mut self.entry {
            self.now = entry.canonical(self.now);
        }
    }

    /// Nothing is due any more, whatever time goes by.
    pub fn is_at_rest(&self) -> bool {
        self.entry.as_ref().is_none_or(|entry| entry.due(TERMS).is_none())
    }

    /// It has counted the order out; else it has given up asking, and a person must look.
    pub fn is_settled(&self) -> bool {
        self.entry.as_ref().is_none_or(Entry::is_settled)
    }

    /// A person is told of the order, some day.
    pub fn tells(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| !entry.matters(TERMS, Millis(u64::MAX)).is_empty())
    }

    fn on(&mut self, event: &Event) -> Option<Effect> {
        let mut book = self.book();
        let effect = book.on(&ORDER, event);
        self.entry = book.entry(&ORDER).cloned();
        effect
    }

    /// A till asks for the right to hand out; whether it has it.
    pub fn claim(&mut self, payment: u64) -> bool {
        let effect = self.on(&Event::Claimed { at: self.now, payment });
        self.canonical();
        effect.is_some_and(|effect| effect != Effect::ReadFirst && !effect.is_conflict())
    }

    /// A till reports.
    pub fn report(&mut self, released: bool, payment: Option<u64>) {
        self.on(&Event::Reported { at: self.now, released, payment });
        self.canonical();
    }

    /// What the till has reported, if it has.
    pub fn reported(&self) -> Option<bool> {
        self.entry.as_ref()?.released()
    }

    /// Waits until the next duty is due, and does it. `lost`: its answer is.
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn works(&mut self, gateway: &mut Gateway, lost: bool) -> Result<(), String> {
        let Some((at, duty)) = self.entry.as_ref().and_then(|entry| entry.due(TERMS)) else { return Ok(()) };
        if gateway.is_closed() && at.0.saturating_sub(self.now.0) * 4 >= NOT_ATTEMPTED_MS * 3 {
            gateway.stale = true;
        }
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
