//! `pay simulate`: plays the customer, in a sandbox.

use anyhow::bail;
use pay_core::model::{CfPaymentId, IdempotencyKey, Simulate, SimulatedStatus};
use pay_core::wire::{Call, encode};
use serde_json::json;

use super::cli::{EndName, SimulateArgs};
use super::console::Console;
use super::entropy::random;
use super::exit::Ending;
use super::gateway::Gateway;
use super::merchant::Merchant;

pub(super) fn run(console: Console, args: &SimulateArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::to(&args.to)?;
    if !gateway.is_test() {
        bail!("simulate works in a sandbox only");
    }
    gateway.need_keys()?;
    let payment = CfPaymentId::parse(&args.cf_payment_id)?;
    let status = match args.status {
        EndName::Success => SimulatedStatus::Success,
        EndName::Failed => SimulatedStatus::Failed,
        EndName::Pending => SimulatedStatus::Pending,
        EndName::UserDropped => SimulatedStatus::UserDropped,
    };
    let mut request = Simulate::new(payment, status);
    if let Some(code) = &args.error_code {
        request = request.with_error_code(code)?;
    }
    let mut tx = [0; 512];
    let len = encode::simulate(&request, gateway.version, &mut tx)?;
    let mut merchant = Merchant::asking(&gateway)?;
    let key = IdempotencyKey::from_random(random()?);
    match merchant.call(Call::Simulate, Some(&key), tx.get(..len).unwrap_or_default())? {
        Ok(_) => {
            console.answer(&json!({"cf_payment_id": payment.to_string(), "status": status.as_str()}));
            if !console.is_json() {
                console.say(&format!("Payment {payment} is {}.", status.as_str()));
            }
            Ok(Ending::Done)
        }
        Err(trouble) => trouble.ending(),
    }
}
