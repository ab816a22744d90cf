//! How a terminal must come out of a scenario, and whether the books agree.

use crate::{gateway::Gateway, order::OrderStatus};

/// What a terminal can do. The numbers are places in a scenario's table of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A till with the merchant's keys: it asks the gateway itself and sends money back itself.
    Keys = 0,
    /// It pays with the session alone, and asks the merchant's backend.
    Kiosk = 1,
    /// It holds a session, and has nobody to ask.
    Blind = 2,
}

/// The state that a terminal must end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Paid by the first attempt, once.
    Paid,
    /// The first attempt came to nothing, a later one under a new key paid; in all, once. A terminal that makes one
    /// attempt ends not paid.
    PaidOnRetry,
    /// Not paid, for certain: no money stands, none can come.
    NotPaid,
    /// Given up before anything that charges was sent.
    NotStarted,
    /// Money came that must go back.
    RefundDue,
    /// Money came that had to go back, and it has, or the gateway has taken that over.
    Refunded,
    /// The shopper may still pay, and this terminal cannot ask.
    Pending,
    /// Money may have been taken, and this terminal cannot know.
    Unknown,
    /// The journal keeps the sale open: it is asked about, at growing intervals, until somebody answers.
    StillAsking,
}

impl Mode {
    /// All.
    pub const ALL: [Self; 3] = [Self::Keys, Self::Kiosk, Self::Blind];

    /// A word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "with keys",
            Self::Kiosk => "with a backend",
            Self::Blind => "with neither",
        }
    }
}

impl Expect {
    /// A word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::PaidOnRetry => "paid on retry",
            Self::NotPaid => "not paid",
            Self::NotStarted => "not started",
            Self::RefundDue => "refund due",
            Self::Refunded => "refunded",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::StillAsking => "still asking",
        }
    }

    /// Whether the books allow a terminal to have said this of an order. Let the gateway's clock run on first, so that
    /// what can still happen has happened.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(self, gateway: &Gateway, order: &str) -> Result<(), String> {
        let charges = gateway.charges(order).count();
        let given_back = |payment: u64| {
            let of_payment = gateway.refunds().iter().filter(|refund| refund.payment_id == payment);
            of_payment.filter(|refund| refund.status.gives_back()).map(|refund| refund.amount.0).sum::<u64>()
        };
        let stand = gateway.charges(order).filter(|payment| given_back(payment.id) < payment.amount.0).count();
        let payable = gateway.orders().any(|known| known.id == order && known.status == OrderStatus::Active);
        let can_come =
            payable && gateway.payments().iter().any(|payment| payment.order_id == order && payment.status.is_open());
        let agrees = match self {
            Self::Paid | Self::PaidOnRetry => stand == 1 && charges == 1,
            Self::NotPaid | Self::NotStarted => charges == 0 && !can_come,
            Self::RefundDue => stand >= 1,
            Self::Refunded => charges >= 1 && stand + 1 == charges,
            Self::Pending | Self::Unknown | Self::StillAsking => stand <= 1,
        };
        if agrees {
            Ok(())
        } else {
            let open = if can_come { ", and more can come" } else { "" };
            Err(format!("{} was said; {charges} charges, {stand} of them not given back{open}", self.as_str()))
        }
    }
}
