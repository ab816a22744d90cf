//! Which call a request makes.

use crate::ground::http::Request;

/// The call that a request makes.
pub(crate) enum Route<'a> {
    CreateOrder,
    GetOrder(&'a str),
    TerminateOrder(&'a str),
    OrderPay,
    Authenticate(&'a str),
    Payments(&'a str),
    Payment(&'a str, &'a str),
    CreateRefund(&'a str),
    Refunds(&'a str),
    Refund(&'a str, &'a str),
    Recon,
    Simulate,
    Simulation(&'a str),
}

impl<'a> Route<'a> {
    pub(crate) fn of(request: &'a Request) -> Option<Self> {
        let parts: Vec<&str> = request.path.strip_prefix("/pg/")?.split('/').collect();
        Some(match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["orders"]) => Self::CreateOrder,
            ("GET", ["orders", id]) => Self::GetOrder(id),
            ("PATCH", ["orders", id]) => Self::TerminateOrder(id),
            ("POST", ["orders", "sessions"]) => Self::OrderPay,
            ("POST", ["orders", "pay", "authenticate", id]) => Self::Authenticate(id),
            ("GET", ["orders", order, "payments"]) => Self::Payments(order),
            ("GET", ["orders", order, "payments", id]) => Self::Payment(order, id),
            ("POST", ["orders", order, "refunds"]) => Self::CreateRefund(order),
            ("GET", ["orders", order, "refunds"]) => Self::Refunds(order),
            ("GET", ["orders", order, "refunds", id]) => Self::Refund(order, id),
            ("POST", ["recon"]) => Self::Recon,
            ("POST", ["simulate"]) => Self::Simulate,
            ("GET", ["simulate", id]) => Self::Simulation(id),
            _ => return None,
        })
    }
}
