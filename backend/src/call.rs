//! Parses a device's request into one of the calls it may make; everything else is refused.

use std::collections::BTreeMap;

use pay_core::model::{Amount, ApiVersion, CfPaymentId, CreateOrder, Customer, CustomerId, OrderId, Phone};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::Answer;

/// A request as it was received.
#[derive(Default)]
#[allow(clippy::exhaustive_structs)] // made by whoever carries it
pub struct Incoming {
    /// `GET`, `POST` or another.
    pub method: String,
    /// The path behind `/pg`.
    pub path: String,
    /// The URL has a query.
    pub has_query: bool,
    /// `authorization`
    pub authorization: Option<Vec<u8>>,
    /// `x-api-version`
    pub api_version: Option<String>,
    /// `content-type`
    pub content_type: Option<String>,
    /// `x-device-epoch`
    pub epoch: Option<String>,
    /// `x-idempotency-key`
    pub idempotency_key: Option<String>,
    /// `x-client-device`, `-os`, `-rendering-type` and `-browser`
    pub client: [Option<String>; 4],
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// The calls that a device may make.
#[allow(clippy::exhaustive_enums)] // a forgotten arm answers nobody
pub enum Call {
    /// `POST /orders`
    Create(Box<CreateOrder>),
    /// `GET /orders/{order_id}`
    Read(OrderId),
    /// `PATCH /orders/{order_id}`
    Close(OrderId),
    /// `GET /orders/{order_id}/payments`
    Payments(OrderId),
    /// `GET /orders/{order_id}/payments/{cf_payment_id}`
    Payment(OrderId, CfPaymentId),
    /// `POST /orders/{order_id}/release`: reports whether the goods are out, and for which payment if it names one.
    Report(OrderId, bool, Option<CfPaymentId>),
    /// The same path: asks for the right to hand out the goods for this payment.
    Claim(OrderId, CfPaymentId),
    /// `POST /devices/recover`
    Recover,
}

impl Call {
    /// The call changes something.
    pub(crate) const fn acts(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Close(_) | Self::Report(..) | Self::Claim(..))
    }

    /// Only the backend has this call; the gateway does not.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self, Self::Report(..) | Self::Claim(..) | Self::Recover)
    }
}

/// Which amounts are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prices {
    /// Anything from 1.00 to this.
    UpTo(Amount),
    /// One of these.
    Catalogue(Vec<Amount>),
}

impl Prices {
    fn allow(&self, amount: Amount) -> bool {
        match self {
            Self::UpTo(cap) => amount <= *cap,
            Self::Catalogue(prices) => prices.contains(&amount),
        }
    }
}

impl Incoming {
    /// The token behind `Bearer `.
    #[cfg(feature = "service")]
    pub(crate) fn token(&self) -> Option<&[u8]> {
        let (scheme, token) = self.authorization.as_deref()?.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
    }

    /// The device's epoch that the call names; 0 if it names none.
    pub(crate) fn epoch(&self) -> Result<u64, Answer> {
        let epoch = self.epoch.as_deref().map_or(Ok(0), str::parse);
        epoch.map_err(|_| Answer::invalid("request_invalid", "x-device-epoch: is not a number"))
    }

    pub(crate) fn version(&self) -> Result<ApiVersion, Answer> {
        let version = self.api_version.as_deref().and_then(|version| ApiVersion::parse(version).ok());
        version.ok_or_else(|| Answer::invalid("version_missing", "x-api-version: is missing or not known"))
    }

    pub(crate) fn call(&self, prices: &Prices) -> Result<Call, Answer> {
        let path = self.path.strip_prefix("/pg/").filter(|_| !self.has_query).ok_or_else(Answer::no_such_path)?;
        let parts: Vec<&str> = path.split('/').collect();
        let order = |id| OrderId::parse(id).map_err(|error| Answer::invalid("order_id_invalid", &error.to_string()));
        match (parts.as_slice(), self.method.as_str()) {
            (["orders"], "POST") => self.create(prices),
            (["orders", id], "GET") => self.bare(Call::Read(order(id)?)),
            (["orders", id], "PATCH") => {
                let Close { order_status } = self.json()?;
                if order_status != "TERMINATED" {
                    return Err(Answer::invalid("order_status_invalid", "order_status: only TERMINATED is taken"));
                }
                Ok(Call::Close(order(id)?))
            }
            (["orders", id, "payments"], "GET") => self.bare(Call::Payments(order(id)?)),
            (["orders", id, "payments", payment], "GET") => {
                let payment = CfPaymentId::parse(payment)
                    .map_err(|error| Answer::invalid("payment_id_invalid", &error.to_string()))?;
                self.bare(Call::Payment(order(id)?, payment))
            }
            (["orders", id, "release"], "POST") => {
                let Report { released, cf_payment_id } = self.json()?;
                let payment = cf_payment_id.map(|id| CfPaymentId::parse(&id)).transpose();
                let payment = payment.map_err(|error| Answer::invalid("payment_id_invalid", &error.to_string()))?;
                match (released, payment) {
                    (Some(released), payment) => Ok(Call::Report(order(id)?, released, payment)),
                    (None, Some(payment)) => Ok(Call::Claim(order(id)?, payment)),
                    (None, None) => Err(Answer::invalid("request_invalid", "released or cf_payment_id: is missing")),
                }
            }
            (["devices", "recover"], "POST") => Ok(Call::Recover),
            (
                ["devices", "recover"]
                | ["orders"]
                | ["orders", _]
                | ["orders", _, "payments" | "release"]
                | ["orders", _, "payments", _],
                _,
            ) => Err(Answer::no_such_method()),
            _ => Err(Answer::no_such_path()),
        }
    }

    fn create(&self, prices: &Prices) -> Result<Call, Answer> {
        let wanted: Create<'_> = self.json()?;
        if wanted.order_currency != "INR" {
            return Err(Answer::invalid("order_currency_invalid", "order_currency: is not INR"));
        }
        let amount = Amount::parse(wanted.order_amount.get());
        let amount = amount.map_err(|error| Answer::invalid("order_amount_invalid", &error.to_string()))?;
        let order = wanted.order(amount).map_err(|error| Answer::invalid("request_invalid", &error.to_string()))?;
        if wanted.order_tags.as_ref().is_some_and(|tags| tags.len() > 1) {
            return Err(Answer::invalid("order_tags_invalid", "order_tags: has more than one entry"));
        }
        if !prices.allow(amount) {
            return Err(Answer::invalid("order_amount_invalid", "order_amount: is not a price of this shop"));
        }
        Ok(Call::Create(Box::new(order)))
    }

    fn bare(&self, call: Call) -> Result<Call, Answer> {
        if self.body.is_empty() { Ok(call) } else { Err(Answer::invalid("request_invalid", "this call has no body")) }
    }

    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Answer> {
        let kind = self.content_type.as_deref().unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Answer::invalid("request_invalid", "content-type: is not application/json"));
        }
        // serde_json's own message can repeat what was sent.
        serde_json::from_slice(&self.body).map_err(|error| {
            let what =
                if error.is_data() { "has a member too many, too few or of a wrong kind" } else { "is not JSON" };
            Answer::invalid("request_invalid", &format!("the body {what}, at column {}", error.column()))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create<'a> {
    order_id: String,
    #[serde(borrow)]
    order_amount: &'a RawValue,
    order_currency: String,
    customer_details: Buyer,
    order_tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Buyer {
    customer_id: String,
    customer_phone: String,
    customer_name: Option<String>,
    customer_email: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    order_status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    released: Option<bool>,
    cf_payment_id: Option<String>,
}

impl Create<'_> {
    fn order(&self, amount: Amount) -> Result<CreateOrder, pay_core::model::InvalidValue> {
        let buyer = &self.customer_details;
        let mut customer = Customer::new(CustomerId::parse(&buyer.customer_id)?, Phone::parse(&buyer.customer_phone)?);
        if let Some(name) = &buyer.customer_name {
            customer = customer.with_name(name)?;
        }
        if let Some(email) = &buyer.customer_email {
            customer = customer.with_email(email)?;
        }
        let order = CreateOrder::new(OrderId::parse(&self.order_id)?, amount, customer)?;
        match self.order_tags.iter().flatten().next() {
            Some((name, value)) => order.with_tag(name, value),
            None => Ok(order),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str, body: &str) -> u16 {
        let incoming = Incoming {
            method: method.into(),
            path: path.into(),
            has_query: false,
            authorization: None,
            api_version: None,
            content_type: Some("application/json; charset=utf-8".into()),
            epoch: None,
            idempotency_key: None,
            client: [const { None }; 4],
            body: body.into(),
        };
        let prices = Prices::Catalogue(vec![Amount::from_minor(1015).unwrap(), Amount::from_minor(99).unwrap()]);
        incoming.call(&prices).map_or_else(|answer| answer.status, |_| 200)
    }

    // Mutants: `deny_unknown_fields` left out of `Create` or `Buyer`; `bare` that ignores the body; a catalogue that
    // allows everything.
    #[test]
    fn only_what_is_listed_passes() {
        let create = |amount: &str, more: &str, buyer: &str| {
            format!(
                r#"{{"order_id": "abc", "order_amount": {amount}, "order_currency": "INR"{more},
                "customer_details": {{"customer_id": "c_1", "customer_phone": "9999999999"{buyer}}}}}"#
            )
        };
        for (method, path, body, want) in [
            ("POST", "/pg/orders", create("10.15", "", ""), 200),
            ("POST", "/pg/orders", create("10.150", "", r#", "customer_name": "A. B.""#), 200),
            ("POST", "/pg/orders", create("10.16", "", ""), 400),
            ("POST", "/pg/orders", create("0.99", "", ""), 400),
            ("POST", "/pg/orders", create("10.155", "", ""), 400),
            ("POST", "/pg/orders", create("\"10.15\"", "", ""), 400),
            ("POST", "/pg/orders", create("10.15", r#", "order_meta": {}"#, ""), 400),
            ("POST", "/pg/orders", create("10.15", r#", "order_note": "abc""#, ""), 400),
            ("POST", "/pg/orders", create("10.15", r#", "order_amount": 1"#, ""), 400),
            ("POST", "/pg/orders", create("10.15", "", r#", "customer_uid": "x""#), 400),
            ("POST", "/pg/orders", create("10.15", "", "") + "x", 400),
            ("POST", "/pg/orders", create("10.15", "", "").replace("\"abc\"", "\"a/../b\""), 400),
            ("POST", "/pg/orders", create("10.15", "", "").replace("INR", "USD"), 400),
            ("GET", "/pg/orders/abc", String::new(), 200),
            ("GET", "/pg/orders/abc", "{}".into(), 400),
            ("GET", "/pg/orders/a%2fb", String::new(), 400),
            ("GET", "/pg/orders/abc/payments", String::new(), 200),
            ("GET", "/pg/orders/abc/payments/12", String::new(), 200),
            ("GET", "/pg/orders/abc/payments/x", String::new(), 400),
            ("PATCH", "/pg/orders/abc", r#"{"order_status": "TERMINATED"}"#.into(), 200),
            ("PATCH", "/pg/orders/abc", r#"{"order_status": "ACTIVE"}"#.into(), 400),
            ("PATCH", "/pg/orders/abc", r#"{"order_status": "TERMINATED", "order_amount": 1}"#.into(), 400),
            ("POST", "/pg/orders/abc/release", r#"{"released": false}"#.into(), 200),
            ("POST", "/pg/orders/abc/release", r#"{"released": 0}"#.into(), 400),
            ("POST", "/pg/orders/abc/release", "{}".into(), 400),
            ("POST", "/pg/orders/abc/release", r#"{"cf_payment_id": "12"}"#.into(), 200),
            ("POST", "/pg/orders/abc/release", r#"{"cf_payment_id": "x"}"#.into(), 400),
            ("POST", "/pg/orders", create("10.15", r#", "order_tags": {"mark": "00ff"}"#, ""), 200),
            ("POST", "/pg/orders", create("10.15", r#", "order_tags": {"a": "1", "b": "2"}"#, ""), 400),
            ("POST", "/pg/devices/recover", String::new(), 200),
            ("GET", "/pg/devices/recover", String::new(), 405),
            ("DELETE", "/pg/orders/abc", String::new(), 405),
            ("GET", "/pg/orders", String::new(), 405),
            ("POST", "/pg/orders/abc/refunds", "{}".into(), 404),
            ("POST", "/pg/orders/pay/authenticate/1", "{}".into(), 404),
            ("POST", "/pg/simulate", "{}".into(), 404),
            ("GET", "/orders/abc", String::new(), 404),
            ("GET", "/pg/orders/abc/", String::new(), 404),
        ] {
            assert_eq!(status(method, path, &body), want, "{method} {path} {body}");
        }
    }
}
