//! What to do next: the flow from intent to outcome. Pure: time and entropy are arguments, I/O is a step.

mod answer;
mod asking;
pub(crate) mod delivery;
mod duties;
mod image;
mod limits;
mod policy;
mod record;
mod release;
mod state;
mod step;
mod time;

pub use delivery::{Delivery, ErrorKind, Failure};
pub use image::ImageError;
pub use limits::{Exposure, LimitReached, Limits};
pub use policy::{Policy, Refunds};
pub use record::{Attempt, AttemptEnd, AttemptState, Conflict, MAX_ATTEMPTS, NotPaid, Record, RefusedBy, Stage};
pub use release::{AfterCut, Release, VendToken};
pub use state::{Intent, RouteProblem, Sale, Setup, Switch};
pub use step::{Buffers, Commit, Connection, InFlight, Outcome, SaleError, Step};
pub use time::Millis;
