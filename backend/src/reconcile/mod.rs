//! The book against the gateway's own reconciliation, order by order.
//!
//! The gateway lists its bookings on pages of a thousand events each (`POST /recon`). If a page and the book disagree about an order, that
//! order is read alone, and every remaining difference is reported. Nothing here moves money: the book receives what was read, or a backend
//! reads the order again, and the book's rules do the rest. See `docs/backend.md`.
//!
//! The documents leave much about the pages open. This code assumes: the pages include payments and refunds that are not settled yet; an
//! event is on them by the time the comparison runs; `start_date` and `end_date` mean the event's time, and both belong to the range; 30
//! pages a minute are allowed. If one of these is wrong, many orders are doubtful at once; the command says so and ends. [`page`] explains
//! an event's fields.

mod database;
mod day;
mod difference;
mod doubt;
mod judge;
mod listed;
mod page;
mod reading;
mod recorded;
mod run;
mod shelf;
#[cfg(test)]
mod tests;
mod window;

use core::time::Duration;

use pay_core::wire::Endpoint;

use crate::book::{Terms, Unreported};
use crate::budget::Limits;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::store::{Database, Role, Store};

pub use difference::Difference;
pub use run::{ReconcileError, Reconciled};

use database::OfAccount;
use run::{Plan, Run};
use window::Window;

/// The name under which reconciliations appear in the book's history.
const WHO: &str = "reconcile";

/// The settings of a reconciliation.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Reconcile {
    /// The first day, as `2026-11-29`, in Indian Standard Time.
    pub from: String,
    /// The last day. If it is today, the part that has passed.
    pub to: String,
    /// The account to compare: [`MERCHANT`](crate::MERCHANT), or the name of another.
    pub account: String,
    /// The gateway, with the keys of that account.
    pub gateway: Endpoint,
    /// How to connect to the gateway, and which certificates to trust.
    pub transport: transport_std::Config,
    /// Where the book is stored. Backends may run meanwhile.
    pub database: Database,
    /// The account's limits at the gateway. Single readings use a quarter of them, pages all of them.
    pub limits: Limits,
    /// How long an order can be paid, as set at the backends.
    pub order_life: Duration,
    /// Orders that the book does not know are read only if their ids begin with one of these. If empty, all of them are.
    pub ids: Vec<String>,
    /// Only report: store nothing, and count every difference as left.
    pub is_rehearsal: bool,
    /// How long to wait at the end for a backend to read the orders that differ.
    pub wait: Duration,
}

/// Compares, and reports each difference.
///
/// # Errors
/// [`ReconcileError`]. Differences reported before it remain valid.
pub fn reconcile(wanted: &Reconcile, tell: &mut dyn FnMut(&Difference)) -> Result<Reconciled, ReconcileError> {
    let clock = Clock::system();
    let day = |text: &str| day::begins(text).ok_or(ReconcileError::Days("a day is written as 2026-11-29"));
    let (from, last) = (day(&wanted.from)?, day(&wanted.to)?);
    let to = (last + day::DAY_S - 1).min(clock.unix_seconds());
    if from > to {
        return Err(ReconcileError::Days("the first day comes after the last, or has not come yet"));
    }
    let terms = Terms {
        life_ms: u64::try_from(wanted.order_life.as_millis()).unwrap_or(u64::MAX),
        first_look_ms: 2_000,
        unreported: Unreported::Tell,
    };
    let (endpoint, transport) = (wanted.gateway.clone(), wanted.transport.clone());
    let gateway = Gateway::new(endpoint, transport, &[], wanted.limits.beside(), clock.clone())
        .map_err(|error| ReconcileError::Setup(error.to_string()))?;
    let store = Store::open(&wanted.database, Role::Tool, terms)?;
    let plan = Plan {
        window: Window { from, to },
        ids: wanted.ids.clone(),
        terms,
        is_rehearsal: wanted.is_rehearsal,
        wait: wanted.wait,
    };
    let shelf = OfAccount { store: &store, account: &wanted.account };
    Run::new(&gateway, &clock, &shelf, &plan).go(tell)
}
