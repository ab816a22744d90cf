//! How patient and how bold a sale is.

use super::super::model::{ApiVersion, MethodClass};
use super::release::AfterCut;

/// How patient and how bold a sale is. The defaults are safe for every method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Policy {
    /// There is a route that answers for orders: a desktop with keys, or a kiosk's backend. Without one a sale ends in
    /// [`Outcome::Pending`](super::Outcome::Pending) or [`Outcome::Unknown`](super::Outcome::Unknown) at best.
    pub can_ask: bool,
    /// How long the shopper has from [`Sale::pay`](super::Sale::pay), in milliseconds (default 5 minutes, the gateway's own limit of a QR).
    /// Then the order is closed, and asking goes on until the gateway says how it ended.
    pub deadline_ms: u32,
    /// The limit of one exchange, in milliseconds (default 20 s; the OTP page wants at least 10 s).
    pub exchange_ms: u32,
    /// Between two rounds of asking while the shopper acts, in milliseconds (default 3 s, as the gateway advises).
    pub ask_ms: u32,
    /// The longest pause that growing intervals reach, in milliseconds (default 60 s).
    pub ask_max_ms: u32,
    /// How long a backend is asked to hold its answer until the order has news, in seconds (default 9, at most 10, 0 for not at all):
    /// with [`Refunds::ByBackend`], while the shopper acts. Always less than half of [`Policy::exchange_ms`], so that a shorter limit
    /// of an exchange makes shorter waits, and none under 2.001 s. A till that blocks hears no wish meanwhile: take less there.
    pub wait_s: u8,
    /// "No payment exists" is believed after two agreeing readings this far apart, in milliseconds (default 30 s).
    pub settle_ms: u32,
    /// How often the same bytes under the same key may be sent again after an unknown answer, for a method that charges
    /// nobody unless its answer was shown (default 1).
    pub repeats: u8,
    /// Allows the same for cards, EMI and collect requests (default: no). Only with merchant keys, where the gateway
    /// promises to recognise the key; the caller takes the risk that it does not.
    pub repeat_charging: bool,
    /// The sale keeps track of the goods: see [`Sale::begin_release`](super::Sale::begin_release) (default: no). The record of
    /// a paid order stays open until they are out, or the money has gone back.
    pub release: bool,
    /// What a sale is taken for that was cut off while the goods were going out.
    pub after_cut: AfterCut,
    /// Who sends money back (default: the caller).
    pub refunds: Refunds,
    /// With [`Refunds::ByBackend`] and [`Policy::release`]: the sale asks the backend for the right to hand out before the goods move,
    /// so that of several terminals on one order one hands out (default: yes).
    pub claim: bool,
}

/// Who sends back money that came late, twice, or for goods that stayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refunds {
    /// The caller, and says so with [`Sale::refunded`](super::Sale::refunded).
    #[default]
    ByCaller,
    /// The sale, over an ask route with the merchant's keys: under an id that is the same whoever asks and however often
    /// ([`RefundId::of_payment`](crate::model::RefundId::of_payment)), after it has read the order's payments and refunds, read back
    /// after a lost answer.
    ByKeys,
    /// The merchant's backend: the sale reports over the ask route whether the goods are out, until the report is taken.
    ByBackend,
}

impl Policy {
    /// For a terminal that can ask how orders stand.
    pub const fn with_ask() -> Self {
        Self {
            can_ask: true,
            deadline_ms: 300_000,
            exchange_ms: 20_000,
            ask_ms: 3_000,
            ask_max_ms: 60_000,
            wait_s: 9,
            settle_ms: 30_000,
            repeats: 1,
            repeat_charging: false,
            release: false,
            after_cut: AfterCut::AskOperator,
            refunds: Refunds::ByCaller,
            claim: true,
        }
    }

    /// For a till that holds the merchant's keys and hands out goods: it keeps track of the goods ([`Policy::release`]) and sends
    /// money back by itself ([`Refunds::ByKeys`]).
    pub const fn with_keys() -> Self {
        Self { release: true, refunds: Refunds::ByKeys, ..Self::with_ask() }
    }

    /// For a terminal that holds a session id and nothing else.
    pub const fn session_only() -> Self {
        Self { can_ask: false, ..Self::with_ask() }
    }

    /// How long the backend may hold its answer, in seconds.
    pub(super) fn wait_s(&self) -> u8 {
        if self.refunds != Refunds::ByBackend {
            return 0;
        }
        // Less than half of an exchange: the rest is for the way there and back.
        let most = self.exchange_ms.saturating_sub(1) / 2 / 1_000;
        self.wait_s.min(10).min(u8::try_from(most).unwrap_or(10))
    }

    /// Whether `class` may be sent again after an unknown answer, `done` repeats having been made.
    pub(super) const fn may_repeat(&self, class: MethodClass, done: u8) -> bool {
        done < self.repeats && (class.needs_shopper() || self.repeat_charging)
    }

    /// Orders can be closed since `2023-08-01`.
    pub(super) fn may_terminate(&self, version: ApiVersion) -> bool {
        self.can_ask && version >= ApiVersion::V2023_08_01
    }
}

/// The least size of `rx` for an attempt: a QR answer has about 10 KB, all others under 2 KB; orders have about 1 KB.
pub(super) const fn least_rx(class: MethodClass) -> usize {
    if class.has_image() { 12 * 1024 } else { 4 * 1024 }
}
