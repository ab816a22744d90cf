//! Counters for Prometheus.

use core::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::notice::Notice;

/// Buckets in seconds: up to a little more than the longest wait of a device.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 15.0];

/// Counters of one backend.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<At, Histogram, fn() -> Histogram>,
    connections: Family<At, Gauge>,
    gateway: Family<Called, Counter>,
    gateway_seconds: Histogram,
    duties: Family<Came, Counter>,
    notices: Family<Kind, Counter>,
    /// Set at each visit to the store.
    people: Gauge,
    open: Gauge,
    overdue: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct At {
    door: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    door: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    account: String,
    call: &'static str,
    /// The status, or `none` if no answer came.
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Came {
    to: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// Figures that the store knows at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) people: u64,
    pub(crate) open: u64,
    pub(crate) overdue: u64,
}

fn histogram() -> Histogram {
    Histogram::new(BOUNDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("backend"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            connections: Family::default(),
            gateway: Family::default(),
            gateway_seconds: histogram(),
            duties: Family::default(),
            notices: Family::default(),
            people: Gauge::default(),
            open: Gauge::default(),
            overdue: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Answers by door and status", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From a request's head to its answer; waiting devices wait up to 10 s",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register("connections", "Open connections by door", metrics.connections.clone());
        registry.register("gateway_calls", "Calls to the gateway by account, kind and status", metrics.gateway.clone());
        registry.register_with_unit(
            "gateway_call_duration",
            "Calls to the gateway",
            Unit::Seconds,
            metrics.gateway_seconds.clone(),
        );
        registry.register(
            "duties",
            "Duties done, or put off as the gateway or the database failed",
            metrics.duties.clone(),
        );
        registry.register("notices", "Notices by kind", metrics.notices.clone());
        registry.register("people_matters", "Matters that need a person now", metrics.people.clone());
        registry.register("open_orders", "Orders that are not settled", metrics.open.clone());
        registry.register("overdue_duties", "Duties that are due and that nobody is at", metrics.overdue.clone());
        metrics
    }
}

impl Metrics {
    pub(crate) fn answered(&self, door: &'static str, status: u16, time: Duration) {
        self.requests.get_or_create(&Answered { door, status }).inc();
        self.seconds.get_or_create(&At { door }).observe(time.as_secs_f64());
    }

    pub(crate) fn connected(&self, door: &'static str) {
        self.connections.get_or_create(&At { door }).inc();
    }

    pub(crate) fn disconnected(&self, door: &'static str) {
        self.connections.get_or_create(&At { door }).dec();
    }

    pub(crate) fn called(&self, account: &str, call: &'static str, status: Option<u16>, time: Duration) {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.gateway.get_or_create(&Called { account: account.to_owned(), call, status }).inc();
        self.gateway_seconds.observe(time.as_secs_f64());
    }

    pub(crate) fn did_duty(&self, done: bool) {
        self.duties.get_or_create(&Came { to: if done { "done" } else { "later" } }).inc();
    }

    pub(crate) fn noticed(&self, notice: &Notice) {
        self.notices.get_or_create(&Kind { kind: notice.kind() }).inc();
    }

    /// All counters in Prometheus's text format.
    pub(crate) fn text(&self, counts: Counts) -> String {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.people.set(number(counts.people));
        self.open.set(number(counts.open));
        self.overdue.set(number(counts.overdue));
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
