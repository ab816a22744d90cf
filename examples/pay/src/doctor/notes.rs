//! What came, as it came. Judging it is another matter.

use pay_core::model::{CfPaymentId, UnixSeconds};
use pay_core::wire::decode;
use zeroize::Zeroizing;

use super::super::exit::masked;
use super::kiosk::Kiosk;
use super::network::Network;
use super::tls::Tls;

/// Everything that a visit has seen.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) network: Network,
    pub(super) tls: Option<Tls>,
    pub(super) kiosk: Option<Kiosk>,
    pub(super) exchanges: Vec<Exchange>,
    /// What the keys look like, where there are some.
    pub(super) keys: Option<KeyKind>,
    /// No money is at the gateway.
    pub(super) is_test: bool,
}

/// Of which environment merchant keys are, by their look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Sandbox,
    Production,
    Unclear,
}

/// One call, and what came of it; of what was not answered, why.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) step: Step,
    pub(super) result: Result<Answer, String>,
}

/// What a call was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Order Pay with a made-up session: what can be asked without an account.
    Stranger,
    StrangerAgain,
    /// A call in this version: the place in `ApiVersion::ALL`.
    Version(usize),
    Create,
    Read,
    ReadAgain,
    PaySession,
    PaySessionAgain,
    /// The same with the x-client-* headers, where the call without them was refused.
    PayHints,
    PayKeys,
    PayKeysAgain,
    PayChanged,
    PayAtOnce(usize),
    PayWrong,
    PayWrongAgain,
    PayQr,
    PayPodQr,
    PayCard,
    List,
    Close,
    Backend,
    Hook,
}

/// How a body was delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    UntilClose,
}

/// An answer as it was on the wire. Its body may have a session in it.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Zeroizing<Vec<u8>>,
    pub(super) framing: Framing,
    pub(super) head_len: usize,
    pub(super) date: Option<UnixSeconds>,
    /// This machine's clock in the middle of the exchange, in milliseconds since 1970.
    pub(super) middle_ms: i64,
    /// From the first byte sent to the last one received, in milliseconds.
    pub(super) took_ms: u64,
}

impl Notes {
    /// The last answer of this step, or why there is none.
    pub(super) fn answer(&self, step: Step) -> Result<&Answer, String> {
        match self.exchanges.iter().rev().find(|exchange| exchange.step == step) {
            Some(exchange) => exchange.result.as_ref().map_err(Clone::clone),
            None => Err(String::new()),
        }
    }

    /// The answer of this step if it is a success.
    pub(super) fn success(&self, step: Step) -> Result<&Answer, String> {
        let answer = self.answer(step)?;
        if answer.is_success() { Ok(answer) } else { Err(format!("the gateway refused the call ({})", answer.said())) }
    }

    /// The payment without merchant keys that its repeat is of.
    pub(super) fn begun_without_keys(&self) -> Step {
        if self.success(Step::PayHints).is_ok() { Step::PayHints } else { Step::PaySession }
    }

    /// Whatever was answered.
    pub(super) fn answers(&self) -> impl Iterator<Item = (Step, &Answer)> {
        self.exchanges.iter().filter_map(|exchange| Some((exchange.step, exchange.result.as_ref().ok()?)))
    }
}

impl Step {
    /// Its name in a report.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "Order Pay with a made-up session",
            Self::StrangerAgain => "the same again",
            Self::Version(_) => "a call in one version",
            Self::Create => "create the order",
            Self::Read | Self::ReadAgain => "read the order",
            Self::PaySession => "Order Pay without merchant keys",
            Self::PaySessionAgain => "the same again, without merchant keys",
            Self::PayHints => "Order Pay with client hints",
            Self::PayKeys => "Order Pay with merchant keys",
            Self::PayKeysAgain => "the same again, with merchant keys",
            Self::PayChanged => "Order Pay, another body under the same key",
            Self::PayAtOnce(_) => "Order Pay, one of two at once",
            Self::PayWrong => "Order Pay with a channel that does not exist",
            Self::PayWrongAgain => "the same wrong call again",
            Self::PayQr => "Order Pay for a QR code",
            Self::PayPodQr => "Order Pay for podQrCode",
            Self::PayCard => "Order Pay with a test card",
            Self::List => "list the payments",
            Self::Close => "close the order",
            Self::Backend => "read the order at the backend",
            Self::Hook => "an unsigned webhook",
        }
    }

    /// It went to the gateway.
    pub(super) const fn is_gateway(self) -> bool {
        !matches!(self, Self::Backend | Self::Hook)
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.header(name)?.parse().ok()
    }

    /// 200 to 299.
    pub(super) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// A refusal as a clause, safe to show.
    pub(super) fn said(&self) -> String {
        let mut body = self.body.clone();
        let refusal = decode::refusal(self.status, &mut body);
        let words = [masked(refusal.code), masked(refusal.message)];
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        match words.is_empty() {
            true => format!("status {}", self.status),
            false => format!("status {}, {}", self.status, words.join(": ")),
        }
    }

    /// Whether the refusal's code, type or message has one of these words in it: for people, nothing is paid by it.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let mut body = self.body.clone();
        let refusal = decode::refusal(self.status, &mut body);
        let text = format!("{} {} {}", refusal.code, refusal.kind, refusal.message).to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// The number of the attempt that an Order Pay answer is about.
    pub(super) fn payment(&self) -> Option<CfPaymentId> {
        let mut body = self.body.clone();
        decode::order_pay(&mut body).ok().filter(|_| self.is_success()).map(|reply| reply.cf_payment_id)
    }

    /// Whether it says that it is a stored one; `None` if it does not say.
    pub(super) fn replayed(&self) -> Option<bool> {
        match self.header("x-idempotency-replayed")? {
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }
}

/// Without headers and body.
impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}
