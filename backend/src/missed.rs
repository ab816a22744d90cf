//! Webhooks that never came: payments that a reading showed and nobody had told of.

use core::time::Duration;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};

use pay_core::model::OrderId;

/// A webhook may come so long after a reading showed the payment: until then it is late, not lost.
const GRACE: Duration = Duration::from_secs(2);
/// Others may be missed for so long after one was.
const KEEP: Duration = Duration::from_secs(600);
/// So many are remembered; one is enough to look.
const MOST: usize = 256;
/// At most so many orders that are waited for are looked at as if webhooks were missed: they show it when some are. Of more than that,
/// twice as many are looked at half as often: the first loss is then seen sooner, for as many readings.
const SAMPLE: u32 = 80;
/// The sample's readings take one part in so many of what may be read in a minute.
const SHARE: u32 = 4;
/// Where webhooks are missed, the rest of the limit is left to those that come.
const ROUND_PERCENT: u32 = 80;

/// How old a reading may be that a waiting device gets when nothing came.
pub(crate) const TRUSTING: Duration = Duration::from_secs(600);
const DOUBTING: Duration = Duration::from_secs(8);
/// Whoever waits asks every ten seconds: this is every second time, as the one before is every time.
const SAMPLING: Duration = Duration::from_secs(18);

/// What was not told in time.
#[derive(Default)]
pub(crate) struct Missed(Mutex<HashMap<OrderId, Duration>>);

impl Missed {
    /// A reading shows what no webhook has told. Whether that is new.
    pub(crate) fn untold(&self, order: &OrderId, now: Duration) -> bool {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.len() >= MOST {
            missed.retain(|_, since| now.saturating_sub(*since) < KEEP);
        }
        let is_new = missed.len() < MOST && !missed.contains_key(order);
        if is_new {
            missed.insert(order.clone(), now);
        }
        is_new
    }

    /// A webhook tells of this order: it was late only.
    pub(crate) fn told(&self, order: &OrderId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(order);
    }

    /// How old a reading of this order may be, while `waiting` orders are waited for and `limit` readings a minute are allowed.
    pub(crate) fn may_be_old(&self, order: &OrderId, now: Duration, waiting: usize, limit: u32) -> Duration {
        let sampled = sampled(order, waiting, limit);
        let missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missed = |since: &Duration| (GRACE..KEEP).contains(&now.saturating_sub(*since));
        let is_missed = missed.values().any(is_missed);
        let age = if is_missed { a_round(waiting, limit).clamp(DOUBTING, TRUSTING) } else { TRUSTING };
        sampled.map_or(age, |sampled| sampled.min(age))
    }
}

/// How long it takes to read each order that is waited for once, without a minute in which nothing is left.
fn a_round(waiting: usize, limit: u32) -> Duration {
    let a_minute = u64::from(limit) * u64::from(ROUND_PERCENT) / 100;
    Duration::from_millis((waiting as u64).saturating_mul(60_000) / a_minute.max(1))
}

/// How often it is looked at if it is one of the sample: the same ones, while as many are waited for.
fn sampled(order: &OrderId, waiting: usize, limit: u32) -> Option<Duration> {
    let a_minute = u32::try_from(60 / DOUBTING.as_secs()).unwrap_or(1);
    let size = (limit / SHARE / a_minute).clamp(1, SAMPLE);
    if waiting <= size as usize {
        return Some(DOUBTING);
    }
    let place = BuildHasherDefault::<DefaultHasher>::default().hash_one(order.as_str()) >> 32;
    (place.saturating_mul(waiting as u64) >> 32 < u64::from(size * 2)).then_some(SAMPLING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(count: u32) -> Vec<OrderId> {
        (0..count).map(|n| OrderId::parse(&format!("till-{n}")).expect("an id")).collect()
    }

    // Meant to notice: readings for every order while all webhooks come; none while some are lost; a late webhook taken for a lost one,
    // before it comes or after.
    #[test]
    fn who_misses_webhooks_looks() {
        let (missed, orders) = (Missed::default(), orders(1_000));
        let old = |order, at| missed.may_be_old(order, Duration::from_secs(at), 1_000, 20_000);
        let looks = |at| orders.iter().filter(|order| old(order, at) <= SAMPLING).count();
        let some = looks(0);
        assert!((80..320).contains(&some), "{some}");
        missed.untold(&orders[0], Duration::from_secs(10));
        missed.untold(&orders[1], Duration::from_secs(10));
        missed.told(&orders[0]);
        assert_eq!((looks(11), looks(12), looks(609), looks(610)), (some, 1_000, 1_000, some));
        missed.told(&orders[1]);
        assert_eq!(looks(12), some);
    }

    // Meant to notice: a limit that is used up long before its minute is over, so that nobody is looked at in the rest of it; orders
    // that are hardly read although the limit would allow it.
    #[test]
    fn a_round_over_all_that_wait_takes_what_the_limit_allows() {
        let (missed, orders) = (Missed::default(), orders(2));
        missed.untold(&orders[0], Duration::ZERO);
        let order = orders.iter().find(|order| sampled(order, 400, 400).is_none()).expect("one that is no sample");
        for (waiting, limit, round_s) in [(10_000, 40_000, 18.75), (400, 400, 75.0), (10, 400, 8.0), (9_000, 0, 600.0)]
        {
            let age = missed.may_be_old(order, GRACE, waiting, limit);
            assert!((age.as_secs_f64() - round_s).abs() < 0.01, "{waiting} with {limit} a minute: {age:?}");
        }
    }

    // Meant to notice: a sample that grows with the orders, or beyond a quarter of the minute's readings; none of few orders.
    #[test]
    fn the_sample_is_as_large_as_its_share_of_the_readings() {
        let sample = |count: u32, limit, often| {
            orders(count).iter().filter(|order| sampled(order, count as usize, limit) == Some(often)).count()
        };
        assert_eq!((sample(1, 200, DOUBTING), sample(5, 200, DOUBTING), sample(80, 4_000, DOUBTING)), (1, 5, 80));
        for (count, limit, about) in [(100, 200, 14), (10_000, 200, 14), (1_000, 4_000, 160), (10_000, 40_000, 160)] {
            assert_eq!(sample(count, limit, DOUBTING), 0);
            let size = sample(count, limit, SAMPLING);
            assert!((about / 2..about * 2).contains(&size), "{size} of {count} with {limit} a minute");
        }
        assert!(sample(1_000, 0, SAMPLING) <= 8);
    }
}
