//! How a terminal must end in a scenario, and whether the books agree.

/// What a terminal can do. The numbers are places in a scenario's table of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A till with the merchant's keys: it asks the gateway and makes refunds itself.
    Keys = 0,
    /// It pays with the session alone, and asks the merchant's backend.
    Kiosk = 1,
    /// It has a session, and cannot ask.
    Blind = 2,
}

/// The state in which a terminal must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Paid by the first attempt, once.
    Paid,
    /// The first attempt failed, a later one under a new key paid; in all, once. A terminal that makes one attempt ends
    /// not paid.
    PaidOnRetry,
    /// Certainly not paid: no charge stands, and none can come.
    NotPaid,
    /// Given up before anything that charges was sent.
    NotStarted,
    /// A payment must be refunded.
    RefundDue,
    /// A payment had to be refunded, and was, or the gateway has taken the refund.
    Refunded,
    /// The shopper may still pay, and this terminal cannot ask.
    Pending,
    /// A charge may have been made, and this terminal cannot know.
    Unknown,
    /// Paid by another party: no goods and no refund from here.
    PaidElsewhere,
    /// Paid, but not known by whom: a person must look.
    PaidUnclear,
    /// Another party has the order, or is paying it: nothing that charges was sent.
    OrderTaken,
    /// The journal keeps the sale open: the terminal asks at growing intervals until it gets an answer.
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
            Self::PaidElsewhere => "paid elsewhere",
            Self::PaidUnclear => "paid, unclear by whom",
            Self::OrderTaken => "order taken",
            Self::StillAsking => "still asking",
        }
    }
}
