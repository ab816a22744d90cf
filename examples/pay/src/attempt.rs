//! Runs a sale through the driver until it is over, or until waiting is.

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::{fs, process, thread};

use anyhow::bail;
use pay_core::drive::journal::blocking::Journal;
use pay_core::drive::{DriveError, Driver, Need};
use pay_core::model::{Authenticate, IdempotencyKey, NextAction, OrderPay, Otp};
use pay_core::sale::{AttemptEnd, Buffers, Delivery, Millis, NotPaid, Outcome, Sale};
use serde_json::Value;

use super::console::Console;
use super::entropy::{now, random};
use super::exit::{masked, one_line, sentence};
use super::gateway::Gateway;
use super::inspect;
use super::tap::{Heard, Tap};
use super::{input, qr};

/// The longest answer to a payment has about 10 KB; there is room to spare.
pub(super) const RX: usize = 128 * 1024;
pub(super) const TX: usize = 4 * 1024;

/// Where an OTP comes from, if one is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtpSource {
    /// Whoever sits at the terminal; nobody, if there is none.
    Prompt,
    /// Standard input, one a line.
    Stdin,
    /// The sandbox's own.
    Sandbox,
}

/// A sale on its way.
pub(super) struct Till<'b, J> {
    pub(super) driver: Driver<'b, Tap, Tap, J>,
    pub(super) heard: Heard,
    console: Console,
    otp: OtpSource,
    qr_file: Option<PathBuf>,
    /// When to stop waiting.
    deadline: Millis,
    /// When to stop trying where nothing can be sent.
    patience: Millis,
    can_ask: bool,
    /// What the shopper has to do, as `inspect` says it.
    pub(super) last_action: Value,
}

/// Why the loop ended.
#[derive(Debug)]
pub(super) enum Stop {
    /// The order can be paid; the attempt before, if there was one, ended so.
    Ready(Option<AttemptEnd>),
    Over(Outcome),
    /// Time is up. How it stands:
    TimeUp(Outcome),
    /// Ctrl-C. How it stands:
    Interrupted(Outcome),
    /// The journal does not take what is known: it went no further.
    Journal(String),
}

impl<'b, J: Journal> Till<'b, J> {
    pub(super) fn new(
        gateway: &Gateway,
        journal: J,
        console: Console,
        make: impl FnOnce(&mut Buffers<'b>) -> anyhow::Result<Sale>,
        mut buffers: Buffers<'b>,
    ) -> anyhow::Result<Self> {
        let heard = Heard::default();
        let routes = gateway.routes(&heard)?;
        let sale = make(&mut buffers)?.with_client(super::gateway::hints());
        watch_interrupts()?;
        Ok(Self {
            driver: Driver::new(sale, routes, journal, buffers),
            heard,
            console,
            otp: OtpSource::Prompt,
            qr_file: None,
            deadline: now().after(gateway.timeout_ms),
            patience: now().after(gateway.patience_ms()),
            can_ask: gateway.can_ask(),
            last_action: Value::Null,
        })
    }

    pub(super) fn with_otp(mut self, otp: OtpSource) -> Self {
        self.otp = otp;
        self
    }

    pub(super) fn with_qr_file(mut self, file: Option<PathBuf>) -> Self {
        self.qr_file = file;
        self
    }

    pub(super) fn pay(&mut self, request: &OrderPay, key: Option<&str>) -> anyhow::Result<()> {
        let key = match key {
            Some(text) => IdempotencyKey::parse(text)?,
            None => IdempotencyKey::from_random(random()?),
        };
        Ok(self.driver.pay(request, key, now())?)
    }

    /// Goes on until there is something to say. A payment may exist by then, so nothing that fails here is an error: it is
    /// said, and how the sale stands is the answer.
    pub(super) fn run(&mut self) -> Stop {
        let spinner = self.console.spin("Talking to the gateway");
        let mut spinner = Some(spinner);
        loop {
            let at = match self.driver.drive_blocking(&mut now) {
                Ok(Need::Attempt(end)) => return Stop::Ready(end),
                Ok(Need::Nothing(outcome)) => return Stop::Over(outcome),
                Ok(Need::Time(at)) => at,
                Ok(Need::Shopper(action)) => {
                    spinner = None;
                    let value = inspect::next_action(&action);
                    let wants_otp = present(&action, &value, self.console, self.qr_file.as_deref());
                    self.last_action = value;
                    let entered = wants_otp
                        && self.enter_otp().unwrap_or_else(|error| {
                            self.console.say(&sentence(&format!("{error:#}")));
                            false
                        });
                    if !entered {
                        self.driver.shown(now());
                    }
                    if self.can_ask {
                        spinner = Some(self.console.spin("Waiting for the payment"));
                    }
                    continue;
                }
                Err(DriveError::Journal(error)) => return Stop::Journal(error.to_string()),
                Err(error) => {
                    self.console.say(&sentence(&error.to_string()));
                    return Stop::TimeUp(self.driver.sale().standing());
                }
            };
            let standing = self.driver.sale().standing();
            let begun = !matches!(standing, Outcome::NotPaid(_));
            let idle = !begun && self.nothing_leaves() && now() >= self.patience;
            if is_interrupted() || idle || now() >= self.deadline {
                if !begun {
                    // The sale ends what never left when its own time is over; the journal must hear of it now.
                    let _ = self.driver.drive_blocking(&mut || Millis(u64::MAX));
                }
                return if is_interrupted() { Stop::Interrupted(standing) } else { Stop::TimeUp(standing) };
            }
            if let Some(spinner) = &spinner {
                spinner.set(if self.nothing_leaves() {
                    "No connection; trying again"
                } else {
                    "Waiting for the payment"
                });
            }
            sleep_until(at.min(self.deadline));
        }
    }

    /// The last exchange did not leave this machine.
    pub(super) fn nothing_leaves(&self) -> bool {
        matches!(self.heard.notes().failure, Some((_, Delivery::NotSent)))
    }

    /// Submits an OTP; `false` if there is none.
    fn enter_otp(&mut self) -> anyhow::Result<bool> {
        let left = Duration::from_millis(self.deadline.since(now()));
        let text = match self.otp {
            OtpSource::Sandbox => {
                self.console.say(&format!("Typing the sandbox's OTP, {}.", sandbox::OTP));
                Some(sandbox::OTP.to_owned().into())
            }
            OtpSource::Stdin => input::line_within(left)?,
            OtpSource::Prompt if input::is_terminal() => {
                PROMPTING.store(true, Ordering::Relaxed);
                let text = input::prompt("OTP (empty: none)");
                PROMPTING.store(false, Ordering::Relaxed);
                Some(text?)
            }
            OtpSource::Prompt => None,
        };
        let interrupted = is_interrupted();
        let Some(text) = text.filter(|text| !interrupted && !text.trim().is_empty()) else { return Ok(false) };
        match Otp::parse(text.trim()) {
            Ok(otp) => {
                let key = IdempotencyKey::from_random(random()?);
                self.driver.submit_otp(&Authenticate::SubmitOtp(otp), key, now())?;
            }
            // The loop presents the same again, and asks again.
            Err(error) => self.console.say(&format!("That is no OTP: {error}.")),
        }
        Ok(true)
    }

    /// Why nobody could say how the payment stands, if that is so, as the end of a clause.
    pub(super) fn route_trouble(&self) -> String {
        match self.driver.sale().route_problem() {
            Some(_) => format!(" (the last question had no answer: {})", self.trouble()),
            None => String::new(),
        }
    }

    /// The last thing that went wrong, as a clause.
    pub(super) fn trouble(&self) -> String {
        self.heard.notes().trouble()
    }
}

/// Shows what the shopper has to do; `true` if an OTP is to be entered.
fn present(action: &NextAction<'_>, value: &Value, console: Console, qr_file: Option<&Path>) -> bool {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    match action {
        NextAction::OpenUrl(_) => console.say(&format!("Open this page:\n  {}", text("url"))),
        NextAction::PostForm { url, .. } => {
            console.say(&format!("Post a form with these fields to {}:\n  {}", url.host(), text("url")));
            for (name, field) in value["fields"].as_object().into_iter().flatten() {
                console.say(&format!("  {} = {}", one_line(name), one_line(field.as_str().unwrap_or_default())));
            }
        }
        NextAction::ShowQr(image) => {
            let mut png = vec![0; image.png_len()];
            image.decode(&mut png);
            if let Some(file) = qr_file {
                let word = if fs::write(file, &png).is_ok() { "is in" } else { "cannot be written to" };
                console.say(&format!("The QR image {word} {}.", file.display()));
            }
            match qr::from_png(&png) {
                Ok(modules) => draw(&modules, console),
                Err(why) => {
                    let hint = if qr_file.is_some() { "" } else { "; --qr-file saves it" };
                    console.say(&format!("The QR image ({} bytes) cannot be drawn here: {why}{hint}.", png.len()));
                }
            }
        }
        NextAction::UpiLinks(links) => {
            for (app, link) in links.iter() {
                console.say(&format!("  {app}: {}", link.as_str()));
            }
            if let Some(modules) = links.upi().and_then(|link| qr::from_text(link.as_str())) {
                draw(&modules, console);
            }
        }
        NextAction::EnterOtp { was_wrong, .. } => {
            if *was_wrong {
                console.say("The OTP was wrong.");
            }
            let page = text("redirect_to_bank");
            if !page.is_empty() && !was_wrong {
                console.say(&format!("The bank wants an OTP. If it does not work out, open this page:\n  {page}"));
            }
            return true;
        }
        NextAction::BankTransfer(_) => {
            console.say("Transfer to:");
            for (label, name) in [("account", "account_number"), ("IFSC", "ifsc"), ("or UPI address", "virtual_vpa")] {
                if !text(name).is_empty() {
                    console.say(&format!("  {label}: {}", one_line(&text(name))));
                }
            }
        }
        NextAction::Wait => console.say("The shopper approves the payment in their UPI app."),
        _ => console.say("The gateway asks for something that this program does not know; the payment exists."),
    }
    false
}

fn draw(modules: &qr::Modules, console: Console) {
    if console.is_json() && !console.is_terminal() {
        return;
    }
    console.say("Scan this with a UPI app:");
    console.say(&modules.draw(console.is_terminal()));
}

/// Ctrl-C was pressed.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTS.load(Ordering::Relaxed) > 0
}

/// Sleeps, but not through an interrupt.
pub(super) fn sleep_until(at: Millis) {
    while !is_interrupted() {
        match at.since(now()) {
            0 => return,
            left => thread::sleep(Duration::from_millis(left.min(50))),
        }
    }
}

static INTERRUPTS: AtomicU8 = AtomicU8::new(0);
/// The terminal's echo is off: the program must not end before the prompt does.
static PROMPTING: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C ends the waiting in good order; the second ends the program, with the outcome unknown.
pub(super) fn watch_interrupts() -> anyhow::Result<()> {
    let set = ctrlc::set_handler(|| {
        let again = INTERRUPTS.fetch_add(1, Ordering::Relaxed) > 0;
        if PROMPTING.load(Ordering::Relaxed) {
            eprintln!("Press Enter to stop.");
        } else if again {
            eprintln!("Stopped in the middle of a call: the outcome is unknown.");
            process::exit(3);
        }
    });
    match set {
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(_) => bail!("Ctrl-C cannot be watched for"),
    }
}

/// As a clause.
pub(super) fn why_not_paid(why: &NotPaid) -> String {
    match why {
        NotPaid::Terminated => "the order was closed before it was paid".into(),
        NotPaid::Expired => "the order expired before it was paid".into(),
        NotPaid::NotStarted => "nothing was sent that could pay".into(),
        NotPaid::NotSent => "nothing could be sent".into(),
        NotPaid::Refused(by) => format!("the gateway refused it ({}, {})", by.status, masked(&by.code)),
        NotPaid::OrderConflict => {
            "an order of this id exists with another amount or currency, or with payments on it".into()
        }
        _ => "it was not paid".into(),
    }
}
