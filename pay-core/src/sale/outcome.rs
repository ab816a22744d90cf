//! What a record stands for: its outcome, and what the backend is to hear of it.

use super::super::model::RefundReason;
use super::record::{Record, Stage};
use super::release::Release;
use super::step::Outcome;

/// What the backend is told: `true`, the goods are out; `false`, they are not and never will be. `None`: not yet known,
/// or nothing to tell.
pub(super) const fn report(record: &Record) -> Option<bool> {
    match (&record.stage, record.release) {
        // Also of goods that are out on an order that was paid twice: the backend looks for the second payment.
        (_, Release::Released) => Some(true),
        (_, Release::NotReleased | Release::Returned) => Some(false),
        (Stage::RefundDue(RefundReason::LateSuccess) | Stage::Refunded(RefundReason::LateSuccess), _) => Some(false),
        (Stage::RefundDue(RefundReason::Surplus) | Stage::Refunded(RefundReason::Surplus), Release::Untracked) => {
            Some(true)
        }
        (_, Release::Untracked | Release::Due | Release::Releasing | Release::Unknown) => None,
    }
}

/// The outcome that a record stands for, if it has one.
pub(super) fn outcome(record: &Record) -> Option<Outcome> {
    let stays = matches!(record.release, Release::NotReleased | Release::Returned);
    match &record.stage {
        Stage::RefundDue(why) => Some(Outcome::RefundDue(*why)),
        Stage::Refunded(RefundReason::Surplus) | Stage::Paid { .. } if stays => {
            Some(Outcome::RefundDue(RefundReason::NotReleased))
        }
        Stage::Paid { watch } => Some(Outcome::Paid { cf_payment_id: record.payer(), watch: *watch }),
        Stage::NotPaid(why) => Some(Outcome::NotPaid(why.clone())),
        Stage::Refunded(why) => Some(Outcome::RefundDue(*why)),
        Stage::Taken => Some(Outcome::OrderTaken),
        Stage::PaidElsewhere { .. } => Some(Outcome::PaidElsewhere),
        Stage::PaidUnclear => Some(Outcome::PaidUnclear),
        Stage::HandedOver => Some(Outcome::HandedOver),
        Stage::Creating | Stage::Open | Stage::Closing => None,
    }
}
