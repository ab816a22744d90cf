//! Webhooks that never came: payments that a reading showed and nobody had told of.

use core::time::Duration;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};

use pay_core::model::OrderId;

/// Others may be missed for so long after one was.
const KEEP: Duration = Duration::from_secs(600);
/// So many are remembered; one is enough to look.
const MOST: usize = 256;
/// At most so many orders that are waited for are looked at as if webhooks were missed: they show it when some are.
const SAMPLE: u32 = 80;
/// The sample's readings take one part in so many of what may be read in a minute.
const SHARE: u32 = 4;

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

    /// How old a reading of this order may be, while `waiting` orders are waited for and `limit` readings a minute are allowed.
    pub(crate) fn may_be_old(&self, order: &OrderId, now: Duration, waiting: usize, limit: u32) -> Duration {
        let missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missed = |since: &Duration| now.saturating_sub(*since) < KEEP;
        if is_sampled(order, waiting, limit) || missed.values().any(is_missed) { DOUBTING } else { TRUSTING }
    }
}

/// Whether it is one of the sample: the same ones, while as many are waited for.
fn is_sampled(order: &OrderId, waiting: usize, limit: u32) -> bool {
    let a_minute = u32::try_from(60 / DOUBTING.as_secs()).unwrap_or(1);
    let size = (limit / SHARE / a_minute).clamp(1, SAMPLE);
    let place = BuildHasherDefault::<DefaultHasher>::default().hash_one(order.as_str()) >> 32;
    place.saturating_mul(waiting as u64) >> 32 < u64::from(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(count: u32) -> Vec<OrderId> {
        (0..count).map(|n| OrderId::parse(&format!("till-{n}")).expect("an id")).collect()
    }

    // Meant to notice: readings for every order while all webhooks come; none while some are lost; a late webhook taken for a lost one.
    #[test]
    fn who_misses_webhooks_looks() {
        let (missed, orders) = (Missed::default(), orders(1_000));
        let old = |order, at| missed.may_be_old(order, Duration::from_secs(at), 1_000, 200);
        let looks = |at| orders.iter().filter(|order| old(order, at) == DOUBTING).count();
        let some = looks(0);
        assert!((1..20).contains(&some), "{some}");
        missed.untold(&orders[0], Duration::from_secs(10));
        missed.untold(&orders[1], Duration::from_secs(10));
        missed.told(&orders[0]);
        assert_eq!((looks(10), looks(609), looks(610)), (1_000, 1_000, some));
        missed.told(&orders[1]);
        assert_eq!(looks(12), some);
    }

    // Meant to notice: a sample that grows with the orders, or beyond a quarter of the minute's readings; none of few orders.
    #[test]
    fn the_sample_is_as_large_as_its_share_of_the_readings() {
        let sample =
            |count: u32, limit| orders(count).iter().filter(|order| is_sampled(order, count as usize, limit)).count();
        assert_eq!((sample(1, 200), sample(5, 200)), (1, 5));
        for (count, limit, about) in [(100, 200, 7), (10_000, 200, 7), (1_000, 4_000, 80), (10_000, 40_000, 80)] {
            let size = sample(count, limit);
            assert!((about / 2..about * 2).contains(&size), "{size} of {count} with {limit} a minute");
        }
        assert!(sample(1_000, 0) <= 5);
    }
}
