//! One JSON line for each step, for whoever watches the kiosk. Nothing secret: no session, token, card, URL or body.

use core::cell::RefCell;
use core::fmt::{self, Display, Write};

use pay_core::model::CallKind;
use pay_core::sale::{AttemptEnd, Delivery, Record, RefusedBy, Release, RouteProblem};
use pay_core::till::{Goods, Why};
use pay_core::{OrderId, Outcome};
use transport_embassy::tls::Negotiated;

use crate::exit::{Exit, word};
use crate::probe::Probed;

/// Writes the lines. Shared by the parts that know what happens.
pub struct Report<'a>(RefCell<&'a mut dyn Write>);

impl<'a> Report<'a> {
    /// Lines go to `out`; what it does not take is lost.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self(RefCell::new(out))
    }

    /// A TCP connection stands.
    pub(crate) fn connected(&self, host: &str, port: u16) {
        self.line(format_args!(r#""connected","address":"{host}:{port}""#));
    }

    /// The request left, whole or in part.
    pub(crate) fn sent(&self, call: CallKind) {
        self.line(format_args!(r#""sent","call":"{call:?}""#));
    }

    /// The gateway answered.
    pub(crate) fn reply(&self, call: CallKind, status: u16) {
        self.line(format_args!(r#""reply","call":"{call:?}","status":{status}"#));
    }

    /// The backend answered.
    pub(crate) fn status(&self, call: CallKind, status: u16) {
        self.line(format_args!(r#""status","call":"{call:?}","status":{status}"#));
    }

    /// An exchange failed.
    pub(crate) fn failed(&self, call: CallKind, delivery: Delivery, why: impl Display) {
        let sent = delivery == Delivery::Unknown;
        self.line(format_args!(r#""failed","call":"{call:?}","sent":{sent},"why":"{}""#, Plain(why)));
    }

    /// The shopper sees something new.
    pub(crate) fn shown(&self, what: &str) {
        self.line(format_args!(r#""shown","what":"{what}""#));
    }

    /// Something is not done, for a reason that people should know.
    pub(crate) fn refused(&self, why: impl Display) {
        self.line(format_args!(r#""refused","why":"{}""#, Plain(why)));
    }

    /// An attempt ended, and the order is not paid by it.
    pub(crate) fn attempt_ended(&self, end: &AttemptEnd) {
        self.refused(format_args!("the attempt ended: {}", end_word(end)));
    }

    /// What the gateway or the backend said when it refused.
    pub(crate) fn said(&self, by: &RefusedBy) {
        self.line(format_args!(r#""said","status":{},"code":"{}""#, by.status, Plain(&by.code)));
    }

    /// Why nobody said how an order stands.
    pub(crate) fn problem(&self, order: &OrderId, problem: RouteProblem) {
        self.line(format_args!(r#""problem","order_id":"{order}","why":"{}""#, Plain(Why(problem))));
    }

    /// The journal failed; it is tried again where that can help.
    pub(crate) fn journal(&self, why: impl Display) {
        self.line(format_args!(r#""journal","why":"{}""#, Plain(why)));
    }

    /// What a server negotiated.
    pub(crate) fn probed(&self, host: &str, name: &str, found: &Negotiated) {
        self.line(format_args!(r#""probed","address":"{host}","name":"{name}","trusted":true,{}"#, Probed(found)));
    }

    /// A sale of an earlier run is taken up.
    pub(crate) fn resumed(&self, order: &OrderId) {
        self.line(format_args!(r#""resumed","order_id":"{order}""#));
    }

    /// How a sale of an earlier run stands now.
    pub(crate) fn settled(&self, record: &Record, outcome: &Outcome) {
        let (order, outcome, open) = (&record.order_id, word(outcome), record.is_open());
        let release = release_word(record.release);
        self.line(format_args!(
            r#""settled","order_id":"{order}","outcome":"{outcome}","release":"{release}","open":{open}"#
        ));
    }

    /// The goods are about to be handed out.
    pub(crate) fn release(&self, order: &OrderId) {
        self.line(format_args!(r#""release","order_id":"{order}""#));
    }

    /// The goods are out, or they are not and stay inside, or nobody knows (`null`).
    pub(crate) fn released(&self, order: &OrderId, goods: Goods) {
        let out = match goods {
            Goods::Out => "true",
            Goods::Inside => "false",
            Goods::Unknown => "null",
        };
        self.line(format_args!(r#""released","out":{out},"order_id":"{order}""#));
    }

    /// The sale is over, as far as it can be told.
    pub(crate) fn done(&self, order: &OrderId, outcome: &Outcome, exit: Exit) {
        let (word, code) = (word(outcome), exit.code());
        let payment = match outcome {
            Outcome::Paid { cf_payment_id, .. } => *cf_payment_id,
            _ => None,
        };
        match payment {
            Some(id) => self.line(format_args!(
                r#""done","outcome":"{word}","exit":{code},"order_id":"{order}","cf_payment_id":"{id}""#
            )),
            None => self.line(format_args!(r#""done","outcome":"{word}","exit":{code},"order_id":"{order}""#)),
        }
    }

    /// The program cannot go on.
    pub fn error(&self, why: impl Display) {
        self.line(format_args!(r#""error","why":"{}""#, Plain(why)));
    }

    fn line(&self, rest: fmt::Arguments<'_>) {
        if let Ok(mut out) = self.0.try_borrow_mut() {
            let _ = writeln!(out, "{{\"event\":{rest}}}");
        }
    }
}

const fn release_word(release: Release) -> &'static str {
    match release {
        Release::Untracked => "untracked",
        Release::Due => "due",
        Release::Releasing => "releasing",
        Release::Unknown => "unknown",
        Release::Released => "released",
        Release::NotReleased => "not released",
        Release::Returned => "returned",
    }
}

fn end_word(end: &AttemptEnd) -> &'static str {
    match end {
        AttemptEnd::Failed => "failed",
        AttemptEnd::UserDropped => "given up by the shopper",
        AttemptEnd::Refused(_) => "refused",
        AttemptEnd::NotSent => "not sent",
        AttemptEnd::Untrusted => "not sent, the server is not trusted",
        AttemptEnd::NotFound => "not found",
        _ => "not paid",
    }
}

/// Text without anything that would end a JSON string.
struct Plain<T>(T);

impl<T: Display> Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Filter<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl Write for Filter<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.chars()
                    .filter(|c| !c.is_control() && !matches!(c, '"' | '\\'))
                    .try_for_each(|c| self.0.write_char(c))
            }
        }
        write!(Filter(f), "{}", self.0)
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report")
    }
}
