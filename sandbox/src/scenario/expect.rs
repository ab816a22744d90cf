//! How a terminal must come out of a scenario, and whether the books agree.

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
    /// Paid by somebody else: no goods here, and nothing goes back from here.
    PaidElsewhere,
    /// Paid, and whether by this terminal cannot be told: a person must look.
    PaidUnclear,
    /// Somebody else has the order, or is paying it: nothing that charges was sent.
    OrderTaken,
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
            Self::PaidElsewhere => "paid elsewhere",
            Self::PaidUnclear => "paid, unclear by whom",
            Self::OrderTaken => "order taken",
            Self::StillAsking => "still asking",
        }
    }
}
