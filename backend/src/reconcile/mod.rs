//! The book against the gateway's own reconciliation, order by order.
//!
//! The gateway gives what it has booked as pages, a thousand events each (`POST /recon`). Where a page and the book do not say the
//! same, that order alone is read, and what differs then is named. Nothing here moves money: the book is told what was read, or has a
//! backend read it, and its own rules go on from there. `docs/backend.md` has the whole of it.
//!
//! The documents leave much about the pages open. Assumed is: they have payments and refunds that are not settled yet; an event is on
//! them within the time that lies between the day that is compared and now; `start_date` and `end_date` mean the event's time, and
//! both belong to the range; and 30 pages a minute are allowed. If one of these is wrong, many orders are doubtful at once, and the
//! command says so and ends. What an event's fields say: [`page`].

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

/// Who says a word in the book's story.
const WHO: &str = "reconcile";

/// What to compare, and how.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Reconcile {
    /// The first day, as `2026-11-29`, in Indian Standard Time.
    pub from: String,
    /// The last day; of today what has passed.
    pub to: String,
    /// The account to compare: [`MERCHANT`](crate::MERCHANT), or the name of another.
    pub account: String,
    /// The gateway, with the keys of that account.
    pub gateway: Endpoint,
    /// How it is reached, and whom to trust there.
    pub transport: transport_std::Config,
    /// Where the book is. Backends may run on it.
    pub database: Database,
    /// What the gateway allows the account. A quarter of it is used for single readings, all of it for pages.
    pub limits: Limits,
    /// How long an order can be paid, as the backends have it.
    pub order_life: Duration,
    /// Orders that the book does not know are looked at if their ids begin with one of these; all of them if there is none.
    pub ids: Vec<String>,
    /// Nothing is kept, and every difference is left.
    pub is_rehearsal: bool,
    /// How long to wait at the end for a backend to read what it was asked to.
    pub wait: Duration,
}

/// Compares, and tells of each difference.
///
/// # Errors
/// [`ReconcileError`]. What was told before stands.
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
