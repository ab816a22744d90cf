//! The sales of a config, one after the other.

use core::fmt;
use core::num::NonZeroU32;
use core::pin::pin;

use pay_core::drive::Apart;
use pay_core::model::{CreateOrder, Currency, Customer, CustomerId, InvalidValue, OpenOrder, Phone, Text};
use pay_core::sale::{Refunds, Release};
use pay_core::till::{Shop, Terms, Till, TillError, Trouble, Unclaimed};
use pay_core::{Environment, Journal, OrderId, Outcome, PaymentSessionId, Policy, Transport};

use crate::config::{Config, Order, Sale};
use crate::counter::Counter;
use crate::ear::Ear;
use crate::exit::Exit;
use crate::fence::Fence;
use crate::local::Local;
use crate::report::Report;
use crate::screen::Screen;
use crate::vendor::Vendor;
use crate::words::Words;

/// A till that writes its steps into the report.
pub(crate) type KioskTill<'b, 'r, 'w, T, J> = Till<'b, T, T, Fence<J>, Ear<'r, 'w>>;

/// The least that a sale goes on for its end, in milliseconds: by then nobody believes any more that a payment will turn up.
const LINGER_MS: u32 = 30_000;

/// What the merchant decided. With a backend the journal follows the goods, and the backend sends money back.
pub(crate) fn terms(config: &Config<'_>) -> Terms {
    let (settings, can_ask) = (config.settings(), config.backend().is_some());
    let mut policy = if can_ask { Policy::with_ask() } else { Policy::session_only() };
    policy.deadline_ms = milliseconds(settings.patience_s);
    if can_ask {
        policy.release = true;
        policy.refunds = Refunds::ByBackend;
    }
    let mut terms = Terms::new(environment(settings.gateway.name), policy);
    terms.limits = settings.limits;
    terms.linger_ms = policy.deadline_ms.max(LINGER_MS);
    // Nobody stands there any more: what was paid and is still inside goes back as money.
    terms.unclaimed = Unclaimed::Return;
    terms.name = Text::cut("kiosk");
    terms
}

const fn milliseconds(seconds: NonZeroU32) -> u32 {
    seconds.get().saturating_mul(1_000)
}

/// Where the money is: by the name of the gateway.
fn environment(name: &str) -> Environment {
    if name == Environment::Production.host() { Environment::Production } else { Environment::Sandbox }
}

/// Makes the sales. The answer is how the last of them ended.
pub(crate) async fn make<T, J, S, V>(
    sale: &Sale<'_>,
    till: &mut KioskTill<'_, '_, '_, T, J>,
    counter: &mut Counter<'_, '_, S, V>,
    wipe: bool,
) -> Result<Exit, Local<J::Error>>
where
    T: Transport<Error: fmt::Display>,
    J: Journal,
    S: Screen,
    V: Vendor,
{
    let mut exit = Exit::Local;
    let repeat = sale.repeat.get();
    for n in 1..=repeat {
        counter.wipe_card = wipe && n == repeat;
        // Attempts at one order again and again are for measuring.
        till.journal().stands = n == 1 || matches!(sale.order, Order::New { .. });
        counter.greet();
        let order = match &sale.order {
            Order::Existing { id, session, .. } => {
                let (order_id, session) = (id.clone(), PaymentSessionId::parse(session)?);
                Ok(OpenOrder { order_id, amount: sale.amount, currency: Currency::inr(), session })
            }
            Order::New { id: Some(id), .. } => {
                let request = CreateOrder::new(numbered(id, n)?, sale.amount, customer()?)?;
                Apart(pin!(till.create_by(&request, counter))).await
            }
            Order::New { id: None, .. } => Apart(pin!(till.create(sale.amount, customer()?, counter))).await,
        };
        let sold = match order {
            Ok(order) => Apart(pin!(till.sell_by_choice(&order, counter))).await,
            Err(error) => Err(error),
        };
        exit = tell(till, counter, sold)?;
        (counter.scrub)();
    }
    Ok(exit)
}

/// Settles what earlier runs left open.
pub(crate) async fn settle<T, J, S, V>(
    patience_s: NonZeroU32,
    till: &mut KioskTill<'_, '_, '_, T, J>,
    counter: &mut Counter<'_, '_, S, V>,
) -> Result<Exit, Local<J::Error>>
where
    T: Transport<Error: fmt::Display>,
    J: Journal,
    S: Screen,
    V: Vendor,
{
    counter.greet();
    let until = counter.now().after(milliseconds(patience_s));
    match till.settle_open(until, counter).await {
        Ok(0) => Ok(Exit::Paid),
        Ok(_) => Ok(Exit::Open),
        Err(error) => Err(Local::Till(error)),
    }
}

/// Says how a sale ended, to the shopper and in the report.
fn tell<T, J, S, V>(
    till: &KioskTill<'_, '_, '_, T, J>,
    counter: &mut Counter<'_, '_, S, V>,
    sold: Result<Outcome, TillError<J::Error>>,
) -> Result<Exit, Local<J::Error>>
where
    T: Transport<Error: fmt::Display>,
    J: Journal,
    S: Screen,
    V: Vendor,
{
    let outcome = match sold {
        Ok(outcome) | Err(TillError::Trouble(Trouble::Over(outcome))) => outcome,
        Err(error) => {
            let full = matches!(error, TillError::Journal(_) | TillError::Trouble(Trouble::Limit(_)));
            counter.front.say(if full { Words::OutOfOrder } else { Words::NotPaid });
            return Err(Local::Till(error));
        }
    };
    let ended = till.ended();
    let exit = Exit::of(&outcome, ended.as_ref().and_then(|ended| ended.attempt.as_ref()));
    let release = ended.as_ref().map_or(Release::Untracked, |ended| ended.release);
    counter.part(&outcome, release);
    report_end(counter.report, &outcome, exit, ended.as_ref());
    Ok(exit)
}

fn report_end(report: &Report<'_>, outcome: &Outcome, exit: Exit, ended: Option<&pay_core::till::Ended>) {
    let Some(ended) = ended else { return };
    if let Some(by) = &ended.said {
        report.said(by);
    }
    report.done(&ended.order_id, outcome, exit);
}

/// The backend knows its own customers; this is what the gateway wants to see at least.
#[inline(never)]
fn customer() -> Result<Customer, InvalidValue> {
    Ok(Customer::new(CustomerId::parse("kiosk")?, Phone::parse("9999999999")?))
}

/// The id of the n-th sale.
fn numbered(id: &OrderId, n: u16) -> Result<OrderId, InvalidValue> {
    if n == 1 {
        return Ok(id.clone());
    }
    let mut text = Text::<64>::new();
    let _ = fmt::Write::write_fmt(&mut text, format_args!("{id}-{n}"));
    OrderId::parse(&text)
}
