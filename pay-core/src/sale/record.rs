//! What a journal stores of a sale: enough to ask, nothing that could pay.

use core::fmt;

use sha2::{Digest, Sha256};

use super::super::model::{
    Amount, ApiVersion, CfPaymentId, Currency, Environment, IdempotencyKey, MethodClass, OrderId, RefundId,
    RefundReason, Text, UnixSeconds,
};
use super::release::Release;
use super::settle::{Quiet, ReadAt};

/// The most attempts of one sale. More are refused: an order that failed this often needs a person.
pub const MAX_ATTEMPTS: usize = 4;

/// The most payments that one record sends back. More successes on one order are a person's matter.
pub(super) const MAX_RETURNS: usize = 4;

/// The state of a sale. Its types cannot hold a card number, a CVV, an OTP, a session id or a hash of one (PCI DSS
/// 4.0.1, requirement 3.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Record {
    /// The number of this state of the sale, from 1; a higher number replaces a lower one.
    pub seq: u32,
    /// The order: it ensures that the intent is paid once.
    pub order_id: OrderId,
    /// The order's amount.
    pub amount: Amount,
    /// The currency of the amount.
    pub currency: Currency,
    /// Sandbox or production.
    pub environment: Environment,
    /// The API version of its calls.
    pub api_version: ApiVersion,
    /// Which device sells, where an earlier version named it; kept as it was read.
    pub device: Option<Text<28>>,
    /// When the sale began, by a clock that may be wrong: for ages shown to people and for limits, never for money.
    pub created: Option<UnixSeconds>,
    /// The stage of the sale.
    pub stage: Stage,
    /// The state of the goods.
    pub release: Release,
    /// A report to the backend is due: about the goods or late money.
    pub report_due: bool,
    /// The gateway's last refusal: status and code, for people.
    pub said: Option<RefusedBy>,
    /// No other party can pay the order: this journal created it, and its session was given to no other.
    pub(super) alone: bool,
    /// The order takes no more payments. Since when nothing of it moves, if so; and whether it has moved for so long
    /// that a person must look.
    pub(super) closed: Option<Closed>,
    /// The payments that must be refunded, or were.
    pub(super) returns: [Option<Return>; MAX_RETURNS],
    /// Which sale in memory wrote it: a hash of its seed.
    pub(super) writer: [u8; 8],
    /// The `seq` that this writer last knew to be stored; 0 before the first.
    pub(super) from: u32,
    pub(super) attempts: [Option<Attempt>; MAX_ATTEMPTS],
}

/// What is known of an order that takes no more payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Closed {
    /// The last complete reading showed nothing that moves.
    pub(super) quiet: bool,
    /// The first of the complete readings that agree on that, no reading having failed between them; or, where
    /// something moves, the first that showed it.
    pub(super) since: Option<ReadAt>,
    /// Something has been moving for too long; or, where nothing tells since when, money came and nothing says whose.
    pub(super) person: bool,
}

impl Closed {
    /// Money came on the order of a sale that was given up, and nothing says whose.
    pub(super) const UNCLEAR: Self = Self { quiet: false, since: None, person: true };
}

/// A payment to refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // two facts, always there
pub struct Return {
    /// Which.
    pub what: Returned,
    /// It was refunded, or the gateway or the holder of the merchant's keys has taken the refund.
    pub back: bool,
}

/// What is refunded; the refund's id is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_enums)] // a journal must store each
pub enum Returned {
    /// This payment.
    Payment(CfPaymentId),
    /// A payment whose number is not known, or a refund that an earlier version began: by reason, and a number that
    /// tells several for one reason apart.
    Reason(RefundReason, u8),
}

/// The stage of a sale.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum Stage {
    /// The order may exist; nothing was paid.
    Creating,
    /// The order exists; attempts may be on their way.
    Open,
    /// The sale is over for the shopper; the order is being closed. Late money must be refunded.
    Closing,
    /// Paid. Closed, unless other attempts are still watched: a second success would be a surplus.
    Paid {
        /// Another attempt may still charge.
        watch: bool,
    },
    /// Certainly not paid. Closed.
    NotPaid(NotPaid),
    /// The order exists, and nothing shows that this journal created it, or another party is paying it. No payment of
    /// ours was sent. Open until the order has ended.
    Taken,
    /// Paid by another party. Closed, unless attempts of ours may still charge.
    PaidElsewhere {
        /// An attempt of ours may still charge.
        watch: bool,
    },
    /// The order is paid, but not known by whom. Open: a person must look.
    PaidUnclear,
    /// The merchant's backend watches the order, and refunds late money. No charge was seen. Closed.
    HandedOver,
    /// A payment must be refunded. Open until the refund is reported.
    RefundDue(RefundReason),
    /// It was refunded, or the gateway or the holder of the merchant's keys has taken the refund. Closed.
    Refunded(RefundReason),
}

/// Why a sale ended unpaid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NotPaid {
    /// The order was closed before it was paid.
    Terminated,
    /// The order expired.
    Expired,
    /// Given up before anything that could charge was sent.
    NotStarted,
    /// The gateway refused it: status and code.
    Refused(RefusedBy),
    /// Nothing could be sent.
    NotSent,
    /// A person checked the gateway's dashboard and recorded it ([`Sale::attest`](super::Sale::attest)).
    Attested,
    /// Kept for records of earlier versions: an order of this id existed with another amount, or with attempts that
    /// were not ours.
    OrderConflict,
}

/// A refusal in short: the part that may be stored and logged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // the message echoes card data and is left out for ever
pub struct RefusedBy {
    /// The HTTP status.
    pub status: u16,
    /// The gateway's code, cut at 39 bytes.
    pub code: Text<39>,
}

/// One attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Attempt {
    /// The class of its method.
    pub class: MethodClass,
    /// Its idempotency key.
    pub key: IdempotencyKey,
    /// What the key stands for: a hash over order, amount, currency, method class, version and environment. It has no
    /// data of the shopper.
    pub digest: [u8; 16],
    /// The gateway's number of the payment, once known.
    pub cf_payment_id: Option<CfPaymentId>,
    /// It was sent again after an unknown answer: it may have made two payments.
    pub repeated: bool,
    /// Its state.
    pub state: AttemptState,
}

/// The state of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AttemptEnd {
    /// It charged.
    Success,
    /// `FAILED`
    Failed,
    /// `USER_DROPPED`
    UserDropped,
    /// `VOID` or `CANCELLED`
    Reversed,
    /// The gateway refused it, and did not execute it.
    Refused(RefusedBy),
    /// It never left this terminal.
    NotSent,
    /// It never left, because the server was not trusted.
    Untrusted,
    /// The gateway does not have it: two readings agree, far enough apart.
    NotFound,
}

/// Why a journal refuses a record. The stored record stays, and nothing is sent.
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
            said: None,
            alone: false,
            closed: None,
            returns: [None; MAX_RETURNS],
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

    /// Whether the sale still needs an action.
    pub const fn is_open(&self) -> bool {
        let settled = match self.stage {
            Stage::Paid { watch } | Stage::PaidElsewhere { watch } => !watch,
            Stage::NotPaid(_) | Stage::Refunded(_) | Stage::HandedOver => true,
            Stage::Creating
            | Stage::Open
            | Stage::Closing
            | Stage::Taken
            | Stage::PaidUnclear
            | Stage::RefundDue(_) => false,
        };
        !settled || self.release.is_open() || self.report_due
    }

    /// Whether the shopper may have been charged without this terminal knowing: what [`Limits`](super::Limits) count.
    /// Not a sale that is known to be paid, nor one whose order takes no more payments and has none in progress, nor
    /// one that needs a person.
    pub const fn is_unsettled(&self) -> bool {
        match (&self.stage, self.closed) {
            (Stage::Creating | Stage::Open | Stage::Closing, Some(closed)) => !closed.quiet && !closed.person,
            (Stage::Creating | Stage::Open | Stage::Closing, None) => true,
            (
                Stage::Taken
                | Stage::Paid { .. }
                | Stage::PaidElsewhere { .. }
                | Stage::PaidUnclear
                | Stage::NotPaid(_)
                | Stage::HandedOver
                | Stage::RefundDue(_)
                | Stage::Refunded(_),
                _,
            ) => false,
        }
    }

    /// Whether a person must look: a payment on a closed order has been in progress for longer than
    /// [`NOT_ATTEMPTED_MS`](super::NOT_ATTEMPTED_MS); or the order is paid, but not known by whom.
    pub const fn needs_person(&self) -> bool {
        matches!(self.stage, Stage::PaidUnclear) || matches!(self.closed, Some(Closed { person: true, .. }))
    }

    /// Money came, and a person has to say whose it is.
    pub(super) fn is_unclear(&self) -> bool {
        self.stage == Stage::PaidUnclear || (self.stage == Stage::Closing && self.closed == Some(Closed::UNCLEAR))
    }

    /// The order takes no more payments, and none is in progress: a later reading must confirm it.
    pub const fn is_quiet(&self) -> bool {
        matches!(self.closed, Some(Closed { quiet: true, .. }))
    }

    /// The order takes no more payments, and one may still be in progress: asking again at once would tell nothing new.
    pub const fn is_moving(&self) -> bool {
        matches!(self.closed, Some(Closed { quiet: false, since: Some(_), .. }))
    }

    /// The payments that must be refunded, or were.
    pub fn returns(&self) -> impl Iterator<Item = &Return> {
        self.returns.iter().flatten()
    }

    /// The id of the refund that is due next. It is made of order and payment.
    pub fn refund_id(&self) -> Option<RefundId> {
        Some(self.next_return()?.what.refund_id(&self.order_id))
    }

    /// The payment to refund next.
    pub(super) fn next_return(&self) -> Option<Return> {
        self.refund_due()?;
        self.returns().find(|due| !due.back).copied()
    }

    pub(super) fn quiet(&self) -> Quiet {
        self.closed
            .filter(|closed| closed.quiet)
            .and_then(|closed| closed.since)
            .map_or_else(Quiet::default, Quiet::kept)
    }

    /// Notes that a payment must be refunded; `false`: there is no room, so a person must look.
    pub(super) fn note_return(&mut self, what: Returned) -> bool {
        if self.returns().any(|known| known.what == what) {
            return true;
        }
        let full = self.returns.iter().all(Option::is_some);
        // What went back can be forgotten: its refund's id would find it again.
        let free = self.returns.iter_mut().find(|slot| slot.is_none_or(|known| full && known.back));
        free.is_some_and(|slot| {
            *slot = Some(Return { what, back: false });
            true
        })
    }

    /// The attempt of this payment.
    pub(super) fn attempt_of(&self, id: CfPaymentId) -> Option<&Attempt> {
        self.attempts().find(|attempt| attempt.cf_payment_id == Some(id))
    }

    /// How many payments of ours may exist whose number is not known.
    pub(super) fn hidden(&self) -> usize {
        let hides =
            |attempt: &&Attempt| attempt.may_have_charged() && (attempt.repeated || attempt.cf_payment_id.is_none());
        self.attempts().filter(hides).count()
    }

    /// The payment of ours that took the money and stays: seen to succeed, never guessed.
    pub(super) fn payer(&self) -> Option<CfPaymentId> {
        let success = |attempt: &&Attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success);
        let goes = |id: CfPaymentId| self.returns().any(|known| known.what == Returned::Payment(id));
        let ids = || self.attempts().filter(success).filter_map(|attempt| attempt.cf_payment_id);
        ids().find(|id| !goes(*id)).or_else(|| ids().next())
    }

    /// Whether goods went out for a payment of ours, or may have: then it stands. Untracked goods go out when the sale
    /// says "paid".
    pub(super) const fn goods_went_out(&self) -> bool {
        let said = matches!(
            self.stage,
            Stage::Paid { .. } | Stage::RefundDue(RefundReason::Surplus) | Stage::Refunded(RefundReason::Surplus)
        );
        self.release.is_under_way() || (said && matches!(self.release, Release::Untracked))
    }

    /// Why a refund is due, if one is: late, surplus, or for goods that were not handed out.
    pub const fn refund_due(&self) -> Option<RefundReason> {
        match self.stage {
            Stage::RefundDue(why) => Some(why),
            _ if matches!(self.release, Release::NotReleased) => Some(RefundReason::NotReleased),
            _ => None,
        }
    }

    /// Whether a journal may replace `kept`, a record of the same order, by this one. This prevents paying an intent
    /// twice after a reboot: a sale that begins anew under an order id with a history is stopped here, before anything
    /// is sent.
    ///
    /// # Errors
    /// [`Conflict`]; the stored record stays.
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
        // Of two sales in memory that claim one order, a copy or one begun anew, the journal goes on with the first. Each record names
        // the one before it that its sale knew to be stored: the kept one, or the one that was kept when a store was cut. A sale that
        // begins anew names none, so it never continues, whatever its seed.
        let continues =
            self.from == kept.seq || (self.writer == kept.writer && self.from == kept.from && kept.from != 0);
        if self == kept || (continues && self.seq > kept.seq) { Ok(()) } else { Err(Conflict::Stale) }
    }

    /// Whether an attempt of `other`, a sale of another order, has a key of this one's.
    pub fn shares_key_with(&self, other: &Self) -> bool {
        self.order_id != other.order_id
            && self.attempts().any(|attempt| other.attempts().any(|theirs| theirs.key == attempt.key))
    }

    /// The hash of what an attempt of this order by this class stands for.
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

impl Returned {
    /// The refund's id.
    pub fn refund_id(&self, order: &OrderId) -> RefundId {
        match *self {
            Self::Payment(payment) => RefundId::of_payment(order, payment),
            Self::Reason(reason, n) => RefundId::derive(order, reason, n.into()),
        }
    }
}

impl Attempt {
    /// Whether it can still change.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, AttemptState::Ended(_))
    }

    /// The gateway answered, and refused it.
    pub(super) const fn was_answered(&self) -> bool {
        matches!(self.state, AttemptState::Ended(AttemptEnd::Refused(_)))
    }

    /// Whether it may have charged, or may still charge: all attempts but those that were refused or never left. One
    /// that was not found may appear, and one that failed may succeed late.
    pub const fn may_have_charged(&self) -> bool {
        !matches!(self.state, AttemptState::Ended(AttemptEnd::Refused(_) | AttemptEnd::NotSent | AttemptEnd::Untrusted))
    }
}
