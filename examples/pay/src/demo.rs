//! `pay demo`: a payment from start to receipt, in a sandbox inside this program.

use anyhow::{Context, anyhow};
use pay_core::drive::MemoryJournal;
use pay_core::model::{CreateOrder, Customer, CustomerId, IdempotencyKey, OrderId, Phone};
use pay_core::sale::{Buffers, Sale};
use sandbox::{Config, Rules, Server};
use serde_json::json;

use super::attempt::{OtpSource, RX, Stop, TX, Till};
use super::cli::{DemoArgs, Options};
use super::console::Console;
use super::entropy::{now, random};
use super::exit::Ending;
use super::gateway::Gateway;
use super::method::MethodArgs;
use super::order::conclude;
use super::receipt::Receipt;

pub(super) fn run(options: &Options, args: &DemoArgs) -> anyhow::Result<Ending> {
    let console = Console::new(options.json);
    let rules = Rules { settle_after_ms: Some(args.approve_after_ms), ..Rules::default() };
    let server = Server::start(Config { rules, ..Config::default() }).context("the sandbox did not start")?;
    console.say(&format!("A sandbox of the gateway runs at {}.", server.url()));
    let mut gateway = Gateway::to_sandbox(&server, options)?;
    gateway.version = gateway.version.max(args.method.since());

    let customer = Customer::new(CustomerId::parse("walk_in")?, Phone::parse("9999999999")?);
    let request = CreateOrder::new(OrderId::mint("demo", random()?)?, args.amount, customer)?;
    let setup = gateway.setup(gateway.timeout_ms)?;
    let key = IdempotencyKey::from_random(random()?);
    let (mut tx, mut rx) = (vec![0; TX], vec![0; RX]);
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let mut till = Till::new(
        &gateway,
        MemoryJournal::<1>::new(),
        console,
        |buffers| Ok(Sale::create(&request, key, setup, now(), buffers)?),
        buffers,
    )?
    .with_otp(OtpSource::Sandbox);

    let stop = till.run();
    let session = match stop {
        Stop::Ready(None) => till.driver.sale().session().cloned(),
        _ => None,
    };
    let session = session.ok_or_else(|| anyhow!("the sandbox made no order: {}", till.trouble()))?;
    console.say(&format!("Order {} over INR {} is created.", request.order_id(), args.amount));

    let chosen = args.method.request(&MethodArgs::default(), session, true, console)?;
    let last_four = chosen.last_four.clone();
    till.pay(&chosen.request, None)?;
    drop(chosen);
    console.say(&format!("Paying by {}. In a moment the customer approves.", args.method.as_str()));
    let stop = till.run();
    let (outcome, ending) = conclude(&till, stop, true)?;
    let record = till.driver.sale().record();
    console.answer(&json!({
        "outcome": outcome,
        "method": args.method.as_str(),
        "order_id": record.order_id.as_str(),
        "amount_minor": record.amount.minor(),
        "cf_payment_id": record.attempts().next_back().and_then(|attempt| attempt.cf_payment_id).map(|id| id.to_string()),
    }));
    if outcome == "paid" {
        Receipt::of(&till, &gateway, &args.method.as_str(), last_four).print(console);
    }
    Ok(ending)
}
