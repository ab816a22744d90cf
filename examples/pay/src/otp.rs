//! `pay otp`: an OTP for an attempt that waits for one.

use anyhow::bail;
use pay_core::model::{Authenticate, AuthenticateStatus, CallKind, CfPaymentId, IdempotencyKey, OrderId, Otp};
use pay_core::wire::{Call, decode, encode};
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use super::cli::OtpArgs;
use super::console::Console;
use super::counter::Counter;
use super::ear::Ear;
use super::entropy::{now, random};
use super::exit::Ending;
use super::gateway::Gateway;
use super::merchant::{Merchant, Trouble, unreadable};
use super::patience::{is_interrupted, sleep_until};
use super::till::{self, Memory};
use super::{input, status};

pub(super) fn run(console: Console, args: &OtpArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::to(&args.to)?;
    let payment = CfPaymentId::parse(&args.cf_payment_id)?;
    let order = args.order_id.as_deref().map(OrderId::parse).transpose()?;
    let mut payer = Merchant::paying(&gateway)?;
    let asker = order.as_ref().filter(|_| gateway.can_ask()).map(|order| (&gateway, order, console));
    let mut report = json!({
        "cf_payment_id": payment.to_string(),
        "order_id": args.order_id,
        "action": null,
        "status": null,
        "message": null,
        "outcome": null,
    });
    if args.resend {
        let ending = match submit(&mut payer, payment, &Authenticate::ResendOtp, &mut report)? {
            Ok(_) => {
                console.say("The OTP is sent again.");
                Ending::Done
            }
            Err(trouble) => trouble.ending()?,
        };
        console.answer(&report);
        return Ok(ending);
    }
    let mut wrong = false;
    let (outcome, ending) = loop {
        let Some(otp) = next_otp()? else {
            if wrong {
                break ("failed", Ending::Failed("The OTP was wrong.".into()));
            }
            bail!("no OTP came on standard input");
        };
        match submit(&mut payer, payment, &Authenticate::SubmitOtp(otp), &mut report)? {
            Ok(true) => break settle(asker, "The OTP was right; the payment is pending.", None)?,
            Ok(false) => {
                console.say("The OTP was wrong.");
                wrong = true;
            }
            Err(Trouble::NotSent(sentence)) => bail!("{sentence}"),
            Err(Trouble::Refused(sentence)) => break settle(asker, &sentence, Some("failed"))?,
            Err(Trouble::Lost(sentence)) => break settle(asker, &sentence, Some("unknown"))?,
        }
    };
    report["outcome"] = outcome.into();
    console.answer(&report);
    if matches!(ending, Ending::Done) {
        console.say("Paid.");
    }
    Ok(ending)
}

fn next_otp() -> anyhow::Result<Option<Otp>> {
    let text = if input::is_terminal() { Some(input::prompt("OTP")?) } else { input::line()? };
    match text {
        Some(text) if !text.trim().is_empty() => Ok(Some(Otp::parse(text.trim())?)),
        _ => Ok(None),
    }
}

/// `true`: it was right.
fn submit(
    payer: &mut Merchant,
    payment: CfPaymentId,
    request: &Authenticate,
    report: &mut Value,
) -> anyhow::Result<Result<bool, Trouble>> {
    let mut tx = Zeroizing::new([0; 256]);
    let len = encode::authenticate(request, tx.as_mut())?;
    // Each submission is an operation of its own.
    let key = IdempotencyKey::from_random(random()?);
    let mut body = match payer.call(Call::Authenticate(payment), Some(&key), tx.get(..len).unwrap_or_default())? {
        Ok(body) => body,
        Err(trouble) => return Ok(Err(trouble)),
    };
    tx.zeroize();
    let reply = match decode::authenticate(&mut body) {
        Ok(reply) if reply.cf_payment_id == payment => reply,
        Ok(_) => return Ok(Err(Trouble::Lost("The answer is about another payment.".into()))),
        Err(error) => return Ok(Err(unreadable(CallKind::Authenticate, &error))),
    };
    report["action"] = reply.action.into();
    report["status"] = reply.status.as_str().into();
    report["message"] = reply.message.into();
    match reply.status {
        AuthenticateStatus::Success => Ok(Ok(true)),
        AuthenticateStatus::Failed => Ok(Ok(false)),
        _ => Ok(Err(Trouble::Lost("The gateway answered with an unknown status.".into()))),
    }
}

/// What a till says of the order, where somebody can be asked. `without`: what it is if the order is still open; `None`: wait
/// for it.
fn settle(
    asker: Option<(&Gateway, &OrderId, Console)>,
    sentence: &str,
    without: Option<&'static str>,
) -> anyhow::Result<(&'static str, Ending)> {
    let open = || match without {
        None => ("pending", Ending::Pending(sentence.to_owned())),
        Some("failed") => ("failed", Ending::Failed(sentence.to_owned())),
        Some(_) => ("unknown", Ending::Unknown(sentence.to_owned())),
    };
    let Some((gateway, order, console)) = asker else { return Ok(open()) };
    let (ear, mut memory, terms) = (Ear::default(), Memory::new(), gateway.terms());
    let ask_ms = terms.policy.ask_ms;
    let mut counter = Counter::new(gateway, console, ear.clone());
    let mut till = till::open(gateway, till::scratch()?, terms, &mut memory, &ear)?;
    let end = now().after(if without == Some("failed") { 0 } else { gateway.timeout_ms });
    loop {
        if let Ok(status) = till.status(order, &mut counter) {
            match status::standing(order, &status) {
                (_, Ending::Pending(_) | Ending::Unknown(_)) => {}
                over => return Ok(over),
            }
        }
        if is_interrupted() || now() >= end {
            return Ok(open());
        }
        sleep_until(now().after(ask_ms));
    }
}
