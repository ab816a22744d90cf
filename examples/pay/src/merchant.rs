//! Single calls of the merchant: read, refund, simulate. Nothing here pays.

use pay_core::drive::transport::{Error as _, blocking::Transport};
use pay_core::model::{ApiVersion, CallKind, IdempotencyKey, RefusalClass, RequestId};
use pay_core::sale::Delivery;
use pay_core::wire::{Call, DecodeError, Request, decode};
use transport_std::HttpsTransport;
use zeroize::Zeroizing;

use super::entropy::random;
use super::exit::{Ending, masked, sentence};
use super::gateway::Gateway;
use super::patience::acting;

/// Answers are read into so much at first, and no further than the second: a list has no end of its own.
const RX: usize = 64 * 1024;
const RX_MAX: usize = 64 * 1024 * 1024;

/// Makes single calls.
#[derive(Debug)]
pub(super) struct Merchant {
    transport: HttpsTransport,
    version: ApiVersion,
    exchange_ms: u32,
}

/// A call that did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing left this machine.
    NotSent(String),
    /// The gateway said no.
    Refused(String),
    /// No answer, or none that says anything.
    Lost(String),
}

impl Merchant {
    /// Over the connection to whoever answers for orders.
    pub(super) fn asking(gateway: &Gateway) -> anyhow::Result<Self> {
        Ok(Self { transport: gateway.ask_transport()?, version: gateway.version, exchange_ms: gateway.exchange_ms() })
    }

    /// Over the connection to the gateway.
    pub(super) fn paying(gateway: &Gateway) -> anyhow::Result<Self> {
        Ok(Self { transport: gateway.pay_transport()?, version: gateway.version, exchange_ms: gateway.exchange_ms() })
    }

    /// The body of a success.
    pub(super) fn call(
        &mut self,
        call: Call<'_>,
        key: Option<&IdempotencyKey>,
        body: &[u8],
    ) -> anyhow::Result<Result<Zeroizing<Vec<u8>>, Trouble>> {
        let mut size = RX;
        loop {
            let mut rx = Zeroizing::new(vec![0; size]);
            let mut request = Request::new(call, self.version, RequestId::from_random(random()?))
                .with_body(body)
                .with_timeout_ms(self.exchange_ms);
            if let Some(key) = key {
                request = request.with_key(key);
            }
            if call.kind().acts() {
                acting();
            }
            let head = match self.transport.exchange(&request, &mut rx) {
                Ok(head) => head,
                Err(error) if error.delivery() == Delivery::NotSent => {
                    return Ok(Err(Trouble::NotSent(sentence(&error.to_string()))));
                }
                Err(error) => return Ok(Err(Trouble::Lost(sentence(&error.to_string())))),
            };
            // A call that only reads may be made again with more room.
            if head.truncated && !call.kind().acts() && size < RX_MAX {
                size *= 8;
                continue;
            }
            rx.truncate(head.body_len);
            if head.truncated {
                return Ok(Err(Trouble::Lost("The answer is longer than this program reads.".into())));
            }
            if head.is_success() {
                return Ok(Ok(rx));
            }
            let class = decode::refusal(head.status, &mut rx.clone()).class(call.kind(), false);
            let sentence = sentence(&format!("{} was refused: {}", what(call.kind()), refusal(head.status, rx)));
            return Ok(Err(match class {
                RefusalClass::ServerFailed | RefusalClass::Intermediary => Trouble::Lost(sentence),
                _ => Trouble::Refused(sentence),
            }));
        }
    }
}

impl Trouble {
    /// As the end of a command: what was not sent is a local error.
    pub(super) fn ending(self) -> anyhow::Result<Ending> {
        match self {
            Self::NotSent(sentence) => Err(anyhow::anyhow!(sentence)),
            Self::Refused(sentence) => Ok(Ending::Failed(sentence)),
            Self::Lost(sentence) => Ok(Ending::Unknown(sentence)),
        }
    }
}

/// An answer that came and cannot be read says nothing.
pub(super) fn unreadable(call: CallKind, error: &DecodeError) -> Trouble {
    Trouble::Lost(format!("The answer to {} cannot be read: {error}.", what(call)))
}

fn what(call: CallKind) -> &'static str {
    match call {
        CallKind::CreateOrder => "creating the order",
        CallKind::ReadOrder => "reading the order",
        CallKind::TerminateOrder => "closing the order",
        CallKind::OrderPay => "the payment",
        CallKind::Authenticate => "the OTP",
        CallKind::ListPayments | CallKind::ReadPayment => "reading the payments",
        CallKind::CreateRefund => "the refund",
        CallKind::ReadRefund => "reading the refund",
        _ => "the call",
    }
}

/// A refusal as a clause, safe to show.
fn refusal(status: u16, mut body: Zeroizing<Vec<u8>>) -> String {
    let refusal = decode::refusal(status, &mut body);
    let (code, message) = (masked(refusal.code), masked(refusal.message));
    match (code.as_str(), message.as_str()) {
        ("", "") => format!("status {status}"),
        (code, "") => format!("status {status}, {code}"),
        ("", message) => format!("status {status}: {message}"),
        (code, message) => format!("status {status}, {code}: {message}"),
    }
}
