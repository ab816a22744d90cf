//! The rules: which device may do what to which order, and how the book's duties are done.
//!
//! They stand between a till's call and the [`book`](crate::book). They decide which event is stored, and which call to the gateway is made
//! before or after it. They know no socket, thread, cache or database: these are behind a [`Ground`]. `cargo xtask sweep` and `cargo xtask
//! explore` run the same rules in memory.

mod claim;
mod close;
mod create;
mod decide;
mod duties;
mod forward;
mod ground;
mod not_now;
mod ours;
mod reading;
mod refund;
mod relay;
mod way;

use pay_core::model::{ApiVersion, OrderId};
use pay_core::wire;
use serde_json::json;

pub use crate::answer::{Answer, Rate};
use crate::book::{Effect, Event, Owner};
pub use crate::budget::{Budget, Class, Limits};
pub use crate::call::{Call, Incoming, Prices};
pub use decide::{Said, decide, done};
pub use duties::fulfil;
pub use forward::Forward;
pub use ground::Ground;
pub use not_now::NotNow;
#[cfg(feature = "service")]
pub(crate) use ours::maker;
#[cfg(all(test, feature = "service"))]
pub(crate) use ours::mark;
pub use ours::{OrderSeen, need, order, seen};
#[cfg(feature = "service")]
pub(crate) use reading::VERSION;
#[cfg(feature = "service")]
pub(crate) use refund::seen_refunds;
pub use relay::{alias, hide};
pub use way::Way;

/// Answers a device whose token belongs to `owner`, and which pays in this way.
pub fn serve<G: Ground>(ground: &G, owner: Owner, way: Way, prices: &Prices, request: &Incoming) -> Answer {
    let answer = || checked(ground, owner, prices, request).unwrap_or_else(|refusal| refusal);
    match way {
        Way::Relayed if relay::takes(request) => relay::relay(ground, owner, request),
        Way::Relayed => hide(ground, owner, answer()),
        Way::Direct => answer(),
    }
}

fn checked<G: Ground>(ground: &G, owner: Owner, prices: &Prices, request: &Incoming) -> Result<Answer, Answer> {
    let call = request.call(prices)?;
    if call.acts() && request.epoch()? < ground.epoch(owner)? {
        return Err(Answer::old_epoch());
    }
    // The backend's own calls need no version of the gateway's API.
    let version = if call.is_ours() { ApiVersion::default() } else { request.version()? };
    answer(ground, owner, call, version)
}

/// Answers a call of a device under its current epoch.
///
/// # Errors
/// The call is refused, or could not be stored: the answer to the device.
pub fn answer<G: Ground>(ground: &G, owner: Owner, call: Call, version: ApiVersion) -> Result<Answer, Answer> {
    match call {
        Call::Create(order) => create::create(ground, owner, *order, version),
        Call::Close(order) => close::close(ground, owner, &order, version),
        Call::Report(order, released, payment) => claim::report(ground, owner, &order, released, payment),
        Call::Claim(order, payment) => claim::claim(ground, owner, &order, payment),
        Call::Recover => recover(ground, owner),
        Call::Read(order) => {
            ours::need(ground, owner, &order, version)?;
            Ok(ours::order(ground, &order, version))
        }
        Call::Payments(order) => {
            ours::need(ground, owner, &order, version)?;
            let answer = ground.read(wire::Call::ListPayments(&order), version);
            // Store what the device learns in the book, too: then a claim that follows needs no reading of its own. If it cannot be stored,
            // the claim reads.
            if answer.is_success() {
                let _ = reading::note_list(ground, &order, None, &answer);
            }
            Ok(answer)
        }
        Call::Payment(order, payment) => {
            ours::need(ground, owner, &order, version)?;
            Ok(ground.read(wire::Call::ReadPayment(&order, payment), version))
        }
    }
}

/// A device lost its journal, or replaces another one: its earlier epochs are over.
fn recover<G: Ground>(ground: &G, owner: Owner) -> Result<Answer, Answer> {
    let (epoch, orders) = ground.recover(owner)?;
    let orders: Vec<_> = orders.iter().map(OrderId::as_str).collect();
    Ok(Answer::ok(json!({"epoch": epoch, "orders": orders}).to_string().into()))
}

/// Applies an event to an order that exists.
fn say<G: Ground>(ground: &G, order: &OrderId, event: &Event) -> Result<Effect, Answer> {
    ground.say(order, event)?.ok_or_else(Answer::no_such_order)
}

/// The same for a device's report; an event that contradicts the book is refused.
fn say_or_conflict<G: Ground>(ground: &G, order: &OrderId, event: &Event) -> Result<(), Answer> {
    match say(ground, order, event)? {
        Effect::ReadFirst => Err(Answer::not_seen_paid()),
        effect if effect.is_conflict() => Err(Answer::contradiction()),
        Effect::News { .. } | Effect::Pace { .. } => Ok(()),
    }
}
