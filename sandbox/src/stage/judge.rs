//! Whether the books agree with what a terminal said.

use crate::books::order::OrderStatus;
use crate::books::payment::Payment;
use crate::books::refund::RefundStatus;
use crate::scenario::expect::Expect;
use crate::stage::gateway::Gateway;

impl Expect {
    /// Whether the books allow a terminal to have said this of an order. Let the gateway's clock run on first, so that
    /// what can still happen has happened.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(self, gateway: &Gateway, order: &str) -> Result<(), String> {
        let charges = gateway.charges(order).count();
        let given_back = |payment: u64| {
            let of_payment = gateway.refunds().iter().filter(|refund| refund.payment_id == payment);
            of_payment.filter(|refund| refund.status.gives_back()).map(|refund| refund.amount.0).sum::<u64>()
        };
        let stands = |payment: &&Payment| given_back(payment.id) < payment.amount.0;
        let stand = gateway.charges(order).filter(stands).count();
        let ours_stand = gateway.charges(order).filter(|payment| !payment.stranger).filter(stands).count();
        let of_order = gateway.refunds().iter().filter(|refund| refund.order_id == order);
        let back = of_order.filter(|refund| refund.status == RefundStatus::Success).count();
        let ours = gateway.charges(order).filter(|payment| !payment.stranger).count();
        let payable = gateway.orders().any(|known| known.id == order && known.status == OrderStatus::Active);
        let can_come =
            payable && gateway.payments().iter().any(|payment| payment.order_id == order && payment.status.is_open());
        let agrees = match self {
            // What another terminal's payment is too much, that terminal or the backend sends back.
            Self::Paid | Self::PaidOnRetry => ours == 1 && ours_stand == 1,
            Self::NotPaid | Self::NotStarted => charges == 0 && !can_come,
            Self::RefundDue => back < charges,
            Self::Refunded => charges >= 1 && stand + 1 == charges,
            Self::PaidElsewhere => ours == 0 && charges >= 1,
            Self::PaidUnclear => stand >= 1,
            Self::OrderTaken => ours == 0,
            Self::Pending | Self::Unknown | Self::StillAsking => ours_stand <= 1,
        };
        if agrees {
            Ok(())
        } else {
            let open = if can_come { ", and more can come" } else { "" };
            Err(format!("{} was said; {charges} charges, {stand} of them not given back{open}", self.as_str()))
        }
    }
}
