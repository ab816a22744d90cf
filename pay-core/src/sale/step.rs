//! The steps that a sale asks its caller to do.

use core::fmt;

use super::super::model::{CallKind, CfPaymentId, NextAction, RefundReason};
use super::super::wire::EncodeError;
use super::super::wire::http::Request;
use super::record::{AttemptEnd, NotPaid, Record};
use super::time::Millis;

/// The caller's two buffers. The sale keeps a request in `tx` while it may be sent again, and an answer in `rx` while
/// its action is shown. Lend the same two from [`Sale::pay`](super::Sale::pay) to the end.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Buffers<'b> {
    /// For requests: 1 KiB is enough for every method without a billing address, 2 KiB for all.
    pub tx: &'b mut [u8],
    /// For answers: 12 KiB for a UPI QR, 4 KiB for all others.
    pub rx: &'b mut [u8],
}

/// The next thing to do. The caller does it; a sale does no I/O.
#[must_use]
#[derive(Debug)]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)]
pub enum Step<'a> {
    /// Store the record durably, then call [`Sale::committed`](super::Sale::committed). The sale does nothing else
    /// before.
    Commit(Commit, &'a Record),
    /// Send the request once, receive the answer into the buffer, then call
    /// [`Sale::on_exchange`](super::Sale::on_exchange).
    Exchange(InFlight, Request<'a>, &'a mut [u8]),
    /// The order can be paid: call [`Sale::pay`](super::Sale::pay), or [`Sale::cancel`](super::Sale::cancel). With the
    /// end of the previous attempt, if there was one.
    Ready(Option<AttemptEnd>),
    /// Show this to the shopper, then call [`Sale::shown`](super::Sale::shown) (or, for an OTP,
    /// [`Sale::submit_otp`](super::Sale::submit_otp)).
    Present(NextAction<'a>),
    /// Nothing to do before this time.
    Wait(Millis),
    /// The sale is over, as far as this terminal can know.
    Done(Outcome),
}

/// The right to report that the record was stored. Neither `Clone` nor `Copy`.
#[must_use]
#[derive(Debug)]
pub struct Commit {
    pub(super) version: u32,
}

/// The right to report the result of one exchange. Neither `Clone` nor `Copy`; if it is dropped, the result is unknown.
#[must_use]
#[derive(Debug)]
pub struct InFlight {
    /// The seed of its sale.
    pub(super) sale: [u8; 16],
    pub(super) serial: u32,
    pub(super) call: CallKind,
}

/// Whether the connection of an exchange can be used again.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // there is no third way
pub enum Connection {
    /// It can.
    Keep,
    /// It cannot: its answer could not be read, or belonged to another request. Call
    /// [`Transport::disconnect`](crate::Transport::disconnect).
    Drop,
}

/// How a sale ended.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums)]
pub enum Outcome {
    /// The order is paid, with its amount and currency. Hand out the goods if the sale says so for the first time. With
    /// [`Policy::release`](super::Policy::release) the token says whether it is the first time, and the record's
    /// [`Release`](super::Release) the state of the goods.
    Paid {
        /// The payment that succeeded, if its number is known.
        cf_payment_id: Option<CfPaymentId>,
        /// Another attempt of the sale may still charge. The record stays open: [`Sale::resume`](super::Sale::resume)
        /// it when there is time, until it is settled. A second success then ends as [`Outcome::RefundDue`].
        watch: bool,
    },
    /// Certainly no charge was made, and none can come.
    NotPaid(NotPaid),
    /// A payment must be refunded, or was: [`Record::refund_due`] says what is still due.
    RefundDue(RefundReason),
    /// Another party paid the order: another terminal, the merchant's site. No goods from this sale, and no refund.
    PaidElsewhere,
    /// The order is paid, and an attempt of this sale has no number, so whether it was charged cannot be told. No goods
    /// are handed out. The record stays open; a person must look.
    PaidUnclear,
    /// The order exists, and nothing shows that this sale created it; or another party is paying it. Nothing that
    /// charges was sent. The other party may charge the shopper: use another order id only for another intent.
    OrderTaken,
    /// No charge was seen, the order takes no more payments, and the merchant's backend watches it: it refunds late
    /// money.
    HandedOver,
    /// The shopper may still pay, and this terminal cannot ask. A person or program with keys must.
    Pending,
    /// A charge may have been made, and this terminal cannot know. A person or program with keys must ask.
    Unknown,
}

/// Why a step was not possible. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SaleError {
    /// `rx` must have at least this many bytes for this call.
    RxTooSmall {
        /// Bytes needed.
        needed: usize,
    },
    /// The request could not be encoded.
    Encode(EncodeError),
    /// This cannot be done now: an attempt is running, or the sale is over.
    NotNow,
    /// The sale has had the most attempts it may have.
    TooManyAttempts,
    /// The key was used for another attempt of this sale.
    KeyReused,
    /// The request's session is not the order's: [`Sale::session`](super::Sale::session) returns the right one.
    OtherSession,
    /// The order is paid through the merchant's backend, and cards go straight to the gateway:
    /// [`PaymentSessionId::is_alias`](super::super::model::PaymentSessionId::is_alias).
    CardNotRelayed,
}

impl fmt::Display for SaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RxTooSmall { needed } => write!(f, "the receive buffer is too small: {needed} bytes are needed"),
            Self::Encode(error) => error.fmt(f),
            Self::NotNow => f.write_str("the sale is not at a point where this can be done"),
            Self::TooManyAttempts => f.write_str("the sale has had its attempts"),
            Self::KeyReused => f.write_str("x-idempotency-key: was used for another attempt of this sale"),
            Self::CardNotRelayed => f.write_str("payment_method: a card is not paid through the merchant's backend"),
            Self::OtherSession => f.write_str("payment_session_id: is not the session of this order"),
        }
    }
}

impl core::error::Error for SaleError {}

impl From<EncodeError> for SaleError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}
