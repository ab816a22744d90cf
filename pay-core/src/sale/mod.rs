//! What to do next: the flow from intent to outcome. Pure: time and entropy are arguments, I/O is a step.

mod answer;
mod asking;
pub(crate) mod delivery;
mod policy;
mod record;
mod state;
mod step;
mod time;

pub use delivery::{Delivery, ErrorKind, Failure};
pub use policy::Policy;
pub use record::{Attempt, AttemptEnd, AttemptState, MAX_ATTEMPTS, NotPaid, Record, RefusedBy, Stage};
pub use state::{Intent, RouteProblem, Sale, Setup};
pub use step::{Buffers, Commit, Connection, InFlight, Outcome, SaleError, Step};
pub use time::Millis;
