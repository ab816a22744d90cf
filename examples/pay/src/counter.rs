//! The shop around a till: a terminal with somebody before it, goods that only an option speaks for, the clock.

use core::time::Duration;
use std::path::PathBuf;

use pay_core::model::{NextAction, Otp, PaymentSessionId, UnixSeconds};
use pay_core::sale::{AttemptEnd, Millis};
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Choice, Goods, Offer, Seen, Wish};
use serde_json::Value;

use super::cli::ReleaseName;
use super::console::{Console, Spinner};
use super::ear::Ear;
use super::entropy::{now, unix_now};
use super::exit::sentence;
use super::gateway::Gateway;
use super::method::Chosen;
use super::patience::{is_interrupted, sleep_until};
use super::{action, input, inspect};

/// Where an OTP comes from, if one is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtpSource {
    /// Whoever sits at the terminal; nobody, if there is none.
    Prompt,
    /// Standard input, one a line.
    Stdin,
    /// The sandbox's own.
    Sandbox,
    /// The customer's page, in a browser.
    Page,
}

/// A shop with one shopper, or with nobody.
pub(super) struct Counter {
    console: Console,
    ear: Ear,
    spinner: Option<Spinner>,
    /// What the shopper wants to pay with, once.
    chosen: Option<Chosen>,
    otp: OtpSource,
    qr_file: Option<PathBuf>,
    goods: Option<ReleaseName>,
    can_ask: bool,
    /// Where a person plays the customer.
    page: Option<String>,
    /// When to stop waiting.
    deadline: Millis,
    /// When to stop trying where nothing can be sent.
    patience: Millis,
    /// What the shopper has to do, as `inspect` says it.
    pub(super) last_action: Value,
    /// The bank wants an OTP, and none was entered since it said so.
    pub(super) wants_otp: bool,
}

impl Counter {
    pub(super) fn new(gateway: &Gateway, console: Console, ear: Ear) -> Self {
        Self {
            console,
            ear,
            spinner: None,
            chosen: None,
            otp: OtpSource::Prompt,
            qr_file: None,
            goods: None,
            can_ask: gateway.can_ask(),
            page: None,
            deadline: now().after(gateway.timeout_ms),
            patience: now().after(gateway.patience_ms()),
            last_action: Value::Null,
            wants_otp: false,
        }
    }

    pub(super) fn with_choice(mut self, chosen: Chosen) -> Self {
        self.chosen = Some(chosen);
        self
    }

    pub(super) fn with_otp(mut self, otp: OtpSource) -> Self {
        self.otp = otp;
        self
    }

    /// A person plays the customer, on this page of a sandbox.
    pub(super) fn by_hand(mut self, page: String) -> Self {
        self.otp = OtpSource::Page;
        self.page = Some(page);
        self
    }

    pub(super) fn with_qr_file(mut self, file: Option<PathBuf>) -> Self {
        self.qr_file = file;
        self
    }

    pub(super) fn with_goods(mut self, goods: Option<ReleaseName>) -> Self {
        self.goods = goods;
        self
    }

    pub(super) const fn deadline(&self) -> Millis {
        self.deadline
    }

    /// An OTP; `None` if there is none.
    fn enter_otp(&mut self) -> Option<Otp> {
        loop {
            let left = Duration::from_millis(self.deadline.since(now()));
            let text = match self.otp {
                OtpSource::Sandbox => {
                    self.console.say(&format!("Typing the sandbox's OTP, {}.", sandbox::OTP));
                    Ok(Some(sandbox::OTP.to_owned().into()))
                }
                OtpSource::Stdin => input::line_within(left),
                OtpSource::Prompt if input::is_terminal() => input::prompt("OTP (empty: none)").map(Some),
                OtpSource::Prompt | OtpSource::Page => Ok(None),
            };
            let text = text.unwrap_or_else(|error| {
                self.console.say(&sentence(&format!("{error:#}")));
                None
            });
            let text = text.filter(|text| !is_interrupted() && !text.trim().is_empty())?;
            match Otp::parse(text.trim()) {
                Ok(otp) => return Some(otp),
                Err(error) => self.console.say(&format!("That is no OTP: {error}.")),
            }
        }
    }
}

impl Shop for Counter {
    fn now(&mut self) -> Millis {
        now()
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        Some(unix_now())
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        let text = match (self.ear.notes().not_sent, self.last_action.is_null()) {
            (true, _) => "No connection; trying again",
            (false, true) => "Talking to the gateway",
            (false, false) => "Waiting for the payment",
        };
        self.spinner.get_or_insert_with(|| self.console.spin(text)).set(text);
        sleep_until(until.min(self.deadline));
        let idle = self.ear.is_idle() && now() >= self.patience;
        if is_interrupted() || idle || now() >= self.deadline { Wish::Leave } else { Wish::Nothing }
    }

    fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        self.spinner = None;
        self.last_action = inspect::next_action(&action);
        let (file, page) = (self.qr_file.as_deref(), self.page.as_deref());
        if let Err(why) = action::show(&action, &self.last_action, offer, self.console, file, page) {
            self.console.say(&sentence(&why));
            return Seen::GiveUp;
        }
        if matches!(action, NextAction::EnterOtp { .. }) {
            self.wants_otp = true;
            if let Some(otp) = self.enter_otp() {
                self.wants_otp = false;
                return Seen::Otp(otp);
            }
        }
        Seen::Shown
    }

    /// One attempt a call of the program: the next one is another call's.
    fn choose(&mut self, session: &PaymentSessionId, _: Option<&AttemptEnd>) -> Choice {
        match self.chosen.take() {
            Some(chosen) => Choice::Pay(chosen.request(session.clone())),
            None if self.can_ask => Choice::Leave,
            // Nobody here could ever come back to it.
            None => Choice::GiveUp,
        }
    }

    fn vend(&mut self, _: &Offer) -> Goods {
        self.spinner = None;
        match self.goods {
            Some(ReleaseName::Ok) => {
                self.console.say("The goods go out.");
                Goods::Out
            }
            Some(ReleaseName::Fail) => {
                self.console.say("The goods do not go out.");
                Goods::Inside
            }
            // As if the power had gone in between.
            Some(ReleaseName::Unknown) | None => Goods::Unknown,
        }
    }
}
