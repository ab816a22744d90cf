//! The calls of the gateway that this crate makes.

/// Which call an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CallKind {
    /// `POST /orders`
    CreateOrder,
    /// `GET /orders/{order_id}`
    ReadOrder,
    /// `PATCH /orders/{order_id}`
    TerminateOrder,
    /// `POST /orders/sessions`
    OrderPay,
    /// `POST /orders/pay/authenticate/{cf_payment_id}`
    Authenticate,
    /// `GET /orders/{order_id}/payments`
    ListPayments,
    /// `GET /orders/{order_id}/payments/{cf_payment_id}`
    ReadPayment,
    /// `POST /orders/{order_id}/refunds`
    CreateRefund,
    /// `GET /orders/{order_id}/refunds/{refund_id}`
    ReadRefund,
    /// `GET /orders/{order_id}/refunds`
    ListRefunds,
    /// `POST /recon`: reads, although it is a POST.
    #[cfg(feature = "recon")]
    Recon,
    /// `POST /simulate` (sandbox only)
    Simulate,
    /// `POST /orders/{order_id}/release`: to the merchant's own backend; the gateway has no such call.
    ReportRelease,
    /// `POST /devices/recover`: to the merchant's own backend; the gateway has no such call.
    Recover,
}

impl CallKind {
    /// Whether the call can change something; the others only read.
    pub const fn acts(self) -> bool {
        #[cfg(feature = "recon")]
        if matches!(self, Self::Recon) {
            return false;
        }
        !matches!(self, Self::ReadOrder | Self::ListPayments | Self::ReadPayment | Self::ReadRefund | Self::ListRefunds)
    }
}
