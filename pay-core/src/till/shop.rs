//! What the caller provides for a sale: the shopper's screen, the goods, the clock.

use super::super::drive::Blocking;
use super::super::model::{Amount, Currency, NextAction, OrderId, OrderPay, Otp, PaymentSessionId, UnixSeconds};
use super::super::sale::{AttemptEnd, Millis, Switch};

/// The order that an action belongs to, for the screen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // what people see beside a code
pub struct Offer {
    /// The order.
    pub order_id: OrderId,
    /// The order's amount.
    pub amount: Amount,
    /// The currency of the amount.
    pub currency: Currency,
}

/// The shopper's choice of a method.
// Owned in place: there is no heap to put the larger one on.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Choice {
    /// Pay by this request, made with the session that [`Shop::choose`] got.
    Pay(OrderPay),
    /// Pay nothing now: the till goes on asking about open attempts. Without an open attempt, the same as `GiveUp`.
    Wait,
    /// Pay nothing: the till closes the order.
    GiveUp,
    /// Leave the sale: the order stays as it is, open in the journal.
    Leave,
}

/// The result of showing an action.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// The shopper sees it.
    Shown,
    /// The shopper entered this OTP.
    Otp(Otp),
    /// The shopper wants another OTP.
    ResendOtp,
    /// It cannot be shown here, or the shopper does not want it: the till closes the order.
    GiveUp,
    /// It cannot be shown here, or the shopper wants another method: what to do with this attempt.
    Switch(Switch),
}

/// Why a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// The time has passed, or the sleep ended early for no reason.
    Nothing,
    /// The shopper cancels: the till closes the order, and asks until it knows how the order ended. Once the till has
    /// seen the payment this changes nothing: the goods are handed out.
    Cancel,
    /// The shopper wants another method.
    Switch(Switch),
    /// Leave the sale: it stays open in the journal, and its present state is the outcome.
    Leave,
}

/// Where the goods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // there is no fourth
pub enum Goods {
    /// Handed out.
    Out,
    /// Certainly still inside: they will not come out later.
    Inside,
    /// Not known. A person must look.
    Unknown,
}

/// The shopper's side of a till, and its clock. Only `now`, `sleep` and `show` must be written.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Shop {
    /// Monotonic time.
    fn now(&mut self) -> Millis;

    /// The wall clock, if there is one: for [`Terms::limits`](super::Terms::limits) and for ages shown to people, never
    /// for money.
    fn unix(&mut self) -> Option<UnixSeconds> {
        None
    }

    /// Waits until `until`. Returns early if the shopper wishes something; may also return early with
    /// [`Wish::Nothing`].
    async fn sleep(&mut self, until: Millis) -> Wish;

    /// Shows what the shopper has to do, until the next call. Returns at once; for an OTP, when the shopper has entered
    /// it.
    async fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen;

    /// Asks for a method: the order can be paid, or paid again. `ended`: how the previous attempt ended.
    async fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        let _ = (session, ended);
        Choice::GiveUp
    }

    /// Hands out the goods of this order. Called at most once per order, over power cuts too, and only after the
    /// journal has stored that it begins; never unless [`Policy::release`](crate::Policy::release) is on.
    async fn vend(&mut self, offer: &Offer) -> Goods {
        let _ = offer;
        Goods::Unknown
    }

    /// Asks a sensor whether the goods of this order came out, after a power cut during its [`Shop::vend`].
    async fn sense(&mut self, order: &OrderId) -> Goods {
        let _ = order;
        Goods::Unknown
    }

    /// The till has copied the last method or OTP into its own buffer: the shop can wipe its copy.
    fn taken(&mut self) {}
}

impl<S: blocking::Shop> Shop for Blocking<&mut S> {
    fn now(&mut self) -> Millis {
        self.0.now()
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        self.0.unix()
    }

    async fn sleep(&mut self, until: Millis) -> Wish {
        self.0.sleep(until)
    }

    async fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        self.0.show(offer, action)
    }

    async fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        self.0.choose(session, ended)
    }

    async fn vend(&mut self, offer: &Offer) -> Goods {
        self.0.vend(offer)
    }

    async fn sense(&mut self, order: &OrderId) -> Goods {
        self.0.sense(order)
    }

    fn taken(&mut self) {
        self.0.taken();
    }
}

/// The same for threads that may block: same names, same contract.
pub mod blocking {
    use super::{
        AttemptEnd, Choice, Goods, Millis, NextAction, Offer, OrderId, PaymentSessionId, Seen, UnixSeconds, Wish,
    };

    /// [`super::Shop`] without `async`: same names, same contract.
    pub trait Shop {
        /// Monotonic time.
        fn now(&mut self) -> Millis;

        /// See [`super::Shop::unix`].
        fn unix(&mut self) -> Option<UnixSeconds> {
            None
        }

        /// See [`super::Shop::sleep`].
        fn sleep(&mut self, until: Millis) -> Wish;

        /// See [`super::Shop::show`].
        fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen;

        /// See [`super::Shop::choose`].
        fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
            let _ = (session, ended);
            Choice::GiveUp
        }

        /// See [`super::Shop::vend`].
        fn vend(&mut self, offer: &Offer) -> Goods {
            let _ = offer;
            Goods::Unknown
        }

        /// See [`super::Shop::sense`].
        fn sense(&mut self, order: &OrderId) -> Goods {
            let _ = order;
            Goods::Unknown
        }

        /// See [`super::Shop::taken`].
        fn taken(&mut self) {}
    }

    impl<S: Shop> Shop for &mut S {
        fn now(&mut self) -> Millis {
            S::now(self)
        }

        fn unix(&mut self) -> Option<UnixSeconds> {
            S::unix(self)
        }

        fn sleep(&mut self, until: Millis) -> Wish {
            S::sleep(self, until)
        }

        fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
            S::show(self, offer, action)
        }

        fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
            S::choose(self, session, ended)
        }

        fn vend(&mut self, offer: &Offer) -> Goods {
            S::vend(self, offer)
        }

        fn sense(&mut self, order: &OrderId) -> Goods {
            S::sense(self, order)
        }

        fn taken(&mut self) {
            S::taken(self);
        }
    }
}
