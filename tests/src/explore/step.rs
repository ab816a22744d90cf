//! What happens in a world.

use core::fmt;

use pay_core::till::Goods;

use super::gateway::{Call, Kind};
use super::merchant::Fault;
use super::rules::Rules;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    On {
        till: u8,
        after_hour: bool,
        other: bool,
    },
    Cut(u8),
    LosesJournal(u8),
    Looks {
        till: u8,
        after_hour: bool,
    },
    Person {
        till: u8,
        out: bool,
    },
    Attests {
        till: u8,
        paid: bool,
    },
    SaysRefunded(u8),
    Stores(u8),
    StoreFails {
        till: u8,
        stored: bool,
    },
    Answered(u8, Call),
    AnsweredWithout(u8, usize),
    /// The backend has held a question about the order until it had read its payments.
    ToldOfNews(u8),
    /// A webhook comes.
    Hook(u64),
    Refused(u8, Call),
    Throttled(u8, Call),
    FailedAfter(u8, Call),
    NotSent(u8, Call),
    LostBefore(u8, Call),
    LostAfter(u8, Call),
    CutAfter(u8, Call),
    /// The backend dies before it answers.
    BackendDies(u8, Call, Fault),
    /// Something goes wrong behind the backend, and it answers.
    Relayed(u8, Call, Fault),
    Delayed(u8, Call),
    Arrives(Call),
    NeverArrives(Call),
    Shown(u8),
    NotShown(u8),
    /// A password, right or not; `None`: another is asked for.
    Types(u8, Option<bool>),
    Chooses(u8, Option<Kind>),
    Vends {
        till: u8,
        goods: Goods,
        cut: bool,
        out: bool,
    },
    Senses {
        till: u8,
        goods: Goods,
    },
    Waits(u8),
    WaitsLong(u8),
    Cancels(u8),
    Switches(u8),
    Succeeds(u64),
    Fails(u64),
    Dropped(u64),
    StrangerBegins,
    Expires,
    MerchantWorks(Fault),
    Reports {
        released: bool,
        payment: u64,
    },
    Claims {
        payment: u64,
    },
}

impl Step {
    /// It is no fault, nor somebody's whim: on a fair network it comes in the end, if it can.
    pub const fn is_fair(&self, rules: &Rules) -> bool {
        match self {
            Self::On { other: false, .. }
            | Self::Looks { .. }
            | Self::Person { .. }
            | Self::Attests { .. }
            | Self::SaysRefunded(_)
            | Self::Stores(_)
            | Self::Answered(..)
            | Self::Arrives(_)
            | Self::NeverArrives(_)
            | Self::Shown(_)
            | Self::Types(..)
            | Self::Chooses(..)
            | Self::Vends { cut: false, .. }
            | Self::Senses { .. }
            | Self::Waits(_)
            | Self::WaitsLong(_)
            | Self::Succeeds(_)
            | Self::Fails(_)
            | Self::Dropped(_)
            | Self::MerchantWorks(Fault::None)
            | Self::Expires => true,
            Self::On { other: true, .. }
            | Self::Cut(_)
            | Self::LosesJournal(_)
            | Self::StoreFails { .. }
            | Self::AnsweredWithout(..)
            | Self::ToldOfNews(_)
            | Self::Hook(_)
            | Self::Refused(..)
            | Self::Throttled(..)
            | Self::FailedAfter(..)
            | Self::NotSent(..)
            | Self::LostBefore(..)
            | Self::LostAfter(..)
            | Self::CutAfter(..)
            | Self::BackendDies(..)
            | Self::Relayed(..)
            | Self::Delayed(..)
            | Self::NotShown(_)
            | Self::Vends { .. }
            | Self::Switches(_)
            | Self::MerchantWorks(_)
            | Self::Reports { .. }
            | Self::Claims { .. }
            | Self::StrangerBegins => false,
            // It stands for the end of the shopper's time, where nobody waits for so long.
            Self::Cancels(_) => !rules.hours,
        }
    }
}

impl Step {
    /// The same of the other terminal, where two have changed their places.
    #[must_use]
    pub fn swapped(mut self) -> Self {
        match &mut self {
            Self::On { till, .. }
            | Self::Cut(till)
            | Self::LosesJournal(till)
            | Self::Looks { till, .. }
            | Self::Person { till, .. }
            | Self::Attests { till, .. }
            | Self::SaysRefunded(till)
            | Self::Stores(till)
            | Self::StoreFails { till, .. }
            | Self::AnsweredWithout(till, _)
            | Self::ToldOfNews(till)
            | Self::Shown(till)
            | Self::NotShown(till)
            | Self::Types(till, _)
            | Self::Chooses(till, _)
            | Self::Vends { till, .. }
            | Self::Senses { till, .. }
            | Self::Waits(till)
            | Self::WaitsLong(till)
            | Self::Cancels(till)
            | Self::Switches(till) => *till = 3 - *till,
            Self::Answered(till, call)
            | Self::Refused(till, call)
            | Self::Throttled(till, call)
            | Self::FailedAfter(till, call)
            | Self::NotSent(till, call)
            | Self::LostBefore(till, call)
            | Self::LostAfter(till, call)
            | Self::CutAfter(till, call)
            | Self::BackendDies(till, call, _)
            | Self::Relayed(till, call, _)
            | Self::Delayed(till, call) => {
                *till = 3 - *till;
                call.swap();
            }
            Self::Arrives(call) | Self::NeverArrives(call) => call.swap(),
            Self::Succeeds(_)
            | Self::Hook(_)
            | Self::Fails(_)
            | Self::Dropped(_)
            | Self::StrangerBegins
            | Self::Expires
            | Self::MerchantWorks(_)
            | Self::Reports { .. }
            | Self::Claims { .. } => {}
        }
        self
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
