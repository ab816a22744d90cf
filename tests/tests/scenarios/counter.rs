//! The shopper of a scenario, and the terminal's clock.

use pay_core::model::method::{Card, CardExpiry, CardNumber, Collect, Cvv, PlainCard, Upi};
use pay_core::model::{NextAction, OrderPay, Otp, PaymentSessionId, UnixSeconds, Vpa};
use pay_core::sale::{AttemptEnd, Millis, Switch};
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Choice, Offer, Seen, Wish};
use sandbox::{Means, Scenario};

use crate::terminal::World;

/// What is left of a shopper's part.
pub struct Counter<'w, W> {
    world: &'w W,
    scenario: &'w Scenario,
    /// Nobody waits longer.
    end: u64,
    tries: u8,
    otps: usize,
    switched: bool,
    pub asked_again: bool,
}

impl<'w, W> Counter<'w, W> {
    pub fn new(world: &'w W, scenario: &'w Scenario, end: u64) -> Self {
        Self { world, scenario, end, tries: scenario.tries, otps: 0, switched: false, asked_again: false }
    }
}

impl<W: World> Shop for Counter<'_, W> {
    fn now(&mut self) -> Millis {
        Millis(self.world.now())
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        None
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        if until.0 > self.end {
            return Wish::Leave;
        }
        self.world.pass(until.0);
        Wish::Nothing
    }

    fn show(&mut self, _: &Offer, action: NextAction<'_>) -> Seen {
        if matches!(action, NextAction::EnterOtp { .. }) {
            let Some(otp) = self.scenario.otps.get(self.otps) else {
                self.asked_again = true;
                return Seen::Shown;
            };
            self.otps += 1;
            return if otp.is_empty() { Seen::ResendOtp } else { Seen::Otp(Otp::parse(otp).unwrap()) };
        }
        if self.scenario.switches && !self.switched {
            self.switched = true;
            return Seen::Switch(Switch::GoOn);
        }
        Seen::Shown
    }

    fn choose(&mut self, session: &PaymentSessionId, _: Option<&AttemptEnd>) -> Choice {
        if self.tries == 0 {
            return Choice::GiveUp;
        }
        self.tries -= 1;
        Choice::Pay(request(self.scenario.means, session.clone()))
    }
}

fn request(means: Means, session: PaymentSessionId) -> OrderPay {
    let card = || {
        let number = CardNumber::parse("4706131211212123").unwrap();
        PlainCard::new(number, CardExpiry::parse("03", "28").unwrap(), Cvv::parse("123").unwrap())
    };
    match means {
        Means::UpiQrCode => OrderPay::new(session, Upi::QrCode),
        Means::UpiLink => OrderPay::new(session, Upi::link()),
        Means::UpiCollect => OrderPay::new(session, Upi::Collect(Collect::new(Vpa::parse("shopper@bank").unwrap()))),
        Means::Card => OrderPay::new(session, Card::link(card())),
        Means::CardOtp => OrderPay::new(session, Card::native_otp(card())),
    }
}
