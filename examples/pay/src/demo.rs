//! `pay demo`: a payment from start to receipt, in a sandbox inside this program.

use anyhow::{Context, anyhow};
use pay_core::model::{Customer, CustomerId, Phone, Text};
use sandbox::{Config, Rules, Server};

use super::cli::DemoArgs;
use super::console::Console;
use super::counter::{Counter, OtpSource};
use super::ear::Ear;
use super::entropy::now;
use super::exit::Ending;
use super::gateway::Gateway;
use super::method::{MethodArgs, MethodName};
use super::order::report;
use super::patience::sleep_until;
use super::receipt::Receipt;
use super::till::{self, Memory};
use super::verdict::Facts;

/// How long the customer's page stays after the end, in milliseconds.
const PAGE_MS: u32 = 1_000;

pub(super) fn run(console: Console, args: &DemoArgs) -> anyhow::Result<Ending> {
    let rules = Rules { settle_after_ms: (!args.by_hand).then_some(args.approve_after_ms), ..Rules::default() };
    let server = Server::start(Config { rules, ..Config::default() }).context("the sandbox did not start")?;
    console.say(&format!("A sandbox of the gateway runs at {}.", server.url()));
    let mut gateway = Gateway::to_sandbox(&server, &args.talk)?;
    gateway.version = gateway.version.max(args.method.since());

    let customer = Customer::new(CustomerId::parse("walk_in")?, Phone::parse("9999999999")?);
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut terms = gateway.terms();
    terms.name = Text::cut("demo");
    let mut till = till::open(&gateway, till::scratch()?, terms, &mut memory, &ear)?;
    let mut counter = Counter::new(&gateway, console, ear.clone());
    counter = if args.by_hand { counter.by_hand(server.page_url()) } else { counter.with_otp(OtpSource::Sandbox) };
    let order = till.create(args.amount, customer, &mut counter)?;
    console.say(&format!("Order {} for {} {} is created.", order.order_id, order.currency, order.amount));

    let method = args.method.as_str();
    let mut fields = MethodArgs::default();
    if args.by_hand && args.method == MethodName::UpiCollect {
        // The gateway's test address would answer by itself.
        fields.upi_id = Some("shopper@testbank".to_owned());
    }
    let chosen = args.method.chosen(&fields, true, console)?;
    let who = if args.by_hand { "You are the customer." } else { "In a moment the customer approves." };
    console.say(&format!("Paying by {method}. {who}"));
    let last_four = chosen.last_four();
    counter = counter.with_choice(chosen);
    let outcome = till::outcome(till.sell_by_choice(&order, &mut counter))?;
    let ended = till.ended().ok_or_else(|| anyhow!("nothing was done"))?;
    let facts = Facts::of(ended.clone(), &ear);
    let (word, ending) = facts.verdict();
    console.answer(&report(&order, &method, word, &facts, &ended, &counter));
    if matches!(ending, Ending::Done) {
        Receipt::of(&order, &outcome, &gateway, &method, last_four.as_deref()).print(console);
    }
    if args.by_hand {
        // The browser still gets the page that says how it ended.
        sleep_until(now().after(PAGE_MS));
    }
    Ok(match ending {
        // What can be done about it elsewhere cannot be done to a sandbox that is gone.
        Ending::Pending(text) => {
            let what = text.split(';').next().unwrap_or_default();
            Ending::Pending(format!("{what}. The demo's sandbox ends here: nothing is left to resume."))
        }
        ending => ending,
    })
}
