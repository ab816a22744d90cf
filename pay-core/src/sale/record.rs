//! What a journal keeps of a sale: enough to ask, nothing that could pay.

use core::fmt;

use sha2::{Digest, Sha256};

use super::super::model::{
    Amount, ApiVersion, CfPaymentId, Currency, Environment, IdempotencyKey, MethodClass, OrderId, PaymentStatus,
    RefundReason, Text, UnixSeconds,
};
use super::release::Release;

/// The most attempts of one sale. More are refused: an order that failed so often needs a person.
pub const MAX_ATTEMPTS: usize = 4;

/// What is known of a sale. By its types it cannot hold a card number, a CVV, an OTP, a session id or a hash of one
/// (PCI DSS 4.0.1, requirement 3.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Record {
    /// Counts the states of this sale that were given to the journal, from 1; a higher number replaces a lower one.
    pub seq: u32,
    /// The order: the fence behind which the intent can be paid once.
    pub order_id: OrderId,
    /// What it costs.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// Where the money is.
    pub environment: Environment,
    /// The version its calls are made with.
    pub api_version: ApiVersion,
    /// Which device sells, where it was named ([`Sale::with_device`](super::Sale::with_device)).
    pub device: Option<Text<28>>,
    /// When the sale began, by a clock that may be wrong: for ages shown to people and for limits, never for money.
    pub created: Option<UnixSeconds>,
    /// How far it is.
    pub stage: Stage,
    /// What became of the goods.
    pub release: Release,
    /// The backend has yet to hear what became of the goods or of late money.
    pub report_due: bool,
    /// Successes beyond the first that were found.
    pub(super) surplus: u8,
    /// How many of them went back.
    pub(super) surplus_back: u8,
    /// Which sale in memory wrote it: a hash of its seed.
    pub(super) writer: [u8; 8],
    /// The `seq` that this writer resumed from; 0 for a sale that began.
    pub(super) from: u32,
    pub(super) attempts: [Option<Attempt>; MAX_ATTEMPTS],
}

/// How far a sale is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum Stage {
    /// The order may exist; nothing was paid.
    Creating,
    /// The order exists; attempts may be on their way.
    Open,
    /// The sale is over for the shopper; the order is being closed. Money that still comes must go back.
    Closing,
    /// Paid. Closed, unless other attempts are still watched: a second success would be a surplus.
    Paid {
        /// Another attempt may still take money.
        watch: bool,
    },
    /// Not paid, for certain. Closed.
    NotPaid(NotPaid),
    /// Money came that must go back. Open until somebody says it did.
    RefundDue(RefundReason),
    /// It went back, or the gateway or whoever holds the merchant's keys has taken it over. Closed.
    Refunded(RefundReason),
}

/// Why a sale ended without money.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NotPaid {
    /// The order was closed before it was paid.
    Terminated,
    /// The order's time was over.
    Expired,
    /// Given up before anything that could charge was sent.
    NotStarted,
    /// The gateway refused it: status and code.
    Refused(RefusedBy),
    /// Nothing could be sent.
    NotSent,
    /// Somebody who can see the gateway's books said so ([`Sale::attest`](super::Sale::attest)).
    Attested,
    /// An order of this id exists with another amount or currency, or with attempts that are not ours.
    OrderConflict,
}

/// A refusal in short: what may be kept and logged of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // the message echoes card data and is left out for ever
pub struct RefusedBy {
    /// The HTTP status.
    pub status: u16,
    /// The gateway's code, cut at 48 bytes.
    pub code: Text<48>,
}

/// One attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Attempt {
    /// What kind of payment.
    pub class: MethodClass,
    /// Its key.
    pub key: IdempotencyKey,
    /// What the key stands for: a hash over order, amount, currency, method class, version and environment. Nothing of
    /// the shopper's goes into it.
    pub digest: [u8; 16],
    /// The gateway's number of it, once known.
    pub cf_payment_id: Option<CfPaymentId>,
    /// It was sent again after an unknown answer: there may be two payments of it.
    pub repeated: bool,
    /// What is known of it.
    pub state: AttemptState,
}

/// What is known of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum AttemptState {
    /// It may have been sent, and may have been executed.
    Sent,
    /// The gateway has it.
    Known,
    /// It is over.
    Ended(AttemptEnd),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AttemptEnd {
    /// It took the money.
    Success,
    /// `FAILED`
    Failed,
    /// `USER_DROPPED`
    UserDropped,
    /// `VOID` or `CANCELLED`
    Reversed,
    /// The gateway refused it; it was not executed.
    Refused(RefusedBy),
    /// It never left this terminal.
    NotSent,
    /// It never left, because the server is not who it should be.
    Untrusted,
    /// The gateway does not have it: two agreeing readings, far enough apart.
    NotFound,
}

/// Why a journal refuses a record. What it keeps stays, and nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Conflict {
    /// The journal has this order in another, or a newer, state: resume that one.
    Stale,
    /// The order, or the key of an attempt, stands for another intent.
    OtherIntent,
    /// A sale of another order has the key of one of its attempts.
    KeyReused,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => "order_id: the journal knows this order already; resume it",
            Self::OtherIntent => "order_id: the journal has it with another amount, currency, environment or attempt",
            Self::KeyReused => "x-idempotency-key: the journal has it with another order",
        })
    }
}

impl core::error::Error for Conflict {}

impl Record {
    /// A sale that has not begun.
    pub(super) const fn new(
        order_id: OrderId,
        amount: Amount,
        currency: Currency,
        environment: Environment,
        api_version: ApiVersion,
        stage: Stage,
    ) -> Self {
        let attempts = [const { None }; MAX_ATTEMPTS];
        Self {
            seq: 0,
            order_id,
            amount,
            currency,
            environment,
            api_version,
            device: None,
            created: None,
            stage,
            release: Release::Untracked,
            report_due: false,
            surplus: 0,
            surplus_back: 0,
            writer: [0; 8],
            from: 0,
            attempts,
        }
    }

    /// The attempts, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.iter().flatten()
    }

    /// How many attempts there were. The number of the next one.
    pub fn attempt_count(&self) -> usize {
        self.attempts().count()
    }

    /// Whether somebody still has to do something about it.
    pub const fn is_open(&self) -> bool {
        let settled = matches!(self.stage, Stage::Paid { watch: false } | Stage::NotPaid(_) | Stage::Refunded(_));
        !settled || self.release.is_open() || self.report_due
    }

    /// Which money must go back, if any: late, surplus, or for goods that stayed.
    pub const fn refund_due(&self) -> Option<RefundReason> {
        match self.stage {
            Stage::RefundDue(why) => Some(why),
            _ if matches!(self.release, Release::NotReleased) => Some(RefundReason::NotReleased),
            _ => None,
        }
    }

    /// Whether a journal may put this record in the place of `kept`, one of the same order. The fence against paying an
    /// intent twice after a reboot: a sale that begins anew under an order id that has a history is stopped here, before
    /// anything is sent.
    ///
    /// # Errors
    /// [`Conflict`]; what is kept stays.
    pub fn may_replace(&self, kept: &Self) -> Result<(), Conflict> {
        let same = self.order_id == kept.order_id
            && self.amount == kept.amount
            && self.currency == kept.currency
            && self.environment == kept.environment;
        if !same {
            return Err(Conflict::OtherIntent);
        }
        for (index, old) in kept.attempts().enumerate() {
            match self.attempts().nth(index) {
                Some(new) if new.key == old.key && new.digest == old.digest => {}
                Some(new) if new.key == old.key => return Err(Conflict::OtherIntent),
                _ => return Err(Conflict::Stale),
            }
        }
        // Of two sales in memory that claim one order, a copy or one begun anew, the journal goes on with the first.
        let continues = self.writer == kept.writer || self.from == kept.seq;
        if self == kept || (continues && self.seq > kept.seq) { Ok(()) } else { Err(Conflict::Stale) }
    }

    /// Whether an attempt of `other`, a sale of another order, has a key of this one's.
    pub fn shares_key_with(&self, other: &Self) -> bool {
        self.order_id != other.order_id
            && self.attempts().any(|attempt| other.attempts().any(|theirs| theirs.key == attempt.key))
    }

    /// What an attempt of this order by this class stands for.
    pub(super) fn digest(&self, class: MethodClass) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(b"intent\0");
        for part in
            [self.order_id.as_str(), self.currency.as_str(), self.environment.as_str(), self.api_version.as_str()]
        {
            hash.update(part);
            hash.update(b"\0");
        }
        hash.update(self.amount.minor().to_be_bytes());
        hash.update([class.code()]);
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        digest
    }

    pub(super) fn attempts_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Attempt> {
        self.attempts.iter_mut().flatten()
    }

    pub(super) fn last_attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts_mut().next_back()
    }
}

impl Attempt {
    /// It can still change.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, AttemptState::Ended(_))
    }

    /// It may have reached the gateway, and may take money even now: all but what was refused or never left. What was
    /// not found may turn up, and what failed may succeed late.
    pub const fn may_have_charged(&self) -> bool {
        !matches!(self.state, AttemptState::Ended(AttemptEnd::Refused(_) | AttemptEnd::NotSent | AttemptEnd::Untrusted))
    }
}

impl AttemptEnd {
    /// The end that a final status is; `None` for a status that is not final.
    pub(super) const fn of(status: PaymentStatus<'_>) -> Option<Self> {
        match status {
            PaymentStatus::Success => Some(Self::Success),
            PaymentStatus::Failed => Some(Self::Failed),
            PaymentStatus::UserDropped => Some(Self::UserDropped),
            PaymentStatus::Void | PaymentStatus::Cancelled => Some(Self::Reversed),
            _ => None,
        }
    }
}
