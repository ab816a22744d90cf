//! Webhooks that never came: payments that a reading showed and nobody had told of.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pay_core::model::OrderId;

/// A webhook that is so late is missed.
const LATE: Duration = Duration::from_secs(2);
/// Others may be missed for so long after one was.
const KEEP: Duration = Duration::from_secs(600);
/// So many are remembered; one is enough to look.
const MOST: usize = 256;
/// One order of so many is looked at as if webhooks were missed: they show it when some are.
const SAMPLE: u32 = 50;

/// How old a reading may be that a waiting device gets when nothing came.
const TRUSTING: Duration = Duration::from_secs(600);
const DOUBTING: Duration = Duration::from_secs(8);

/// What was not told in time.
#[derive(Default)]
pub(crate) struct Missed(Mutex<HashMap<OrderId, Duration>>);

impl Missed {
    /// A reading shows what no webhook has told.
    pub(crate) fn untold(&self, order: &OrderId, now: Duration) {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.len() >= MOST {
            missed.retain(|_, since| now.saturating_sub(*since) < KEEP);
        }
        if missed.len() < MOST {
            missed.entry(order.clone()).or_insert(now);
        }
    }

    /// A webhook tells of this order: it was late only.
    pub(crate) fn told(&self, order: &OrderId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(order);
    }

    /// How old a reading of this order may be.
    pub(crate) fn may_be_old(&self, order: &OrderId, now: Duration) -> Duration {
        let sum: u32 = order.as_str().bytes().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missed = |since: &Duration| (LATE..KEEP).contains(&now.saturating_sub(*since));
        if sum.is_multiple_of(SAMPLE) || missed.values().any(is_missed) { DOUBTING } else { TRUSTING }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: readings for every order while all webhooks come; none while some are lost; a late webhook taken for a lost one.
    #[test]
    fn who_misses_webhooks_looks() {
        let missed = Missed::default();
        let orders: Vec<_> = (0..1_000).map(|n| OrderId::parse(&format!("till-{n}")).expect("an id")).collect();
        let looks =
            |at| orders.iter().filter(|order| missed.may_be_old(order, Duration::from_secs(at)) == DOUBTING).count();
        let some = looks(0);
        assert!((1..60).contains(&some), "{some}");
        missed.untold(&orders[0], Duration::from_secs(10));
        missed.untold(&orders[1], Duration::from_secs(10));
        missed.told(&orders[0]);
        assert_eq!((looks(11), looks(12), looks(609), looks(610)), (some, 1_000, 1_000, some));
        missed.told(&orders[1]);
        assert_eq!(looks(12), some);
    }
}
