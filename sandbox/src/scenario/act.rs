//! What the gateway does to a call in a scenario.

use crate::books::payment::PaymentStatus;
use crate::books::refund::RefundStatus;
use crate::calls::route::Route;
use crate::gateway::faults::Fault;
use crate::ground::test_data::Outcome;
use crate::ground::wire::{Break, Place, WireFault};
use serde_json::Value;

/// What happens to some of the calls of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) on: On,
    /// The first and the last call of this kind that it happens to, counted from 1.
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) act: Act,
}

/// Kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Create,
    Order,
    Terminate,
    Pay,
    Otp,
    List,
    /// A payment by its id.
    Payment,
    /// The order, its payments, one payment.
    Ask,
    /// Every call.
    Any,
    Refund,
}

/// What happens to a call.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    /// Somebody on the way answers; the gateway sees nothing. Headers besides `content-type`.
    Answer { status: u16, body: &'static str, headers: &'static [(&'static str, &'static str)] },
    /// The gateway does it, and somebody on the way answers something else.
    Replace { status: u16, body: &'static str },
    /// The gateway does it or not, and refuses; `stored`: under the key.
    Refuse { status: u16, kind: &'static str, code: &'static str, executed: bool, stored: bool },
    /// 429 with its headers.
    Throttle { retry_s: u64, executed: bool, stored: bool },
    /// 500, stored under the key.
    Fail { executed: bool },
    /// Refused without being done, stored under the key, and the answer is lost.
    StoredAndLost { status: u16, kind: &'static str, code: &'static str },
    /// The order that is to be made is there already, for so many paise more, and somebody's payment on it has this status.
    Exists { more: u64, payment: Option<PaymentStatus> },
    /// The answer is changed and can still be read.
    Edit(fn(&mut Value)),
    /// The same for its text.
    Rewrite(fn(&str) -> String),
    /// The answer's text is changed so that it cannot be read any more.
    Spoil(fn(&str) -> String),
    /// These headers are added.
    Headers(&'static [(&'static str, &'static str)]),
    /// A header that no client takes: so many bytes.
    HugeHeader(usize),
    /// The answer does not arrive whole.
    Wire { fault: WireFault, executed: bool },
    /// Attempts younger than this are not in the answer.
    Hide { ms: u64 },
    /// An order that was paid less than this ago still reads as it did before.
    Lag { ms: u64 },
    /// The answer to the first Order Pay comes again.
    Earlier,
    /// Somebody else makes so many attempts in this status just before it is done, or just after the order was made. What
    /// waits of them ends so, so many milliseconds later.
    Strangers { times: u32, status: PaymentStatus, then: Option<(u64, Outcome)> },
    /// The gateway's clock jumps ahead, then it does it.
    Jump { ms: u64 },
    /// The refund goes this way.
    Refund(RefundStatus),
}

impl Rule {
    pub(crate) const fn calls(self, from: u32, to: u32) -> Self {
        Self { from, to, ..self }
    }
}

/// On the first such call.
pub(crate) const fn first(on: On, act: Act) -> Rule {
    nth(1, on, act)
}

pub(crate) const fn nth(n: u32, on: On, act: Act) -> Rule {
    Rule { on, from: n, to: n, act }
}

/// On every such call.
pub(crate) const fn each(on: On, act: Act) -> Rule {
    Rule { on, from: 1, to: u32::MAX, act }
}

/// The gateway's own refusal, for certain before anything was done.
pub(crate) const fn refuse(status: u16, kind: &'static str, code: &'static str) -> Act {
    Act::Refuse { status, kind, code, executed: false, stored: false }
}

/// A page of somebody between.
pub(crate) const fn page(status: u16) -> Act {
    Act::Answer { status, body: PAGE, headers: &[] }
}

pub(crate) const fn page_after(status: u16) -> Act {
    Act::Replace { status, body: PAGE }
}

const PAGE: &str = "<html><head><title>502 Bad Gateway</title></head><body>cloudfront</body></html>";

/// Executed, and the answer is lost here.
pub(crate) const fn cut(at: Place) -> Act {
    Act::Wire { fault: WireFault { at, how: Break::Close }, executed: true }
}

/// Executed; the answer gets so far, and then that.
pub(crate) const fn broken(at: Place, how: Break) -> Act {
    Act::Wire { fault: WireFault { at, how }, executed: true }
}

/// To another host.
pub(crate) const REDIRECT: Act =
    Act::Answer { status: 302, body: "", headers: &[("location", "https://127.0.0.1:9/pg/orders/sessions")] };

/// 429 from somebody between, with the gateway's body and none of its headers.
pub(crate) const THROTTLED_ELSEWHERE: Act = Act::Answer {
    status: 429,
    body: r#"{"message":"Too many requests","code":"request_failed","type":"rate_limit_error"}"#,
    headers: &[],
};

/// Another refund, of the amount that orders of the tests have.
pub(crate) const OTHER_REFUND: Act = Act::Answer {
    status: 200,
    body: r#"{"refund_id":"somebody_elses_refund","order_id":null,"refund_amount":10.15,"refund_status":"SUCCESS"}"#,
    headers: &[],
};

/// Somebody else makes one attempt.
pub(crate) const fn stranger(status: PaymentStatus) -> Act {
    Act::Strangers { times: 1, status, then: None }
}

/// No call is left in this minute.
pub(crate) const SPENT: Act = Act::Headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-retry", "9")]);

/// Lost before it was executed.
pub(crate) const LOST_BEFORE: Act =
    Act::Wire { fault: WireFault { at: Place::Start, how: Break::Close }, executed: false };

impl On {
    pub(crate) fn takes(self, route: Option<&Route<'_>>) -> bool {
        match route {
            Some(Route::CreateOrder) => matches!(self, Self::Create | Self::Any),
            Some(Route::GetOrder(_)) => matches!(self, Self::Order | Self::Ask | Self::Any),
            Some(Route::TerminateOrder(_)) => matches!(self, Self::Terminate | Self::Any),
            Some(Route::OrderPay) => matches!(self, Self::Pay | Self::Any),
            Some(Route::Authenticate(_)) => matches!(self, Self::Otp | Self::Any),
            Some(Route::Payments(_)) => matches!(self, Self::List | Self::Ask | Self::Any),
            Some(Route::Payment(..)) => matches!(self, Self::Payment | Self::Ask | Self::Any),
            Some(Route::CreateRefund(_)) => matches!(self, Self::Refund | Self::Any),
            Some(Route::Refund(..)) => matches!(self, Self::Any),
            _ => false,
        }
    }
}

impl Act {
    /// The fault that the gateway meets in it, if it does.
    pub(crate) fn fault(self) -> Option<Fault> {
        Some(match self {
            Self::Answer { status, body, .. } => Fault::Answer { status, body: body.into() },
            Self::Replace { status, body } => Fault::Replace { status, body: body.into() },
            Self::Fail { executed } => Fault::InternalError { executed },
            Self::Refuse { status, kind, code, executed, stored } => {
                Fault::Refuse { status, kind, code, executed, stored }
            }
            Self::Throttle { retry_s, executed, stored } => Fault::Throttle { retry_s, executed, stored },
            Self::StoredAndLost { status, kind, code } => {
                Fault::Refuse { status, kind, code, executed: false, stored: true }
            }
            _ => return None,
        })
    }

    /// Whether the terminal cannot show what it was answered.
    pub(crate) fn hides_the_answer(&self) -> bool {
        let as_it_was = matches!(
            self,
            Self::Edit(_)
                | Self::Rewrite(_)
                | Self::Headers(_)
                | Self::Hide { .. }
                | Self::Lag { .. }
                | Self::Jump { .. }
                | Self::Refund(_)
                | Self::Exists { .. }
                | Self::Strangers { .. }
        );
        !as_it_was
    }
}
