//! What the rules stand on.

use pay_core::model::{ApiVersion, CallKind, OrderId, PaymentSessionId, RequestId, UnixSeconds};
use pay_core::wire::{Call, Request};

use super::forward::Forward;
use crate::answer::Answer;
use crate::book::{Effect, Entry, Event, Moment, Owner};
use crate::notice::Notice;

/// The book, the gateway and the time. The service has a database, a budget and threads behind it; the proof has memory.
///
/// An `Err` is what the device gets: nothing more is done for it then.
pub trait Ground {
    /// One call of the gateway that the budget has allowed.
    type Permit;

    /// The book's time.
    fn now(&self) -> Moment;
    /// Tells this start from others.
    fn power_on(&self) -> u64;
    /// When an order ends that is made now.
    fn ends(&self) -> UnixSeconds;

    /// The epoch of a device: what acts under an older one is refused.
    ///
    /// # Errors
    /// It cannot be read.
    fn epoch(&self, owner: Owner) -> Result<u64, Answer>;
    /// Begins the device's next epoch; it, and the device's orders that are not settled.
    ///
    /// # Errors
    /// It cannot be kept.
    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), Answer>;

    /// What is known of an order.
    ///
    /// # Errors
    /// It cannot be read.
    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer>;
    /// Keeps that a device wants an order; the order of this id, which may be somebody else's.
    ///
    /// # Errors
    /// It cannot be kept.
    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, Answer>;
    /// Keeps an order that only the gateway knew, with [`Event::Found`]: both or neither. The order of this id, and whether it was kept now.
    ///
    /// # Errors
    /// It cannot be kept.
    fn find(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<(Entry, bool), Answer>;
    /// Says what happened, and keeps it before anybody else decides. `None`: there is no such order.
    ///
    /// # Errors
    /// It cannot be kept.
    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, Answer>;

    /// Takes a call out of the budget.
    ///
    /// # Errors
    /// None is left: the 429 for a device.
    fn permit(&self, call: CallKind) -> Result<Self::Permit, Answer>;
    /// So many calls of this kind are left that nobody who waits will miss one.
    fn has_to_spare(&self, call: CallKind) -> bool;
    /// Calls the gateway. Where that gives no answer: [`Answer::nothing_known`].
    fn call(&self, permit: Self::Permit, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer;
    /// A call that only reads; others who asked the same a moment ago may have had this answer.
    fn read(&self, call: Call<'_>, version: ApiVersion) -> Answer;

    /// Keeps that Order Pay goes to the gateway. The session to send: that of the first call under this key, so that a repeat has the same
    /// body.
    ///
    /// # Errors
    /// It cannot be kept.
    fn keep_forward(&self, forward: &Forward<'_>) -> Result<PaymentSessionId, Answer>;
    /// Sends a device's Order Pay to the gateway, once: [`Answer::of_forward`], and [`Answer::doubt`] where that gives no answer.
    fn forward(&self, permit: Self::Permit, request: Request<'_>) -> Answer;
    /// For a request of a device that is sent on.
    ///
    /// # Errors
    /// There are no random bytes.
    fn request_id(&self) -> Result<RequestId, Answer>;
    /// The gateway's session of an order, if it was seen since the start.
    fn session(&self, _order: &OrderId) -> Option<PaymentSessionId> {
        None
    }
    /// The gateway has shown an order's session.
    fn keep_session(&self, _order: &OrderId, _session: &PaymentSessionId) {}
    /// The gateway does not take the order's session any more.
    fn forget_session(&self, _order: &OrderId) {}

    /// What was read of an order is old.
    fn forget(&self, _order: &OrderId) {}
    /// The gateway has shown the order in an answer to another call than a read.
    fn shown(&self, _order: &OrderId, _version: ApiVersion, _answer: &Answer) {}
    /// Something may be due sooner than it was.
    fn planned(&self) {}
    /// There may be something new about the order that a person must see to.
    fn tell(&self, _order: &OrderId) {}
    /// Tells the people who run the backend.
    fn notify(&self, _notice: &Notice) {}

    /// A call of the gateway, if the budget allows one.
    fn ask(&self, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        match self.permit(call.kind()) {
            Ok(permit) => self.call(permit, call, version, body),
            Err(answer) => answer,
        }
    }
}
