//! Numbered scenarios: what a gateway, a network and a shopper can do to a sale, and how the terminal must end.
//!
//! A scenario is chosen by the header `x-sandbox-scenario: SB-07` on any call, by the order's amount (9901.07 is SB-07,
//! 9902.07 is SB-107), or for all orders by [`Rules::scenario`](crate::Rules::scenario); the first that names one
//! decides, and it sticks to the order. `docs/scenarios.md` lists them.

use crate::books::terms::Terms;
use crate::gateway::keys::SessionKeys;
use crate::ground::amount::Paise;
use crate::scenario::act::Rule;
use crate::scenario::expect::{Expect, Mode};
use crate::scenario::shopper::{Means, Step};
use core::fmt;

/// The header that chooses a scenario.
pub const SCENARIO_HEADER: &str = "x-sandbox-scenario";

/// An order of this many paise and `n` more plays scenario `n`: 9901.01 rupees is SB-01, 9902.16 is SB-116.
const AMOUNTS_FROM: u64 = 990_100;

/// One scenario. The pure [`Gateway`](crate::Gateway) plays it; faults of the connection are described in
/// [`Response::fault`](crate::Response::fault), for the carrier of the answer.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Scenario {
    /// `SB-07`
    pub id: &'static str,
    /// Its name, one line.
    pub name: &'static str,
    /// What the gateway, the network and the shopper do.
    pub does: &'static str,
    /// How the terminal pays.
    pub means: Means,
    /// It is about creating the order: not applicable to a terminal that is given one.
    pub creates: bool,
    /// The order exists already, and others have its session too.
    pub given: bool,
    /// How many attempts the terminal makes at most, each after the previous one has ended.
    pub tries: u8,
    /// The terminal begins a second attempt while the first is still open.
    pub switches: bool,
    /// OTPs to enter, in order; `""` requests another.
    pub otps: &'static [&'static str],
    /// The limit of one exchange will be reached: use a short one.
    pub stalls: bool,
    pub(crate) ends: [Option<Expect>; 3],
    pub(crate) keys: Option<SessionKeys>,
    /// What else it changes in the rules, for its order.
    pub(crate) changes: fn(&mut Terms),
    pub(crate) rules: &'static [Rule],
    pub(crate) shopper: &'static [&'static [Step]],
}

impl Scenario {
    /// The amount that chooses it.
    #[must_use]
    pub fn amount(&self) -> Paise {
        Paise(AMOUNTS_FROM + self.number())
    }

    /// The state in which a terminal of this kind must end; `None` if the scenario is not applicable.
    #[must_use]
    pub fn expect(&self, mode: Mode) -> Option<Expect> {
        self.ends[mode as usize]
    }

    /// Whether a terminal of this kind creates the order itself, so that no other has its session; otherwise it is
    /// given one.
    #[must_use]
    pub fn makes(&self, mode: Mode) -> bool {
        self.creates || (!self.given && mode != Mode::Blind)
    }

    /// Whether it fixes what the gateway makes of idempotency keys on calls without credentials.
    #[must_use]
    pub fn fixes_session_keys(&self) -> Option<SessionKeys> {
        self.keys
    }

    /// The exit code that the example kiosk must end with; `asks`: it has a backend to ask. `None`: the kiosk cannot
    /// play the scenario (it makes one attempt and never switches), or the scenario is not applicable.
    ///
    /// 0 paid, 1 nothing was sent, 2 not paid, 3 unknown, 4 pending, 5 a refund is due, 6 paid by another party, 7 a
    /// person must look.
    #[must_use]
    pub fn kiosk_exit(&self, asks: bool) -> Option<u8> {
        let fits = !self.switches
            && self.means.is_of_the_kiosk()
            && !self.otps.contains(&"")
            && !self.given
            && (asks || !self.creates);
        let expected = self.expect(if asks { Mode::Kiosk } else { Mode::Blind }).filter(|_| fits)?;
        if self.tries > 1 && expected == Expect::Paid {
            // The second attempt is what brings it about.
            return None;
        }
        Some(match expected {
            Expect::Paid => 0,
            Expect::NotStarted | Expect::OrderTaken => 1,
            // The kiosk makes no second attempt, so none is one too many.
            Expect::RefundDue | Expect::Refunded if self.tries > 1 => 2,
            Expect::NotPaid | Expect::PaidOnRetry => 2,
            Expect::RefundDue | Expect::Refunded => 5,
            Expect::Unknown => 3,
            Expect::PaidElsewhere => 6,
            Expect::PaidUnclear => 7,
            // Its patience ends before the question does.
            Expect::Pending | Expect::StillAsking => 4,
        })
    }

    fn number(&self) -> u64 {
        self.id.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

/// Scenarios are compared by their ids.
impl PartialEq for Scenario {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Scenario {}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}
