//! Who stands around a kiosk's till: the shopper, the goods, and the power.

use core::future::pending;
use std::thread;
use std::time::{Duration, Instant};

use pay_core::drive::transport::{ErrorType, Transport, blocking};
use pay_core::model::method::{Card, CardExpiry, CardNumber, Collect, Cvv, PaymentMethod, PlainCard, Upi};
use pay_core::model::{NextAction, OrderId, OrderPay, Otp, PaymentSessionId, UnixSeconds, Vpa};
use pay_core::sale::{AttemptEnd, Millis};
use pay_core::till::{Choice, Goods, Offer, Seen, Shop, Wish};
use pay_core::wire::{Endpoint, Request, ResponseHead};
use transport_std::HttpsTransport;

use crate::dice::Dice;
use crate::kiosk::known;

/// When all sales began.
pub const BEGAN: UnixSeconds = UnixSeconds(1_700_000_000);

/// The power: whoever asks for more after it has gone never hears an answer, and the till is dropped.
#[derive(Clone, Copy)]
pub struct Power {
    /// It goes then.
    pub until: Instant,
}

impl Power {
    async fn check(self) {
        if Instant::now() >= self.until {
            pending::<()>().await;
        }
    }
}

/// The kiosk's network: the power may go between an answer and the till's hearing of it.
pub struct Network<'k> {
    pub transport: &'k mut HttpsTransport,
    pub power: Power,
}

impl ErrorType for Network<'_> {
    type Error = <HttpsTransport as ErrorType>::Error;
}

impl Transport for Network<'_> {
    fn endpoint(&self) -> &Endpoint {
        blocking::Transport::endpoint(self.transport)
    }

    fn disconnect(&mut self) {
        blocking::Transport::disconnect(self.transport);
    }

    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error> {
        self.power.check().await;
        let result = blocking::Transport::exchange(self.transport, request, rx);
        self.power.check().await;
        result
    }
}

/// A shopper with a clock, before goods that do not always come out.
pub struct Shopper<'k> {
    pub dice: &'k mut Dice,
    pub start: Instant,
    pub power: Power,
    /// How often goods came out.
    pub goods: &'k mut usize,
    pub attempts: usize,
}

impl Shop for Shopper<'_> {
    fn now(&mut self) -> Millis {
        Millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        Some(BEGAN)
    }

    async fn sleep(&mut self, until: Millis) -> Wish {
        let left = Duration::from_millis(until.since(self.now()));
        thread::sleep(left.min(self.power.until.saturating_duration_since(Instant::now())));
        self.power.check().await;
        Wish::Nothing
    }

    async fn show(&mut self, _: &Offer, action: NextAction<'_>) -> Seen {
        self.power.check().await;
        match action {
            NextAction::EnterOtp { .. } => Seen::Otp(known(Otp::parse("111000"))),
            _ => Seen::Shown,
        }
    }

    async fn choose(&mut self, session: &PaymentSessionId, _: Option<&AttemptEnd>) -> Choice {
        self.power.check().await;
        self.attempts += 1;
        if self.attempts > 2 {
            return Choice::GiveUp;
        }
        Choice::Pay(OrderPay::new(session.clone(), method(self.dice)))
    }

    /// One in ten does not come out; and the power may go while it moves.
    async fn vend(&mut self, _: &Offer) -> Goods {
        let (out, seen) = (self.dice.below(10) > 0, self.dice.below(20) > 0);
        *self.goods += usize::from(out);
        if !seen {
            pending::<()>().await;
        }
        if out { Goods::Out } else { Goods::Inside }
    }

    async fn sense(&mut self, _: &OrderId) -> Goods {
        match (self.dice.below(2), *self.goods) {
            (0, _) => Goods::Unknown,
            (_, 0) => Goods::Inside,
            _ => Goods::Out,
        }
    }
}

fn method(dice: &mut Dice) -> PaymentMethod {
    let card = || {
        let expiry = known(CardExpiry::parse("03", "48"));
        PlainCard::new(known(CardNumber::parse("4111111111111111")), expiry, known(Cvv::parse("123")))
    };
    match dice.below(5) {
        0 => Card::link(card()).into(),
        1 => Card::native_otp(card()).into(),
        2 => Upi::Collect(Collect::new(known(Vpa::parse("testsuccess@gocash")))).into(),
        3 => Upi::QrCode.into(),
        _ => Upi::link().into(),
    }
}
