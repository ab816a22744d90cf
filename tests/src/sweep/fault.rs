//! A schedule: which faults come where.

use core::fmt;

/// One fault of a schedule. Its number counts points, or exchanges, from the boot it happens in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power goes at this point; the next fault is counted from the reboot.
    Cut(u32),
    /// This becomes of this exchange; the terminal lives on.
    Net(u32, Net),
}

/// What becomes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// No byte leaves.
    NotSent,
    /// Nobody to trust answers.
    Untrusted,
    /// Bytes leave and never arrive.
    LostBefore,
    /// It arrives after the terminal has given up waiting.
    ArrivesLate,
    /// Executed; the answer is lost.
    LostAfter,
    /// Executed; the answer ends early, under a length that says otherwise.
    Short,
    /// Executed; a byte of the answer is wrong.
    Garbled,
    /// Not executed; somebody between answers with a page.
    PageBefore,
    /// Executed; somebody between answers with a page.
    PageAfter,
    /// Not executed; too busy, and says for how long.
    Throttled,
    /// Not executed; too busy, without a word of when.
    Busy,
    /// Not executed; the gateway fails, and keeps that under the key.
    Failed,
    /// Executed; the gateway fails afterwards, and keeps that under the key.
    FailedAfter,
    /// Not executed; a 401 from wherever.
    Unauthorized,
    /// Not executed; a 404 from wherever.
    NotFound,
    /// Executed; the terminal drops its own future.
    Dropped,
    /// The backend dies before the first thing that lasts: of Order Pay, before the forward is kept.
    Dies0,
    /// The backend dies after the first thing that lasts: of Order Pay, kept and not sent.
    Dies1,
    /// The backend dies after the second: of Order Pay, sent, and the gateway's answer is not heard.
    Dies2,
    /// The backend dies after the third.
    Dies3,
    /// The backend's database takes nothing.
    Unkept,
    /// What the backend sends on does not arrive.
    Unreached,
    /// What the backend sends on is executed, and the answer to it lost.
    Unheard,
    /// It arrives twice.
    Twice,
}

impl Net {
    /// Those of every exchange.
    pub const ALL: [Self; 16] = [
        Self::NotSent,
        Self::Untrusted,
        Self::LostBefore,
        Self::ArrivesLate,
        Self::LostAfter,
        Self::Short,
        Self::Garbled,
        Self::PageBefore,
        Self::PageAfter,
        Self::Throttled,
        Self::Busy,
        Self::Failed,
        Self::FailedAfter,
        Self::Unauthorized,
        Self::NotFound,
        Self::Dropped,
    ];

    /// Those of a call through a backend that does something.
    pub const BACKEND: [Self; 5] = [Self::Dies0, Self::Dies1, Self::Dies2, Self::Dies3, Self::Unkept];
    /// Those of Order Pay through a backend, beside.
    pub const RELAY: [Self; 3] = [Self::Unreached, Self::Unheard, Self::Twice];

    const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not-sent",
            Self::Untrusted => "untrusted",
            Self::LostBefore => "lost-before",
            Self::ArrivesLate => "arrives-late",
            Self::LostAfter => "lost-after",
            Self::Short => "short",
            Self::Garbled => "garbled",
            Self::PageBefore => "page-before",
            Self::PageAfter => "page-after",
            Self::Throttled => "throttled",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::FailedAfter => "failed-after",
            Self::Unauthorized => "401",
            Self::NotFound => "404",
            Self::Dropped => "dropped",
            Self::Dies0 => "dies-0",
            Self::Dies1 => "dies-1",
            Self::Dies2 => "dies-2",
            Self::Dies3 => "dies-3",
            Self::Unkept => "unkept",
            Self::Unreached => "unreached",
            Self::Unheard => "unheard",
            Self::Twice => "twice",
        }
    }
}

impl Fault {
    /// Reads what `Display` writes: `p17` or `n3:lost-after`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(point) = text.strip_prefix('p') {
            return point.parse().ok().map(Self::Cut);
        }
        let (exchange, name) = text.strip_prefix('n')?.split_once(':')?;
        let net = Net::ALL.into_iter().chain(Net::BACKEND).chain(Net::RELAY).find(|net| net.name() == name)?;
        Some(Self::Net(exchange.parse().ok()?, net))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(point) => write!(f, "p{point}"),
            Self::Net(exchange, net) => write!(f, "n{exchange}:{}", net.name()),
        }
    }
}
