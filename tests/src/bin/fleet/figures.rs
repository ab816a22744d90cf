//! What a run comes to.

use core::fmt;
use std::collections::HashMap;

use serde_json::Value;

pub struct Figures {
    kiosks: u32,
    /// From paid to known, in microseconds, sorted.
    times: Vec<u64>,
    readings: u64,
    throttled: u64,
}

impl Figures {
    /// `paid`: when each order was; `known`: when its kiosk began to hand out; `count`: the sandbox's.
    pub fn new(kiosks: u32, paid: Vec<Value>, known: Vec<Value>, count: &Value) -> Self {
        let time = |value: &Value| Some((value["order"].as_str()?.to_owned(), value["at"].as_u64()?));
        let paid: HashMap<_, _> = paid.iter().filter_map(time).collect();
        let known = known.iter().filter_map(time);
        let mut times: Vec<_> =
            known.filter_map(|(order, at)| paid.get(&order).map(|paid| at.saturating_sub(*paid))).collect();
        times.sort_unstable();
        let number = |name: &str| count[name].as_u64().expect("a count");
        Self { kiosks, times, readings: number("readings"), throttled: number("throttled") }
    }

    /// Every kiosk knows, and none was told before it was paid.
    pub fn is_whole(&self) -> bool {
        self.times.len() == self.kiosks as usize && self.times.first().is_some_and(|least| *least > 0)
    }

    /// The time that so many of a hundred were within, in seconds.
    fn within(&self, percent: usize) -> f64 {
        let place = (self.times.len() * percent).div_ceil(100).saturating_sub(1);
        self.times.get(place).map_or(f64::NAN, |time| *time as f64 / 1e6)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders = f64::from(self.kiosks);
        writeln!(f, "{} of {} kiosks knew, the last after {:.2} s", self.times.len(), self.kiosks, self.within(100))?;
        let (p50, p99, each) = (self.within(50), self.within(99), self.readings as f64 / orders);
        let (kiosks, throttled) = (self.kiosks, self.throttled);
        write!(
            f,
            "paid to known: p50 {p50:.2} s, p99 {p99:.2} s, {kiosks} kiosks, {each:.2} readings an order, 429: {throttled}"
        )
    }
}
