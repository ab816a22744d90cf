//! `pay order create` and `pay order pay`.

use anyhow::{anyhow, bail};
use pay_core::drive::journal::blocking::Journal;
use pay_core::model::{
    Amount, CallKind, CreateOrder, Currency, Customer, CustomerId, IdempotencyKey, OrderId, OrderStatus,
    PaymentSessionId, Phone, Timestamp, UnixSeconds,
};
use pay_core::sale::{AttemptEnd, Buffers, Intent, NotPaid, Outcome, Sale, Switch};
use pay_core::wire::{Call, decode};
use serde_json::{Value, json};
use transport_std::FileJournal;

use super::attempt::{OtpSource, RX, Stop, TX, Till, why_not_paid};
use super::cli::{CreateArgs, Options, PayArgs};
use super::console::Console;
use super::entropy::{now, random, unix_now};
use super::exit::{Ending, sentence};
use super::gateway::Gateway;
use super::journal::{self, Start};
use super::merchant::{Merchant, Trouble, unreadable};
use super::receipt::Receipt;
use super::{goods, input, inspect};

pub(super) fn create(options: &Options, args: &CreateArgs) -> anyhow::Result<Ending> {
    let console = Console::new(options.json);
    let gateway = Gateway::from_options(options)?;
    gateway.need_keys()?;
    let request = create_request(args, gateway.is_test())?;
    let mut journal = journal::open(options)?;
    let (order_id, amount) = (request.order_id(), Some(request.amount()));
    if let Start::Paid = journal::start(&mut journal, order_id, amount, gateway.environment(), false)? {
        bail!("Nothing was sent: order {order_id} is paid.");
    }
    let setup = gateway.setup(gateway.timeout_ms)?;
    let key = IdempotencyKey::from_random(random()?);
    let (mut tx, mut rx) = (vec![0; TX], vec![0; RX]);
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let sale =
        |buffers: &mut Buffers<'_>| Ok(Sale::create(&request, key, setup, now(), buffers)?.with_created(unix_now()));
    let mut till = Till::new(&gateway, journal.clone(), console, sale, buffers)?;
    let stop = till.run();
    if matches!(stop, Stop::Ready(_)) {
        // Whoever pays it begins a sale of their own.
        journal.discard(order_id)?;
        let mut body = till.heard.notes().order.clone().unwrap_or_default();
        let order = decode::order(&mut body)?;
        console.answer(&inspect::order(&order));
        if !options.json {
            console.say(&format!(
                "Order {} over {} {} is {}.",
                order.order_id, order.amount, order.currency, order.status
            ));
            console.say(&format!("Session: {}", order.payment_session_id));
        }
        return Ok(Ending::Done);
    }
    if let (Stop::Journal(error), false) = (&stop, till.heard.notes().acted) {
        bail!("Nothing was sent: {error}.");
    }
    if !till.heard.notes().acted {
        bail!("{}", sentence(&till.trouble()));
    }
    Ok(match stop {
        Stop::Over(Outcome::NotPaid(NotPaid::Refused(_))) => {
            Ending::Failed(format!("Creating the order was refused: {}.", till.trouble()))
        }
        Stop::Over(Outcome::NotPaid(why @ NotPaid::OrderConflict)) => Ending::Failed(sentence(&why_not_paid(&why))),
        _ => Ending::Unknown(format!(
            "Whether order {} was created is unknown ({}); the same command again finds it or creates it.",
            request.order_id(),
            till.trouble()
        )),
    })
}

fn create_request(args: &CreateArgs, is_test: bool) -> anyhow::Result<CreateOrder> {
    let given = |value: &Option<String>, option: &str, test: &str| {
        value.clone().or(is_test.then(|| test.to_owned())).ok_or_else(|| anyhow!("order create needs {option}"))
    };
    let order_id = match &args.order_id {
        Some(id) => OrderId::parse(id)?,
        None if is_test => OrderId::mint("pay", random()?)?,
        None => bail!("order create needs --order-id"),
    };
    let amount = match args.amount {
        Some(amount) => amount,
        None if is_test => Amount::from_minor(1015)?,
        None => bail!("order create needs --amount"),
    };
    let id = CustomerId::parse(&given(&args.customer_id, "--customer-id", "walk_in")?)?;
    let customer = Customer::new(id, Phone::parse(&given(&args.phone, "--phone", "9999999999")?)?);
    let expiry = UnixSeconds(unix_now().0 + u64::from(args.expires_in) * 60);
    let mut request = CreateOrder::new(order_id, amount, customer)?
        .with_currency(Currency::parse(&args.currency)?)
        .with_expiry_time(Timestamp::from_unix(expiry));
    if let Some(note) = &args.note {
        request = request.with_note(note)?;
    }
    Ok(request)
}

pub(super) fn pay(options: &Options, args: &PayArgs) -> anyhow::Result<Ending> {
    let console = Console::new(options.json);
    let gateway = Gateway::from_options(options)?;
    let order_id = OrderId::parse(&args.order_id)?;
    let session = session(&args.session)?;
    // Whatever is wrong with the fields is said before anything is sent.
    let chosen = args.method.request(&args.method_args, session, gateway.is_test(), console)?;
    chosen.request.check(gateway.version)?;

    let mut journal = journal::open(options)?;
    let start = journal::start(&mut journal, &order_id, args.amount, gateway.environment(), gateway.can_ask())?;
    let read = match start {
        Start::Paid => Read::Ended("paid", Ending::Done),
        Start::New | Start::Next(_) => intent(&gateway, &order_id, args.amount)?,
    };
    let intent = match read {
        Read::Intent(intent) => intent,
        Read::Ended(outcome, ending) => {
            console.answer(&report::<FileJournal>(None, outcome, &order_id, 0));
            if outcome == "paid" {
                console.say("The order was paid already; nothing was sent.");
            }
            return Ok(ending);
        }
    };
    journal::admit(&journal, &args.limits, &order_id, intent.amount, console)?;
    // Without a way to ask the deadline only ends what cannot be sent; with one, waiting ends before it, so that the order
    // stays open for whoever asks later.
    let mut setup = gateway.setup(gateway.timeout_ms.saturating_add(60_000))?;
    setup.policy.release = args.release.is_some();
    let (mut tx, mut rx) = (vec![0; TX], vec![0; RX]);
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let otp = if args.otp_stdin { OtpSource::Stdin } else { OtpSource::Prompt };
    let sale = |_: &mut Buffers<'_>| match start {
        Start::Next(record) if record.amount != intent.amount || record.currency != intent.currency => {
            bail!("Nothing was paid: the journal has order {order_id} over {} {}.", record.currency, record.amount)
        }
        Start::Next(record) => {
            let mut sale = Sale::resume(*record, setup.policy, setup.seed, now());
            sale.switch_method(Switch::GoOn, now())?;
            Ok(sale)
        }
        _ => Ok(Sale::new(intent, setup).with_created(unix_now())),
    };
    let mut till =
        Till::new(&gateway, journal, console, sale, buffers)?.with_otp(otp).with_qr_file(args.qr_file.clone());
    till.pay(&chosen.request, args.idempotency_key.as_deref())?;
    let last_four = chosen.last_four.clone();
    drop(chosen);
    let mut stop = till.run();
    if let (Stop::Over(Outcome::Paid { .. }), Some(how)) = (&stop, args.release) {
        stop = goods::hand_out(&mut till, how, console)?;
    }
    let (outcome, ending) = conclude(&till, stop, gateway.can_ask())?;
    console.answer(&report(Some(&till), outcome, &order_id, till.driver.sale().record().attempt_count()));
    if outcome == "paid" {
        Receipt::of(&till, &gateway, &args.method.as_str(), last_four).print(console);
    }
    Ok(ending)
}

fn session(text: &str) -> anyhow::Result<PaymentSessionId> {
    if text != "-" {
        return Ok(PaymentSessionId::parse(text)?);
    }
    let line = input::line()?.ok_or_else(|| anyhow!("no session came on standard input"))?;
    Ok(PaymentSessionId::parse(line.trim())?)
}

enum Read {
    Intent(Intent),
    /// Nothing is to be paid any more, or the order cannot be read.
    Ended(&'static str, Ending),
}

/// What is to be paid: the order as the gateway has it, where that can be asked for.
fn intent(gateway: &Gateway, order_id: &OrderId, expected: Option<Amount>) -> anyhow::Result<Read> {
    if !gateway.can_ask() {
        // No order comes back here to be compared with it; whoever looks into the journal later will have one.
        let amount = match expected {
            Some(amount) => amount,
            None if gateway.is_test() => Amount::from_minor(1015)?,
            None => bail!("order pay needs --amount where the order cannot be read"),
        };
        return Ok(Read::Intent(Intent { order_id: order_id.clone(), amount, currency: Currency::inr() }));
    }
    let mut merchant = Merchant::asking(gateway)?;
    let mut body = match merchant.call(Call::ReadOrder(order_id), None, &[])? {
        Ok(body) => body,
        Err(Trouble::Lost(sentence)) => bail!("Nothing was paid: {sentence}"),
        Err(trouble) => return trouble.ending().map(|ending| Read::Ended("failed", ending)),
    };
    let order = match decode::order(&mut body) {
        Ok(order) if order.order_id == order_id.as_str() => order,
        Ok(_) => bail!("Nothing was paid: the answer is about another order."),
        Err(error) => match unreadable(CallKind::ReadOrder, &error) {
            Trouble::Lost(sentence) => bail!("Nothing was paid: {sentence}"),
            trouble => return trouble.ending().map(|ending| Read::Ended("failed", ending)),
        },
    };
    match order.status {
        OrderStatus::Paid => return Ok(Read::Ended("paid", Ending::Done)),
        OrderStatus::Terminated | OrderStatus::Expired => {
            let sentence = format!("Nothing was paid: the order is {}.", order.status);
            return Ok(Read::Ended("failed", Ending::Failed(sentence)));
        }
        _ => {}
    }
    if let Some(expected) = expected.filter(|expected| *expected != order.amount) {
        bail!("Nothing was paid: the order is over {}, not {expected}.", order.amount);
    }
    let currency = Currency::parse(order.currency)?;
    Ok(Read::Intent(Intent { order_id: order_id.clone(), amount: order.amount, currency }))
}

/// What the end of the loop means: the word for `--json`, and the end of the program.
pub(super) fn conclude<J: Journal>(
    till: &Till<'_, J>,
    stop: Stop,
    can_ask: bool,
) -> anyhow::Result<(&'static str, Ending)> {
    let kind = till.last_action["kind"].as_str().unwrap_or_default();
    let failed = |text: String| Ok(("failed", Ending::Failed(sentence(&text))));
    // Nothing left this machine: a local error. Otherwise the gateway did not take it.
    let not_sent = || {
        if till.nothing_leaves() { Err(anyhow!(sentence(&till.trouble()))) } else { failed(till.trouble()) }
    };
    let waiting = || {
        let needs = if kind == "enter_otp" { "the payment waits for its OTP" } else { "the payment is pending" };
        let word = if kind == "enter_otp" { "action_needed" } else { "pending" };
        (word, Ending::Pending(sentence(&format!("{needs}{}", till.route_trouble()))))
    };
    match stop {
        Stop::Journal(error) if !till.heard.notes().acted => bail!("Nothing was sent: {error}."),
        Stop::Journal(error) => {
            let text = format!("Whether the order was paid is not on record ({error}); ask before paying again.");
            Ok(("unknown", Ending::Unknown(text)))
        }
        Stop::Over(Outcome::Paid { .. } | Outcome::RefundDue(_))
        | Stop::TimeUp(Outcome::Paid { .. } | Outcome::RefundDue(_))
        | Stop::Interrupted(Outcome::Paid { .. } | Outcome::RefundDue(_)) => {
            Ok(goods::ending(till.driver.sale().record()))
        }
        Stop::Ready(Some(end)) => match end {
            AttemptEnd::Refused(_) => failed(format!("the payment was refused: {}", till.trouble())),
            AttemptEnd::NotSent | AttemptEnd::Untrusted => not_sent(),
            AttemptEnd::Failed => failed("the payment failed; the order can be paid again".into()),
            AttemptEnd::UserDropped => failed("the shopper left the payment; the order can be paid again".into()),
            AttemptEnd::Reversed => failed("the payment was reversed".into()),
            AttemptEnd::NotFound => failed("the payment never reached the gateway; the order can be paid again".into()),
            _ => Ok(waiting()),
        },
        Stop::Ready(None) => bail!("the order waits for a payment, and none was begun"),
        Stop::Over(Outcome::Pending) if !can_ask && kind != "wait" => {
            let text = "the payment waits for the shopper, and there is no way to ask for its outcome here";
            Ok(("action_needed", Ending::Pending(sentence(text))))
        }
        Stop::Over(Outcome::Pending) | Stop::TimeUp(Outcome::Pending) => Ok(waiting()),
        Stop::Interrupted(Outcome::Pending) => {
            Ok((waiting().0, Ending::Pending("Stopped: the payment is pending at the gateway.".into())))
        }
        Stop::Over(Outcome::NotPaid(NotPaid::NotSent | NotPaid::NotStarted)) => not_sent(),
        Stop::Over(Outcome::NotPaid(why)) => failed(why_not_paid(&why)),
        Stop::TimeUp(Outcome::NotPaid(_)) => not_sent(),
        Stop::Interrupted(Outcome::NotPaid(_)) => failed("stopped before anything was sent that could pay".into()),
        Stop::Over(Outcome::Unknown) | Stop::TimeUp(_) | Stop::Interrupted(_) => {
            let text = format!("Whether the order was paid is unknown ({}); ask before paying again.", till.trouble());
            Ok(("unknown", Ending::Unknown(text)))
        }
    }
}

/// The object of `order pay --json`.
fn report<J>(till: Option<&Till<'_, J>>, outcome: &str, order_id: &OrderId, attempt: usize) -> Value {
    let body = till.and_then(|till| till.heard.notes().order_pay.clone());
    let mut value = match body {
        Some(mut body) => inspect::order_pay(decode::order_pay(&mut body).ok().as_ref()),
        None => inspect::order_pay(None),
    };
    if value["cf_payment_id"].is_null() {
        let known = till.and_then(|till| till.driver.sale().record().attempts().next_back()?.cf_payment_id);
        value["cf_payment_id"] = known.map(|id| id.to_string()).into();
    }
    value["outcome"] = outcome.into();
    value["order_id"] = order_id.as_str().into();
    value["attempt"] = json!(attempt);
    value["release"] = till.and_then(|till| journal::release_value(till.driver.sale().record().release)).into();
    value
}
