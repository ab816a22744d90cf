//! Payments that this terminal knows nothing of: another terminal's, or one on the merchant's site.

use crate::{
    gateway::Gateway,
    order::OrderStatus,
    payment::{Payment, PaymentStatus},
    rules::Unfinished,
    time::UnixMillis,
};
use serde_json::json;

impl Gateway {
    /// Somebody else pays this order with UPI: its whole amount, by an attempt that has this status from now on, whatever
    /// the order's is. A success pays an order that is open and stands beside the others on one that is paid; on one that
    /// has closed it stays a success, unlike what [`Gateway::handle`] makes of one that comes too late. Two calls with one
    /// `now` are two payments of the same moment. Gives the `cf_payment_id`; `None`: there is no such order.
    pub fn stranger_pays(&mut self, order_id: &str, status: PaymentStatus, now: UnixMillis) -> Option<u64> {
        let amount = self.orders.get(order_id)?.amount;
        let id = self.next_payment();
        self.payments.push(Payment {
            id,
            order_id: order_id.to_owned(),
            amount,
            method: "upi",
            status: PaymentStatus::Pending,
            captured: false,
            created: now,
            completed: None,
            stranger: true,
            group: "upi",
            shown: json!({"channel": "collect", "upi_id": "stranger@bank"}),
            authorize_only: false,
            error: None,
            due: None,
            otp: None,
            // They stay as they are until somebody says otherwise.
            unfinished: Unfinished::Pending,
        });
        self.set_payment(id, status, now);
        Some(id)
    }

    /// Puts a payment into this status, whatever it and its order are. `false`: there is no such payment. Besides a success,
    /// which pays an open order, nothing is done to the order.
    pub fn set_payment(&mut self, id: u64, status: PaymentStatus, now: UnixMillis) -> bool {
        let Ok(place) = self.payments.binary_search_by_key(&id, |payment| payment.id) else { return false };
        let payment = &mut self.payments[place];
        payment.status = status;
        payment.due = None;
        payment.captured = status == PaymentStatus::Success;
        payment.completed = (!status.is_open()).then_some(now);
        payment.error = match status {
            PaymentStatus::Failed => Some("TRANSACTION_DECLINED".to_owned()),
            PaymentStatus::UserDropped => Some("USER_DROPPED".to_owned()),
            _ => None,
        };
        let order = self.orders.get_mut(&self.payments[place].order_id);
        if let Some(order) = order.filter(|order| status == PaymentStatus::Success && order.closes().is_some()) {
            order.status = OrderStatus::Paid;
            order.terminates = None;
        }
        true
    }
}
