//! What a paid order is proven by.

use pay_core::model::{CfPaymentId, OpenOrder, OrderId};
use pay_core::sale::Outcome;
use pay_core::wire::{Call, decode};

use super::console::Console;
use super::exit::one_line;
use super::gateway::Gateway;
use super::merchant::Merchant;

/// A receipt. Of a card it has the last four digits.
#[derive(Debug)]
pub(super) struct Receipt {
    amount: String,
    order_id: String,
    cf_payment_id: String,
    method: String,
    bank_reference: String,
}

impl Receipt {
    /// Of an order that this till was paid for. The bank's reference is asked for, and left out if it does not come.
    pub(super) fn of(
        order: &OpenOrder,
        outcome: &Outcome,
        gateway: &Gateway,
        method: &str,
        card: Option<&str>,
    ) -> Self {
        let payment = match outcome {
            Outcome::Paid { cf_payment_id, .. } => *cf_payment_id,
            _ => None,
        };
        Self {
            amount: format!("{} {}", order.currency, order.amount),
            order_id: order.order_id.to_string(),
            cf_payment_id: payment.map(|id| id.to_string()).unwrap_or_default(),
            method: match card {
                Some(digits) => format!("{method}, card **** {digits}"),
                None => method.to_owned(),
            },
            bank_reference: payment.and_then(|id| bank_reference(gateway, &order.order_id, id)).unwrap_or_default(),
        }
    }

    pub(super) fn print(&self, console: Console) {
        console.say("");
        console.say("  PAID");
        for (label, value) in [
            ("Amount", &self.amount),
            ("Order", &self.order_id),
            ("Payment", &self.cf_payment_id),
            ("Method", &self.method),
            ("Bank reference", &self.bank_reference),
        ] {
            if !value.is_empty() {
                console.say(&format!("  {label:<15} {value}"));
            }
        }
        console.say("");
    }
}

fn bank_reference(gateway: &Gateway, order: &OrderId, payment: CfPaymentId) -> Option<String> {
    let mut merchant = Merchant::asking(gateway).ok()?;
    let mut body = merchant.call(Call::ReadPayment(order, payment), None, &[]).ok()?.ok()?;
    Some(one_line(decode::payment(&mut body).ok()?.bank_reference))
}
