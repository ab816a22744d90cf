//! The counter: the shopper before the kiosk, the goods behind it, and the clocks.

use core::cell::Cell;

use embassy_time::{Duration, Instant, Timer};
use pay_core::model::method::Upi;
use pay_core::model::{NextAction, UnixSeconds};
use pay_core::sale::AttemptEnd;
use pay_core::till::{Choice, Goods, Offer, Seen, Shop, Wish};
use pay_core::{Millis, OrderId, OrderPay, Outcome, PaymentSessionId};
use transport_embassy::tls::Clock;
use zeroize::Zeroize;

use crate::card::{self, CardError, Otps};
use crate::config::Means;
use crate::exit::farewell;
use crate::front::Front;
use crate::notice::{Act, Price};
use crate::qr::QrPicture;
use crate::report::Report;
use crate::screen::Screen;
use crate::vendor::Vendor;
use crate::words::Words;

/// How long the backend is tried to be told of the goods while a shopper may be waiting, in milliseconds.
const REPORT_MS: u32 = 30_000;

/// What the till knows of the world outside.
pub(crate) struct Counter<'a, 'w, S, V> {
    pub(crate) means: Means,
    pub(crate) front: &'a Front<S>,
    pub(crate) report: &'a Report<'w>,
    pub(crate) vendor: V,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) card: &'a mut [u8],
    pub(crate) otps: Otps<'a>,
    pub(crate) scrub: fn(),
    /// The card is needed for no other sale.
    pub(crate) wipe_card: bool,
    /// Nobody answers.
    pub(crate) silent: &'a Cell<bool>,
    /// The shopper was shown something to act on.
    pub(crate) shows: bool,
    /// How long the shopper has.
    pub(crate) patience: Duration,
    /// Until when, once a payment was begun. The till closes the order then, so a code must be gone.
    pub(crate) until: Instant,
    /// Since when the shopper has the goods, or does not get them.
    pub(crate) handed: Option<Millis>,
}

impl<S: Screen, V: Vendor> Counter<'_, '_, S, V> {
    /// A shopper comes.
    pub(crate) fn greet(&mut self) {
        (self.shows, self.handed) = (false, None);
        self.front.say(Words::OneMoment);
    }

    /// The shopper goes.
    pub(crate) fn part(&mut self, outcome: &Outcome, release: pay_core::sale::Release) {
        self.front.say(farewell(outcome, release));
    }

    fn show_to_act_on(&mut self, on: Act<'_>, offer: &Offer) {
        self.shows = true;
        let price = Price { amount: offer.amount, currency: &offer.currency };
        self.report.shown(self.front.ask(on, price, Instant::now(), self.until));
    }

    /// Not inlined, so that what it leaves on the stack lies beyond the caller's, where `scrub` reaches it.
    #[inline(never)]
    fn request(&self, session: PaymentSessionId) -> Result<OrderPay, CardError> {
        Ok(match self.means {
            Means::UpiQrCode => OrderPay::new(session, Upi::QrCode),
            Means::UpiLink => OrderPay::new(session, Upi::link()),
            Means::Card => card::order_pay(self.card, session, !self.otps.is_empty())?,
        })
    }
}

impl<S: Screen, V: Vendor> Shop for Counter<'_, '_, S, V> {
    fn now(&mut self) -> Millis {
        Millis(Instant::now().as_millis())
    }

    /// For ages of sales, never for money.
    fn unix(&mut self) -> Option<UnixSeconds> {
        self.clock.unix_seconds().map(UnixSeconds)
    }

    async fn sleep(&mut self, until: Millis) -> Wish {
        let mut until = until;
        if let Some(end) = self.handed.map(|at| at.after(REPORT_MS)) {
            // What is left is told to the backend another time.
            if self.now() >= end {
                return Wish::Leave;
            }
            until = until.min(end);
        }
        if self.silent.get() && !self.shows && self.handed.is_none() {
            self.front.say(Words::NoConnection);
        }
        Timer::at(Instant::from_millis(until.0)).await;
        Wish::Nothing
    }

    async fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        match action {
            NextAction::OpenUrl(url) => self.show_to_act_on(Act::Page(url), offer),
            NextAction::PostForm { url, fields } => self.show_to_act_on(Act::Form(url, fields), offer),
            NextAction::ShowQr(image) => self.show_to_act_on(Act::Image(image), offer),
            NextAction::UpiLinks(links) => {
                let drawn = QrPicture::draw(&links, offer.amount, &offer.currency, |picture| {
                    self.show_to_act_on(Act::Code(picture), offer);
                });
                if let Err(problem) = drawn {
                    self.report.refused(problem);
                    return Seen::GiveUp;
                }
            }
            NextAction::EnterOtp { redirect_to_bank, .. } => match (self.otps.next(), redirect_to_bank) {
                (Some(otp), _) => {
                    self.report.shown("otp");
                    self.front.say(Words::WaitingForBank);
                    return Seen::Otp(otp);
                }
                (None, Some(page)) => self.show_to_act_on(Act::Page(page), offer),
                (None, None) => self.show_to_act_on(Act::Words(Words::CardNotUsable), offer),
            },
            NextAction::BankTransfer(details) => self.show_to_act_on(Act::Transfer(details), offer),
            NextAction::Wait => self.show_to_act_on(Act::Words(Words::ConfirmInApp), offer),
            // The enum grows with the gateway: whatever it is, the attempt exists, so the sale goes on asking.
            _ => self.show_to_act_on(Act::Words(Words::OneMoment), offer),
        }
        Seen::Shown
    }

    /// There is one way to pay here, and it is tried once.
    async fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        if let Some(end) = ended {
            self.report.attempt_ended(end);
            // The code is taken down before the order is closed.
            self.front.say(Words::OneMoment);
            return Choice::GiveUp;
        }
        match self.request(session.clone()) {
            Ok(request) => {
                self.until = Instant::now() + self.patience;
                Choice::Pay(request)
            }
            Err(error) => {
                self.report.refused(format_args!("card: {error}"));
                Choice::GiveUp
            }
        }
    }

    async fn vend(&mut self, offer: &Offer) -> Goods {
        self.report.release(&offer.order_id);
        self.front.say(Words::GoodsComing);
        let goods = self.vendor.vend(&offer.order_id).await;
        self.report.released(&offer.order_id, goods);
        match goods {
            Goods::Out => self.front.say(Words::TakeGoods),
            Goods::Inside => self.front.say(Words::MoneyBack),
            Goods::Unknown => {}
        }
        self.handed = Some(self.now());
        goods
    }

    async fn sense(&mut self, order: &OrderId) -> Goods {
        let goods = self.vendor.sense(order).await;
        if goods != Goods::Unknown {
            self.report.released(order, goods);
        }
        goods
    }

    /// What the card or the OTP left on the stack goes, and the card itself once it was used last.
    fn taken(&mut self) {
        if self.wipe_card {
            self.card.zeroize();
        }
        (self.scrub)();
    }
}
