//! What the rules need from outside: a book, a gateway and a clock.

use pay_core::model::{ApiVersion, CallKind, OrderId, PaymentSessionId, RequestId, UnixSeconds};
use pay_core::wire::{Call, Request};

use super::forward::Forward;
use crate::answer::Answer;
use crate::book::{Effect, Entry, Event, Moment, Owner};
use crate::notice::Notice;

/// The book, the gateway and the time. The service implements it over a database, a budget and threads; the proof in memory.
///
/// An `Err` is the answer to the device: the rules stop there.
pub trait Ground {
    /// A call to the gateway that the budget has allowed.
    type Permit;

    /// The book's time.
    fn now(&self) -> Moment;
    /// Differs at each start of the backend.
    fn power_on(&self) -> u64;
    /// When an order that is created now expires.
    fn ends(&self) -> UnixSeconds;

    /// The epoch of a device: calls that change something under an older one are refused.
    ///
    /// # Errors
    /// It cannot be read.
    fn epoch(&self, owner: Owner) -> Result<u64, Answer>;
    /// Begins the device's next epoch. Returns it, and the device's orders that are not settled.
    ///
    /// # Errors
    /// It cannot be kept.
    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), Answer>;

    /// What the book knows of an order.
    ///
    /// # Errors
    /// It cannot be read.
    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer>;
    /// Stores that a device wants an order. Returns the order with this id, which may be another device's.
    ///
    /// # Errors
    /// It cannot be kept.
    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, Answer>;
    /// Stores an order that only the gateway knew together with [`Event::Found`]: both or neither. Returns the order with this id, and
    /// whether it is new.
    ///
    /// # Errors
    /// It cannot be kept.
    fn find(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<(Entry, bool), Answer>;
    /// Applies an event and stores it in one step, so that no other decision comes between. `None`: there is no such order.
    ///
    /// # Errors
    /// It cannot be kept.
    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, Answer>;

    /// Takes one call from the budget.
    ///
    /// # Errors
    /// None is left: the 429 for the device.
    fn permit(&self, call: CallKind) -> Result<Self::Permit, Answer>;
    /// Takes the creation of an order from the budget, with all that its sale will need until it ends.
    ///
    /// # Errors
    /// The sale cannot be carried now: the 429 for the device, which shows no code yet.
    fn begin(&self, _owner: Owner, _order: &OrderId) -> Result<Self::Permit, Answer> {
        self.permit(CallKind::CreateOrder)
    }
    /// Whether enough calls of this kind are left for a duty: shoppers come first.
    fn has_to_spare(&self, call: CallKind) -> bool;
    /// Calls the gateway. Without an answer it returns [`Answer::nothing_known`].
    fn call(&self, permit: Self::Permit, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer;
    /// Makes a call that only reads. The answer may be one that another caller got a moment ago.
    fn read(&self, call: Call<'_>, version: ApiVersion) -> Answer;

    /// Stores that an Order Pay is about to go to the gateway. Returns the session to send: that of the first call under this key, so that
    /// a repeat has the same body.
    ///
    /// # Errors
    /// It cannot be kept.
    fn keep_forward(&self, forward: &Forward<'_>) -> Result<PaymentSessionId, Answer>;
    /// Sends a device's Order Pay to the gateway, once. Returns [`Answer::of_forward`], or [`Answer::doubt`] if no answer came.
    fn forward(&self, permit: Self::Permit, request: Request<'_>) -> Answer;
    /// A fresh request id for a relayed call.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    fn request_id(&self) -> Result<RequestId, Answer>;
    /// The gateway's session of an order, if it was read since the start.
    fn session(&self, _order: &OrderId) -> Option<PaymentSessionId> {
        None
    }
    /// Remembers the session that the gateway has shown for an order.
    fn keep_session(&self, _order: &OrderId, _session: &PaymentSessionId) {}
    /// Forgets the order's session: the gateway does not accept it any more.
    fn forget_session(&self, _order: &OrderId) {}

    /// Drops the cached answers about an order: they are old.
    fn forget(&self, _order: &OrderId) {}
    /// Caches an order that the gateway has shown in answer to a call that is not a reading.
    fn shown(&self, _order: &OrderId, _version: ApiVersion, _answer: &Answer) {}
    /// A duty may be due sooner than before.
    fn planned(&self) {}
    /// The order may have a new matter for a person.
    fn tell(&self, _order: &OrderId) {}
    /// Tells the people who run the backend.
    fn notify(&self, _notice: &Notice) {}

    /// Makes a call to the gateway, if the budget allows it.
    fn ask(&self, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        match self.permit(call.kind()) {
            Ok(permit) => self.call(permit, call, version, body),
            Err(answer) => answer,
        }
    }
}
