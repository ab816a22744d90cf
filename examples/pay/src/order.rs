//! `pay order create` and `pay order pay`.

use anyhow::{anyhow, bail};
use pay_core::model::{
    Amount, CallKind, CreateOrder, Currency, Customer, CustomerId, OpenOrder, OrderId, PaymentSessionId, Phone,
    Timestamp, UnixSeconds,
};
use pay_core::sale::{Limits, Outcome};
use pay_core::till::{Ended, TillError};
use pay_core::wire::{Call, decode};
use serde_json::{Value, json};

use super::cli::{CreateArgs, PayArgs};
use super::console::Console;
use super::counter::{Counter, OtpSource};
use super::ear::Ear;
use super::entropy::{random, unix_now};
use super::exit::Ending;
use super::gateway::Gateway;
use super::merchant::{Merchant, Trouble, unreadable};
use super::receipt::Receipt;
use super::till::{self, Memory};
use super::verdict::Facts;
use super::{input, journal};

/// How long an order can be paid, in minutes, unless an option or the backend says so.
const EXPIRES_IN_MIN: u32 = 30;

pub(super) fn create(console: Console, args: &CreateArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::for_sales(&args.selling)?;
    gateway.need_keys()?;
    let request = create_request(args, gateway.is_test())?;
    let order_id = request.order_id().clone();
    let mut device = till::device(&args.selling.folder)?;
    journal::forget(&mut device.journal, &order_id)?;
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut counter = Counter::new(&gateway, console, ear.clone());
    let mut terms = gateway.terms();
    // An order charges nobody; what is unsettled stops its payment.
    terms.limits = Limits { open: u32::MAX, total_minor: u64::MAX, oldest_s: u64::MAX };
    let mut till = till::open(&gateway, device, terms, &mut memory, &ear)?;
    let order = match till.create_by(&request, &mut counter) {
        Ok(order) => order,
        Err(error) => {
            let _ = till::outcome(Err(error))?;
            let facts = Facts::of(till.ended().ok_or_else(|| anyhow!("nothing was done"))?, &ear);
            let (word, ending) = facts.verdict();
            // Nothing that could charge was sent, but the order may exist.
            let taken = matches!(facts.outcome, Outcome::OrderTaken);
            let lost = matches!(ending, Ending::NotSent(_)) && ear.notes().acted && !taken;
            console.answer(&json!({
                "order_id": order_id.as_str(),
                "outcome": if lost { "unknown" } else { word },
                "gateway": journal::said_value(facts.said.as_ref()),
            }));
            return Ok(if lost {
                Ending::Unknown(format!(
                    "Whether order {order_id} was created is unknown ({}); the same command again finds it or creates it.",
                    facts.trouble.as_deref().unwrap_or("the answer cannot be used")
                ))
            } else {
                ending
            });
        }
    };
    // Its session goes to somebody else now: whoever pays it begins a sale of their own.
    till.journal().discard(&order_id)?;
    // Whoever reads the session may open the till's folder at once.
    drop(till);
    console.answer(&json!({
        "order_id": order_id.as_str(),
        "amount_minor": order.amount.minor(),
        "currency": order.currency.as_str(),
        "payment_session_id": order.session.expose(),
    }));
    if !console.is_json() {
        console.say(&format!("Order {order_id} for {} {} is created.", order.currency, order.amount));
        console.say(&format!("Session: {}", order.session.expose()));
    }
    Ok(Ending::Done)
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
    let mut request = CreateOrder::new(order_id, amount, customer)?.with_currency(Currency::parse(&args.currency)?);
    // A backend says itself how long its orders live.
    if args.selling.to.status_url.is_none() {
        let minutes = args.expires_in.unwrap_or(EXPIRES_IN_MIN);
        let expiry = UnixSeconds(unix_now().0 + u64::from(minutes) * 60);
        request = request.with_expiry_time(Timestamp::from_unix(expiry));
    }
    if let Some(note) = &args.note {
        request = request.with_note(note)?;
    }
    Ok(request)
}

pub(super) fn pay(console: Console, args: &PayArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::for_sales(&args.selling)?;
    let order_id = OrderId::parse(&args.order_id)?;
    if args.qr_file.is_some() && !args.method.has_code() {
        bail!("--qr-file does nothing for {}: it has no QR code", args.method.as_str());
    }
    let session = session(&args.session)?;
    // Whatever is wrong with the fields is said before anything is sent.
    let chosen = args.method.chosen(&args.method_args, gateway.is_test(), console)?;
    chosen.request(session.clone()).check(gateway.version)?;
    let last_four = chosen.last_four();

    let mut device = till::device(&args.selling.folder)?;
    journal::forget(&mut device.journal, &order_id)?;
    let order = open_order(&gateway, order_id, session, args.amount)?;
    let mut terms = gateway.terms();
    terms.limits = args.limits.limits();
    terms.policy.release = args.release.is_some();
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut counter = Counter::new(&gateway, console, ear.clone())
        .with_choice(chosen)
        .with_otp(if args.otp_stdin { OtpSource::Stdin } else { OtpSource::Prompt })
        .with_qr_file(args.qr_file.clone())
        .with_goods(args.release);
    let mut till = till::open(&gateway, device, terms, &mut memory, &ear)?;
    let result = till.sell_by_choice(&order, &mut counter);
    let was_over = matches!(result, Err(TillError::Trouble(pay_core::till::Trouble::Over(_))));
    let outcome = till::outcome(result)?;
    let ended = till.ended().ok_or_else(|| anyhow!("nothing was done"))?;
    let mut facts = Facts::of(ended.clone(), &ear);
    facts.wants_otp = counter.wants_otp;
    let (word, ending) = facts.verdict();
    console.answer(&report(&order, &args.method.as_str(), word, &facts, &ended, &counter));
    if was_over {
        console.say("This sale was over already; nothing was sent.");
    } else if matches!(ending, Ending::Done) {
        Receipt::of(&order, &outcome, &gateway, &args.method.as_str(), last_four.as_deref()).print(console);
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

/// The order that is to be paid. What it costs says the gateway, where it can be asked.
fn open_order(
    gateway: &Gateway,
    order_id: OrderId,
    session: PaymentSessionId,
    expected: Option<Amount>,
) -> anyhow::Result<OpenOrder> {
    if !gateway.can_ask() {
        // No order comes back here to be compared with it; whoever looks into the journal later will have one.
        let amount = match expected {
            Some(amount) => amount,
            None if gateway.is_test() => Amount::from_minor(1015)?,
            None => bail!("order pay needs --amount where the order cannot be read"),
        };
        return Ok(OpenOrder { order_id, amount, currency: Currency::inr(), session });
    }
    let mut merchant = Merchant::asking(gateway)?;
    let unread = |trouble| match trouble {
        Trouble::Lost(sentence) | Trouble::NotSent(sentence) | Trouble::Refused(sentence) => {
            anyhow!("Nothing was paid: {sentence}")
        }
    };
    let mut body = merchant.call(Call::ReadOrder(&order_id), None, &[])?.map_err(unread)?;
    let order = decode::order(&mut body).map_err(|error| unread(unreadable(CallKind::ReadOrder, &error)))?;
    if order.order_id != order_id.as_str() {
        bail!("Nothing was paid: the answer is about another order.");
    }
    if let Some(expected) = expected.filter(|expected| *expected != order.amount) {
        bail!("Nothing was paid: the order is for {}, not {expected}.", order.amount);
    }
    let (amount, currency) = (order.amount, Currency::parse(order.currency)?);
    Ok(OpenOrder { order_id, amount, currency, session })
}

/// The object of `order pay --json`.
pub(super) fn report(
    order: &OpenOrder,
    method: &str,
    word: &str,
    facts: &Facts,
    ended: &Ended,
    counter: &Counter,
) -> Value {
    json!({
        "outcome": word,
        "order_id": order.order_id.as_str(),
        "amount_minor": order.amount.minor(),
        "currency": order.currency.as_str(),
        "method": method,
        "cf_payment_id": ended.cf_payment_id.map(|id| id.to_string()),
        "attempt": ended.attempts,
        "attempt_ended": facts.attempt.as_ref().map(journal::end_word),
        "release": journal::release_value(ended.release),
        "next_action": counter.last_action,
        "gateway": journal::said_value(facts.said.as_ref()),
        "trouble": facts.trouble,
    })
}
