//! How patient and how bold a sale is.

use super::super::model::{ApiVersion, MethodClass};
use super::release::AfterCut;

/// An answer that was held this long for each second asked for was held to the end: our clock may be slower than the backend's by 4 %,
/// as an oscillator without a crystal may be. What comes in the last 4 % is taken for the end; then the next question brings it.
pub(super) const WAITED_MS: u32 = 960;

/// How long a sale waits, what it may repeat, and who makes refunds. The defaults are safe for every method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Policy {
    /// Whether an ask route answers for orders: the gateway for a desktop with keys, or a kiosk's backend. Without one
    /// a sale ends as [`Outcome::Pending`](super::Outcome::Pending) or [`Outcome::Unknown`](super::Outcome::Unknown) at
    /// best.
    pub can_ask: bool,
    /// How long the shopper has from [`Sale::pay`](super::Sale::pay), in milliseconds (default 5 minutes, the gateway's
    /// own limit of a QR). Then the sale closes the order, and asks until the gateway says how it ended.
    pub deadline_ms: u32,
    /// The limit of one exchange, in milliseconds (default 20 s; the gateway's OTP page asks for at least 10 s).
    pub exchange_ms: u32,
    /// The pause between two questions while the shopper acts, in milliseconds (default 3 s, as the gateway advises).
    pub ask_ms: u32,
    /// The longest pause between two questions, in milliseconds (default 60 s).
    pub ask_max_ms: u32,
    /// How long the backend may hold its answer until the order has news, in seconds (default 9, at most 10, 0 for not
    /// at all): with [`Refunds::ByBackend`], while the shopper acts. The sale uses less than half of
    /// [`Policy::exchange_ms`]: a shorter exchange limit makes shorter waits, and one under 2.001 s none. A blocking
    /// till does not notice the shopper meanwhile: use a small value there.
    pub wait_s: u8,
    /// The sale believes "no payment exists" after two agreeing readings this far apart, in milliseconds (default 30
    /// s).
    pub settle_ms: u32,
    /// How often the sale may send the same bytes under the same key again after an unknown answer, for a method that
    /// cannot charge unless its answer was shown (default 1).
    pub repeats: u8,
    /// Allows the same for cards, EMI and collect requests (default: no). Use it only with merchant keys, where the
    /// gateway promises to recognise the key. The risk that it does not is yours.
    pub repeat_charging: bool,
    /// Whether the sale tracks the goods: see [`Sale::begin_release`](super::Sale::begin_release) (default: no). The
    /// record of a paid order then stays open until they are out, or the payment is refunded.
    pub release: bool,
    /// How to treat a sale whose goods were going out when the power went.
    pub after_cut: AfterCut,
    /// Who makes refunds (default: the caller).
    pub refunds: Refunds,
    /// With [`Refunds::ByBackend`] and [`Policy::release`]: whether the sale asks the backend for the right to hand out
    /// before the goods move, so that only one of several terminals on an order hands out (default: yes).
    pub claim: bool,
}

/// Who refunds money that came late, twice, or for goods that were not handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refunds {
    /// The caller, who then calls [`Sale::refunded`](super::Sale::refunded). Not for a terminal behind a backend that
    /// sends money back itself, as the crate `backend` does: the shopper would get it twice.
    #[default]
    ByCaller,
    /// The sale, over an ask route with the merchant's keys. Its refund has an id made of order and payment
    /// ([`RefundId::of_payment`](crate::model::RefundId::of_payment)). It reads the order's payments and refunds first,
    /// and reads the refund back after a lost answer.
    ByKeys,
    /// The merchant's backend. The sale reports over the ask route whether the goods are out, until the backend takes
    /// the report.
    ByBackend,
}

impl Policy {
    /// A policy for a terminal that can ask how orders stand.
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

    /// A policy for a till that holds the merchant's keys and hands out goods: it tracks the goods
    /// ([`Policy::release`]) and makes refunds itself ([`Refunds::ByKeys`]).
    pub const fn with_keys() -> Self {
        Self { release: true, refunds: Refunds::ByKeys, ..Self::with_ask() }
    }

    /// A policy for a terminal that has only a session id, and cannot ask.
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
