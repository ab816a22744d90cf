//! What a sale asks of whoever runs it.

use core::fmt;

use super::super::model::{CallKind, CfPaymentId, NextAction, RefundReason};
use super::super::wire::EncodeError;
use super::super::wire::http::Request;
use super::record::{AttemptEnd, NotPaid, Record};
use super::time::Millis;

/// The caller's two buffers. The sale keeps a request in `tx` while it may have to be sent again, and an answer in `rx`
/// while its action is shown: lend the same two from [`Sale::pay`](super::Sale::pay) to the end.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Buffers<'b> {
    /// For requests: 1 KiB is enough for every method without a billing address, 2 KiB for all.
    pub tx: &'b mut [u8],
    /// For answers: 12 KiB for a UPI QR, 4 KiB for all others.
    pub rx: &'b mut [u8],
}

/// The next thing to do. A sale does nothing by itself.
#[must_use]
#[derive(Debug)]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)]
pub enum Step<'a> {
    /// Store the record durably, then call [`Sale::committed`](super::Sale::committed). Nothing else happens before.
    Commit(Commit, &'a Record),
    /// Send the request once, receive the answer into the buffer, then call [`Sale::on_exchange`](super::Sale::on_exchange).
    Exchange(InFlight, Request<'a>, &'a mut [u8]),
    /// The order can be paid: call [`Sale::pay`](super::Sale::pay), or [`Sale::cancel`](super::Sale::cancel). Says how the
    /// attempt before ended, if there was one.
    Ready(Option<AttemptEnd>),
    /// Show this to the shopper, then call [`Sale::shown`](super::Sale::shown) (or, for an OTP, [`Sale::submit_otp`](super::Sale::submit_otp)).
    Present(NextAction<'a>),
    /// Nothing to do before this time.
    Wait(Millis),
    /// The sale is over, as far as it can be told here.
    Done(Outcome),
}

/// The right to say that the record was stored. Neither `Clone` nor `Copy`.
#[must_use]
#[derive(Debug)]
pub struct Commit {
    pub(super) version: u32,
}

/// The right to give one exchange one answer. Neither `Clone` nor `Copy`; if it is lost, the exchange counts as unknown.
#[must_use]
#[derive(Debug)]
pub struct InFlight {
    /// The seed of its sale.
    pub(super) sale: [u8; 16],
    pub(super) serial: u32,
    pub(super) call: CallKind,
}

/// Whether the connection of an exchange may carry another.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // there is no third way
pub enum Connection {
    /// It may.
    Keep,
    /// Its answer was not to what was asked, or could not be read: the next one on it might not be either. Call
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
    /// The order is paid, with its amount and currency. Hand out the goods, if this is the first time that the sale says so;
    /// with [`Policy::release`](super::Policy::release) the token says whether it is, and the record's
    /// [`Release`](super::Release) how far they are.
    Paid {
        /// The attempt that took the money, where it is known.
        cf_payment_id: Option<CfPaymentId>,
        /// Another attempt of the sale may still take money. The record stays open: [`Sale::resume`](super::Sale::resume) it
        /// when there is time, until it is settled; a second success ends there in [`Outcome::RefundDue`].
        watch: bool,
    },
    /// No money was taken, for certain.
    NotPaid(NotPaid),
    /// Money was taken that must go back, or has gone: what is still due says [`Record::refund_due`].
    RefundDue(RefundReason),
    /// The order is paid, by somebody else: another terminal, the merchant's site. No goods from this sale, and no refund.
    PaidElsewhere,
    /// The order is paid, an attempt of this sale has no number, and whether it took the money cannot be told: no goods by itself. The
    /// record stays open; a person must look.
    PaidUnclear,
    /// The order exists, and nothing shows that this sale made it; or somebody else is paying it. Nothing that charges was sent. The
    /// money may be on its way elsewhere: begin anew with another order id only for another intent.
    OrderTaken,
    /// Nothing was seen to be taken, the order takes no more payments, and the merchant's backend looks after it: what still comes
    /// goes back.
    HandedOver,
    /// The shopper may still pay, and this terminal has no way to ask. Somebody with keys must.
    Pending,
    /// Whether money was taken cannot be known here. Somebody with keys must ask.
    Unknown,
}

/// Why a step could not be made. Nothing was sent.
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
    /// The sale is at a point where this cannot be done: an attempt is running, or it is over.
    NotNow,
    /// The sale has had its attempts.
    TooManyAttempts,
    /// The key was used for another attempt of this sale.
    KeyReused,
    /// The request has a session that is not the order's: [`Sale::session`](super::Sale::session) gives the one to pay with.
    OtherSession,
}

impl fmt::Display for SaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RxTooSmall { needed } => write!(f, "the receive buffer is too small: {needed} bytes are needed"),
            Self::Encode(error) => error.fmt(f),
            Self::NotNow => f.write_str("the sale is not at a point where this can be done"),
            Self::TooManyAttempts => f.write_str("the sale has had its attempts"),
            Self::KeyReused => f.write_str("x-idempotency-key: was used for another attempt of this sale"),
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
