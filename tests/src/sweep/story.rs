//! What the shopper, the kiosk and the gateway do in a case when nothing is cut.

use std::sync::LazyLock;

use pay_core::sale::Switch;
use sandbox::{Expect, Fault, Gateway, Means, Scenario, Unfinished};

use super::case::{Method, Mode};

/// A story.
#[derive(Debug)]
pub struct Story {
    /// Its name in a schedule's id.
    pub name: &'static str,
    /// What the shopper does with the n-th attempt of the order: milliseconds after it was begun, and the result.
    pub shopper: &'static [&'static [(u64, &'static str)]],
    /// What the kiosk's program does.
    pub kiosk: Kiosk,
    /// What the gateway does.
    pub setting: Setting,
    /// Who else is there, and what becomes of the terminal's own things.
    pub world: World,
}

/// What the kiosk's program does of its own will.
#[derive(Clone, Copy, Debug)]
pub struct Kiosk {
    /// Attempts it makes before it gives up.
    pub attempts: usize,
    /// Offers another method this long after an attempt was shown.
    pub switch_after_ms: Option<u64>,
    /// In which way.
    pub switch: Switch,
    /// Gives up this long after the sale began.
    pub cancel_after_ms: Option<u64>,
    /// OTPs that the shopper types, in order; an empty one asks for another to be sent.
    pub otps: &'static [&'static str],
    /// The actuator does not move the goods, and says so.
    pub jams: bool,
}

/// What the gateway does out of the ordinary.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// Nothing.
    Plain,
    /// Closes orders this slowly.
    SlowClose(u64),
    /// Says this of each order that is not so old, in place of its status, and perhaps that it is of another order.
    Says {
        /// The other order.
        order: Option<&'static str>,
        /// The status.
        word: &'static str,
        /// How old it gets.
        age_ms: u64,
    },
    /// Sends back less than it is asked to, and says so.
    RefundsLess,
    /// Makes a refund and cancels it at once; the answer is lost to a 429. To the same call it repeats its first answer.
    CancelsRefunds,
    /// This fault on this call, so many times.
    Injected(&'static str, usize, Trouble),
    /// The order exists already, over so many paise more: somebody else has made it.
    OrderExists(u64),
    /// One of the sandbox's numbered scenarios, its shopper included.
    Scenario(&'static Scenario),
}

/// A fault of the gateway itself.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// 500 with the gateway's own body, kept under the key.
    Internal {
        /// The request took effect.
        executed: bool,
    },
    /// A page instead of the answer; the request took effect.
    PageAfter(u16),
    /// A page instead of the request.
    PageBefore(u16),
}

/// Who else is there, and what becomes of the terminal's own things.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// The order is handed to the terminal; others have its session.
    pub given: bool,
    /// A second terminal on the order, with a journal of its own: so long after the first, and what its shopper does.
    pub twin: Option<(u64, &'static [(u64, &'static str)])>,
    /// What somebody without a terminal does, so long after the order is there.
    pub others: &'static [(u64, Other)],
    /// What becomes of the journal while the power is off; then the same order is sold again.
    pub loses: Option<Lost>,
    /// From this store on so many fail; the power stays on.
    pub flash: Option<(u32, u32)>,
    /// The device's secret and the merchant's refund policy are others after each boot.
    pub changes: bool,
    /// Attempts that nobody completes stay NOT_ATTEMPTED.
    pub stays: bool,
    /// `Policy::repeat_charging`.
    pub bold: bool,
}

/// What becomes of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It is blank, and has another number.
    Blank,
    /// It is as it was before the shopper paid.
    Older,
}

/// What somebody without a terminal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Begins to pay.
    Begins,
    /// The payment takes the money.
    Pays,
    /// It does not.
    Fails,
}

const PLAIN: World = World {
    given: false,
    twin: None,
    others: &[],
    loses: None,
    flash: None,
    changes: false,
    stays: false,
    bold: false,
};
const GIVEN: World = World { given: true, ..PLAIN };

const TRY: Kiosk = Kiosk {
    attempts: 1,
    switch_after_ms: None,
    switch: Switch::GoOn,
    cancel_after_ms: None,
    otps: &["111000"],
    jams: false,
};
const RETRY: Kiosk = Kiosk { attempts: 3, ..TRY };
const SWITCH: Kiosk = Kiosk { switch_after_ms: Some(10_000), ..RETRY };

const fn story(name: &'static str, shopper: &'static [&'static [(u64, &'static str)]], kiosk: Kiosk) -> Story {
    Story { name, shopper, kiosk, setting: Setting::Plain, world: PLAIN }
}

const fn inside(name: &'static str, first: &'static [&'static [(u64, &'static str)]], world: World) -> Story {
    Story { world, ..story(name, first, TRY) }
}

const fn with(name: &'static str, setting: Setting) -> Story {
    Story { setting, ..story(name, &[&[(5_000, "SUCCESS")], &[(6_000, "SUCCESS")]], RETRY) }
}

/// Of an order whose attempt has failed nothing is known for long; then it succeeds all the same.
const fn says(name: &'static str, order: Option<&'static str>, word: &'static str) -> Story {
    let setting = Setting::Says { order, word, age_ms: 90_000 };
    Story { setting, ..story(name, &[&[(4_000, "FAILED"), (80_000, "SUCCESS")]], TRY) }
}

/// The sale before, whose goods were on their way when the power went: its record stays open for an operator.
pub(super) static PROLOGUE: Story = story("before", &[&[(1_000, "SUCCESS")]], TRY);

/// Our own stories. Deadlines are 45 s here, the pauses between questions 5 s: the proportions count, not the figures.
static OURS: [Story; 53] = [
    story("pays", &[&[(5_000, "SUCCESS")]], TRY),
    story("leaves", &[], TRY),
    story("fails", &[&[(5_000, "FAILED")], &[(5_000, "SUCCESS")]], RETRY),
    story("drops", &[&[(4_000, "USER_DROPPED")], &[(9_000, "FAILED")], &[(1_000, "SUCCESS")]], RETRY),
    story("slow", &[&[(2_000, "PENDING"), (38_000, "SUCCESS")]], TRY),
    story("late", &[&[(45_500, "SUCCESS")]], TRY),
    story("fails-late-success", &[&[(4_000, "FAILED"), (12_000, "SUCCESS")], &[(9_000, "SUCCESS")]], RETRY),
    story("pays-twice", &[&[(25_000, "SUCCESS")], &[(5_000, "SUCCESS")]], SWITCH),
    story("pays-the-old", &[&[(25_000, "SUCCESS")]], SWITCH),
    story("pays-the-new", &[&[], &[(5_000, "SUCCESS")]], SWITCH),
    story("switch-waits", &[&[(14_000, "FAILED")], &[(5_000, "SUCCESS")]], Kiosk { switch: Switch::Wait, ..SWITCH }),
    story("switch-closes", &[&[(10_100, "SUCCESS")]], Kiosk { switch: Switch::Close, ..SWITCH }),
    story("cancelled", &[&[(8_200, "SUCCESS")]], Kiosk { cancel_after_ms: Some(8_000), ..TRY }),
    story("wrong-otp", &[], Kiosk { otps: &["000000", "", "111000"], ..TRY }),
    story("jams", &[&[(5_000, "SUCCESS")]], Kiosk { jams: true, ..TRY }),
    story(
        "jams-late-success",
        &[&[(4_000, "FAILED"), (20_000, "SUCCESS")], &[(3_000, "SUCCESS")]],
        Kiosk { jams: true, ..RETRY },
    ),
    Story { setting: Setting::SlowClose(25_000), ..story("slow-close", &[&[(50_000, "SUCCESS")]], TRY) },
    says("order-word", None, "ON_HOLD"),
    says("order-of-another", Some("till-9-0000000000000001"), "TERMINATED"),
    Story { setting: Setting::RefundsLess, ..story("refund-of-less", &[&[(45_500, "SUCCESS")]], TRY) },
    Story { setting: Setting::CancelsRefunds, ..story("refund-cancelled", &[&[(45_500, "SUCCESS")]], TRY) },
    with("create-500", Setting::Injected("POST /orders", 1, Trouble::Internal { executed: true })),
    with("create-500-before", Setting::Injected("POST /orders", 1, Trouble::Internal { executed: false })),
    with("create-502", Setting::Injected("POST /orders", 1, Trouble::PageAfter(502))),
    with("order-exists", Setting::OrderExists(50)),
    Story {
        setting: Setting::OrderExists(0),
        ..inside("order-exists-alike", &[], World { others: &[(3_000, Other::Begins), (9_000, Other::Pays)], ..PLAIN })
    },
    with("pay-500", Setting::Injected("POST /orders/sessions", 1, Trouble::Internal { executed: true })),
    with("pay-500-before", Setting::Injected("POST /orders/sessions", 1, Trouble::Internal { executed: false })),
    with("pay-502", Setting::Injected("POST /orders/sessions", 2, Trouble::PageAfter(502))),
    with("pay-504-before", Setting::Injected("POST /orders/sessions", 2, Trouble::PageBefore(504))),
    with("ask-500", Setting::Injected("GET /orders/*", 3, Trouble::Internal { executed: false })),
    with("ask-401", Setting::Injected("GET /orders/*", 3, Trouble::PageBefore(401))),
    with("ask-404", Setting::Injected("GET /orders/*", 3, Trouble::PageBefore(404))),
    Story {
        shopper: &[&[(46_000, "SUCCESS")]],
        setting: Setting::Injected("PATCH /orders/*", 2, Trouble::Internal { executed: true }),
        ..story("close-500", &[], TRY)
    },
    Story {
        setting: Setting::Injected("POST /orders/*", 2, Trouble::Internal { executed: true }),
        ..story("refund-500", &[&[(45_500, "SUCCESS")]], TRY)
    },
    Story {
        kiosk: Kiosk { jams: true, ..TRY },
        setting: Setting::Injected("GET /orders/*", 2, Trouble::PageAfter(503)),
        ..story("jams-503", &[&[(5_000, "SUCCESS")]], TRY)
    },
    // Others on the same order.
    inside("twin-pays", &[], World { twin: Some((2_000, &[(6_000, "SUCCESS")])), ..GIVEN }),
    // It finds an order that nobody pays yet, as the first did.
    inside("twin-both-pay", &[&[(9_000, "SUCCESS")]], World { twin: Some((70, &[(7_000, "SUCCESS")])), ..GIVEN }),
    inside("twin-at-once", &[&[(9_000, "SUCCESS")]], World { twin: Some((0, &[(9_000, "SUCCESS")])), ..GIVEN }),
    inside("twin-pays-later", &[&[(5_300, "SUCCESS")]], World { twin: Some((70, &[(5_900, "SUCCESS")])), ..GIVEN }),
    inside(
        "stranger-paid",
        &[&[(5_000, "SUCCESS")]],
        World { others: &[(0, Other::Begins), (10, Other::Pays)], ..GIVEN },
    ),
    inside("stranger-pays", &[], World { others: &[(3_000, Other::Begins), (9_000, Other::Pays)], ..GIVEN }),
    inside(
        "stranger-pays-too",
        &[&[(9_000, "SUCCESS")]],
        World { others: &[(3_000, Other::Begins), (9_000, Other::Pays)], ..GIVEN },
    ),
    inside(
        "stranger-first",
        &[&[(9_000, "SUCCESS")]],
        World { others: &[(3_000, Other::Begins), (5_000, Other::Pays)], ..GIVEN },
    ),
    inside(
        "stranger-fails",
        &[&[(9_000, "SUCCESS")]],
        World { others: &[(3_000, Other::Begins), (6_000, Other::Fails)], ..GIVEN },
    ),
    inside("stranger-lingers", &[&[(9_000, "SUCCESS")]], World { others: &[(0, Other::Begins)], ..GIVEN }),
    // The terminal's own things.
    inside("blank", &[&[(5_000, "SUCCESS")]], World { loses: Some(Lost::Blank), ..PLAIN }),
    inside("older", &[&[(5_000, "SUCCESS")]], World { loses: Some(Lost::Older), ..PLAIN }),
    inside("flash-fails", &[&[(5_000, "SUCCESS")]], World { flash: Some((3, 2)), ..PLAIN }),
    inside("flash-is-dead", &[&[(5_000, "SUCCESS")]], World { flash: Some((4, u32::MAX)), ..PLAIN }),
    inside("changes", &[&[(45_500, "SUCCESS")]], World { changes: true, ..PLAIN }),
    inside("stays", &[], World { stays: true, ..PLAIN }),
    inside("bold", &[&[(5_000, "SUCCESS")]], World { bold: true, ..PLAIN }),
];

/// All stories: our own, and one for each of the sandbox's numbered scenarios.
pub static STORIES: LazyLock<Vec<&'static Story>> = LazyLock::new(|| {
    let theirs = Scenario::ALL.iter().map(|scenario| {
        let kiosk = Kiosk {
            attempts: usize::from(scenario.tries),
            switch_after_ms: scenario.switches.then_some(10_000),
            otps: scenario.otps,
            ..TRY
        };
        // Made once, and needed to the end of the program.
        &*Box::leak(Box::new(Story { setting: Setting::Scenario(scenario), ..story(scenario.id, &[], kiosk) }))
    });
    OURS.iter().chain(theirs).collect()
});

impl World {
    const fn is_about_reading(&self) -> bool {
        self.given || self.twin.is_some() || self.loses.is_some() || self.stays
    }
}

impl Story {
    /// The scenario that it is, if it is one.
    #[must_use]
    pub const fn scenario(&self) -> Option<&'static Scenario> {
        match self.setting {
            Setting::Scenario(scenario) => Some(scenario),
            _ => None,
        }
    }

    /// Whether it can be played so.
    #[must_use]
    pub fn fits(&self, method: Method, mode: Mode) -> bool {
        if mode == Mode::Relayed && !method.is_relayed() {
            return false;
        }
        // What the new worlds are about is to be read; without a way to read there is nothing to see.
        let Some(scenario) = self.scenario() else {
            // A backend makes the refunds, and shows a device no order but its own.
            return match self.setting {
                Setting::RefundsLess | Setting::CancelsRefunds | Setting::OrderExists(0) => mode == Mode::Keys,
                Setting::Says { .. } => mode != Mode::Blind,
                _ => mode != Mode::Blind || !self.world.is_about_reading(),
            };
        };
        let means = match scenario.means {
            // To the terminal a code is a link whose answer is larger, and takes the sandbox long to draw.
            Means::UpiQrCode if method == Method::Link => Method::Link,
            Means::UpiQrCode => Method::Qr,
            Means::UpiLink => Method::Link,
            Means::UpiCollect => Method::Collect,
            Means::Card => Method::Card,
            Means::CardOtp => Method::Otp,
        };
        method == means && scenario.expect(mode.of_the_sandbox()).is_some()
    }

    /// Whether the sale may stay open for ever, though it can ask: nobody answers, or the refund cannot be had.
    pub(super) fn stays_open(&self, mode: Mode) -> bool {
        let expected = self.scenario().and_then(|scenario| scenario.expect(mode.of_the_sandbox()));
        // Where no list is ever whole, or another's payment moves for ever, nobody can say that nothing more comes.
        let lists = self
            .scenario()
            .is_some_and(|scenario| ["SB-45", "SB-126", "SB-127", "SB-129", "SB-130", "SB-149"].contains(&scenario.id));
        // A person has to look at a refund that is not the one that was asked for.
        let refunds = matches!(self.setting, Setting::RefundsLess | Setting::CancelsRefunds);
        lists || refunds || matches!(expected, Some(Expect::StillAsking | Expect::RefundDue))
    }

    /// Whether the terminal creates the order itself.
    pub(super) fn creates(&self, mode: Mode) -> bool {
        match self.scenario() {
            None => mode != Mode::Blind && !self.world.given,
            Some(scenario) => scenario.makes(mode.of_the_sandbox()),
        }
    }

    /// Puts the setting into a gateway's way.
    pub(super) fn set(&self, gateway: &mut Gateway) {
        if self.world.stays {
            gateway.rules_mut().unfinished = Unfinished::NotAttempted;
        }
        match self.setting {
            Setting::Plain
            | Setting::OrderExists(_)
            | Setting::Says { .. }
            | Setting::RefundsLess
            | Setting::CancelsRefunds => {}
            Setting::Scenario(scenario) => gateway.rules_mut().scenario = Some(scenario),
            Setting::SlowClose(ms) => gateway.rules_mut().terminate_after_ms = ms,
            Setting::Injected(path, times, trouble) => {
                let page = |status: u16| {
                    let html = b"<html>a page</html>".to_vec();
                    let json = br#"{"message":"no","code":"request_failed","type":"invalid_request_error"}"#.to_vec();
                    (status, if status < 500 { json } else { html })
                };
                let fault = match trouble {
                    Trouble::Internal { executed } => Fault::InternalError { executed },
                    Trouble::PageAfter(status) => {
                        let (status, body) = page(status);
                        Fault::Replace { status, body }
                    }
                    Trouble::PageBefore(status) => {
                        let (status, body) = page(status);
                        Fault::Answer { status, body }
                    }
                };
                gateway.inject(path, times, fault);
            }
        }
    }
}
