//! The shopper of a scenario, and how they pay.

use crate::ground::test_data::Outcome;

/// How the terminal pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// UPI, a code on the screen.
    UpiQrCode,
    /// UPI, links to apps.
    UpiLink,
    /// UPI, a request to the shopper's phone (`shopper@bank`).
    UpiCollect,
    /// A card, on the bank's page.
    Card,
    /// A card, with the OTP entered at the terminal.
    CardOtp,
}

impl Means {
    /// A word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpiQrCode => "UPI QR code",
            Self::UpiLink => "UPI link",
            Self::UpiCollect => "UPI collect",
            Self::Card => "card",
            Self::CardOtp => "card with OTP",
        }
    }

    pub(crate) fn is_of_the_kiosk(self) -> bool {
        self != Self::UpiCollect
    }
}

/// One action of the shopper or their bank about an attempt, or of another party beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) cue: Cue,
    pub(crate) after_ms: u64,
    pub(crate) does: Does,
}

/// What happens in a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// The attempt ends.
    Ends(Outcome),
    /// A new payment of another party on the same order succeeds.
    StrangerPays,
}

/// What a [`Step`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    /// The gateway has the attempt; if only a shopper who saw its answer can pay it, that answer was sent completely.
    Begun,
    /// The gateway has accepted the termination of the order, which is not done yet.
    Closing,
    /// Just before the call that closes the order arrives.
    BeforeClosing,
    /// Just before the next attempt arrives.
    BeforeNext,
}

const fn step(cue: Cue, after_ms: u64, outcome: Outcome) -> Step {
    Step { cue, after_ms, does: Does::Ends(outcome) }
}

pub(crate) const fn stranger_pays_after(ms: u64) -> Step {
    Step { cue: Cue::Begun, after_ms: ms, does: Does::StrangerPays }
}

pub(crate) const STRANGER_PAYS_WHILE_CLOSING: Step =
    Step { cue: Cue::Closing, after_ms: 500, does: Does::StrangerPays };

pub(crate) const fn pays_after(ms: u64) -> Step {
    step(Cue::Begun, ms, Outcome::Success)
}

pub(crate) const fn fails_after(ms: u64) -> Step {
    step(Cue::Begun, ms, Outcome::Failed("TRANSACTION_DECLINED"))
}

pub(crate) const fn drops_after(ms: u64) -> Step {
    step(Cue::Begun, ms, Outcome::UserDropped)
}

pub(crate) const fn pays_while_closing(ms: u64) -> Step {
    step(Cue::Closing, ms, Outcome::Success)
}

pub(crate) const PAYS_BEFORE_CLOSING: Step = step(Cue::BeforeClosing, 0, Outcome::Success);
pub(crate) const PAYS_BEFORE_NEXT: Step = step(Cue::BeforeNext, 0, Outcome::Success);

/// Every attempt is paid two seconds after the gateway has it, or after it was seen.
pub(crate) const PAYS: &[&[Step]] = &[&[pays_after(2_000)]];
/// No attempt is paid.
pub(crate) const LEAVES: &[&[Step]] = &[&[]];
