//! What stands around a till: the shopper, the goods, the clock.

use super::super::drive::Blocking;
use super::super::model::{Amount, Currency, NextAction, OrderId, OrderPay, Otp, PaymentSessionId, UnixSeconds};
use super::super::sale::{AttemptEnd, Millis, Switch};

/// What is sold, beside an action that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // what people see beside a code
pub struct Offer {
    /// The order.
    pub order_id: OrderId,
    /// What it costs.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
}

/// How to pay.
// Owned in place: there is no heap to put the larger one on.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Choice {
    /// By this, made with the session that came with the question.
    Pay(OrderPay),
    /// Not at all, or not yet: go on asking about the attempts there are; without one that is open, the same as `GiveUp`.
    Wait,
    /// Not at all: the order is closed.
    GiveUp,
    /// The caller turns to something else; the order stays as it is, open in the journal.
    Leave,
}

/// What came of showing an action.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// It was shown.
    Shown,
    /// The shopper typed this OTP.
    Otp(Otp),
    /// The shopper wants another OTP.
    ResendOtp,
    /// It cannot be shown here, or the shopper does not want it: the order is closed.
    GiveUp,
    /// It cannot be shown here, or the shopper wants another method.
    Switch(Switch),
}

/// Why a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// Time went by.
    Nothing,
    /// The shopper gives up: the order is closed, and asked about until it is known how it ended. Once it was seen to be paid this
    /// changes nothing: the goods come.
    Cancel,
    /// The shopper wants another method.
    Switch(Switch),
    /// The caller turns to something else: how the sale stands is its outcome, and it stays open in the journal.
    Leave,
}

/// Where the goods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // there is no fourth
pub enum Goods {
    /// Out.
    Out,
    /// Inside, for certain: they will not come out later.
    Inside,
    /// Not known here. A person must look.
    Unknown,
}

/// The shopper's side of a till, and its clock. Only three methods must be written.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Shop {
    /// Monotonic time.
    fn now(&mut self) -> Millis;

    /// The wall clock, if there is one: for ages shown to people and for limits, never for money.
    fn unix(&mut self) -> Option<UnixSeconds> {
        None
    }

    /// Waits until `until`, or returns early with a wish. May return early with nothing, too.
    async fn sleep(&mut self, until: Millis) -> Wish;

    /// Shows what the shopper has to do, until the next call. Returns at once, or, for an OTP, when it is typed.
    async fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen;

    /// The order can be paid (again). `ended`: how the attempt before ended.
    async fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        let _ = (session, ended);
        Choice::GiveUp
    }

    /// Hands out the goods of this order. Called at most once for an order, over power cuts too, and only after the journal
    /// knows that it begins; never unless [`Policy::release`](crate::Policy::release) is on.
    async fn vend(&mut self, offer: &Offer) -> Goods {
        let _ = offer;
        Goods::Unknown
    }

    /// Whether the goods of this order came out, whose [`Shop::vend`] was cut off: a sensor's word.
    async fn sense(&mut self, order: &OrderId) -> Goods {
        let _ = order;
        Goods::Unknown
    }

    /// What the shop gave last, a method or an OTP, is in the till's own buffer: the shop's own copy can be wiped.
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

/// The same for threads that may block.
pub mod blocking {
    use super::{
        AttemptEnd, Choice, Goods, Millis, NextAction, Offer, OrderId, PaymentSessionId, Seen, UnixSeconds, Wish,
    };

    /// [`super::Shop`] without `async`: same names, same contract.
    pub trait Shop {
        /// Monotonic time.
        fn now(&mut self) -> Millis;

        /// The wall clock, if there is one.
        fn unix(&mut self) -> Option<UnixSeconds> {
            None
        }

        /// Waits until `until`, or returns early with a wish.
        fn sleep(&mut self, until: Millis) -> Wish;

        /// Shows what the shopper has to do.
        fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen;

        /// The order can be paid (again).
        fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
            let _ = (session, ended);
            Choice::GiveUp
        }

        /// Hands out the goods of this order, at most once.
        fn vend(&mut self, offer: &Offer) -> Goods {
            let _ = offer;
            Goods::Unknown
        }

        /// Whether the goods of this order came out.
        fn sense(&mut self, order: &OrderId) -> Goods {
            let _ = order;
            Goods::Unknown
        }

        /// What the shop gave last can be wiped.
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
