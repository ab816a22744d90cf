//! What logs of the first form say (before the book knew single payments). They are read, and no longer written.

use serde::Deserialize;

/// An event of the first form.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums)] // it is closed
pub enum Old {
    /// A device wants it.
    Wanted {
        /// The device.
        owner: String,
        /// In minor units.
        amount: u64,
    },
    /// The gateway has it.
    Made,
    /// The device wants it closed.
    Closing,
    /// The device says whether the goods are out.
    Reported {
        /// Whether they are.
        released: bool,
    },
    /// All money must go back.
    RefundDue {
        /// As it came late.
        late: bool,
    },
    /// The order ended unpaid, or its first refund is made.
    Over,
    /// So many payments came beyond the first.
    Surplus {
        /// How many.
        count: u16,
    },
    /// One of them went back.
    SurplusBack,
    /// No more of them can come.
    Counted,
}
