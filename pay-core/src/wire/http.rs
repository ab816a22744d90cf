//! One exchange: what a transport is asked to send, and what it reports of the answer.

use core::fmt;

use super::super::model::{
    ApiVersion, CallKind, CfPaymentId, IdempotencyKey, OrderId, RefundId, RequestId, Text, UnixSeconds,
};
use super::api::{Auth, ClientHints};
use super::date;

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
}

/// Which of a terminal's two connections a call goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a driver must route every call.
#[allow(clippy::exhaustive_enums)]
pub enum Route {
    /// To the gateway: calls that need only the session id.
    Pay,
    /// To the holder of the merchant's keys: the gateway for a desktop, the merchant's backend for a kiosk.
    Ask,
}

/// A call and what its path needs. [`fmt::Display`] writes the path below the base path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call<'a> {
    /// `POST /orders`
    CreateOrder,
    /// `GET /orders/{order_id}`
    ReadOrder(&'a OrderId),
    /// `PATCH /orders/{order_id}`
    TerminateOrder(&'a OrderId),
    /// `POST /orders/sessions`
    OrderPay,
    /// `POST /orders/pay/authenticate/{cf_payment_id}`
    Authenticate(CfPaymentId),
    /// `GET /orders/{order_id}/payments`
    ListPayments(&'a OrderId),
    /// `GET /orders/{order_id}/payments/{cf_payment_id}`
    ReadPayment(&'a OrderId, CfPaymentId),
    /// `POST /orders/{order_id}/refunds`
    CreateRefund(&'a OrderId),
    /// `GET /orders/{order_id}/refunds/{refund_id}`
    ReadRefund(&'a OrderId, &'a RefundId),
    /// `GET /orders/{order_id}/refunds`
    ListRefunds(&'a OrderId),
    /// `POST /recon`
    #[cfg(feature = "recon")]
    Recon,
    /// `POST /simulate`
    Simulate,
    /// `POST /orders/{order_id}/release`: to the merchant's own backend; the gateway has no such call.
    ReportRelease(&'a OrderId),
    /// `POST /devices/recover`: to the merchant's own backend; the gateway has no such call.
    Recover,
}

/// The epoch of the device that a call belongs to, as its backend counts them: `x-device-epoch`. The backend refuses calls of an earlier epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceEpoch(Text<10>);

/// One request, ready to be sent once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Which call.
    pub call: Call<'a>,
    /// `x-api-version`.
    pub api_version: ApiVersion,
    /// `x-request-id`: fresh for every exchange.
    pub request_id: RequestId,
    /// `x-idempotency-key`, on calls that act.
    pub idempotency_key: Option<&'a IdempotencyKey>,
    /// The `x-client-*` headers, on Order Pay.
    pub client: Option<&'a ClientHints>,
    /// `x-device-epoch`, where a backend has given this terminal one. Sent with a device token only: the gateway knows of no epochs.
    pub epoch: Option<&'a DeviceEpoch>,
    /// JSON, or nothing. May hold a card: never logged.
    pub body: Body<'a>,
    /// `Prefer: wait=N` (RFC 7240 section 4.3) in seconds, 0 to 10: the answer may wait until there is news, but no longer than this.
    /// 0: the header is left out.
    pub wait_s: u8,
    /// The limit for the whole exchange, from resolving the host to the last byte of the body, in milliseconds.
    pub timeout_ms: u32,
}

/// Bytes that are sent and never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Body<'a>(&'a [u8]);

/// What a transport reports of an answer; the body is `rx[..body_len]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// Bytes of body in `rx`.
    pub body_len: usize,
    /// The body was longer than `rx`, which holds its beginning; the connection was dropped.
    pub truncated: bool,
    /// `x-idempotency-replayed: true`: the stored answer to the first call under this key.
    pub replayed: bool,
    /// `x-pay-origin: backend`: the merchant's backend says this itself, before it sent anything on to the gateway.
    pub from_backend: bool,
    /// `Preference-Applied: wait` (RFC 7240 section 3): the answer came when there was news, or after the time of [`Request::wait_s`].
    pub waited: bool,
    /// What the gateway says about its limits.
    pub rate_limit: RateLimit,
    /// `x-request-id` as the answer has it.
    pub request_id: Option<Text<64>>,
    /// `Date`: what the clock of whoever answered showed (RFC 9110 section 6.6.1), in whole seconds. `None` where it is missing or
    /// not in the form that servers must send today (IMF-fixdate).
    pub date: Option<UnixSeconds>,
}

/// The `x-ratelimit-*` headers; each may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls allowed in a sliding minute.
    pub limit: Option<u32>,
    /// Calls left in it.
    pub remaining: Option<u32>,
    /// Seconds to wait; 0 within the limit.
    pub retry_s: Option<u32>,
}

impl Method {
    /// `GET`, `POST` or `PATCH`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

impl Call<'_> {
    /// Which call, without its ids.
    pub const fn kind(&self) -> CallKind {
        match self {
            Self::CreateOrder => CallKind::CreateOrder,
            Self::ReadOrder(_) => CallKind::ReadOrder,
            Self::TerminateOrder(_) => CallKind::TerminateOrder,
            Self::OrderPay => CallKind::OrderPay,
            Self::Authenticate(_) => CallKind::Authenticate,
            Self::ListPayments(_) => CallKind::ListPayments,
            Self::ReadPayment(..) => CallKind::ReadPayment,
            Self::CreateRefund(_) => CallKind::CreateRefund,
            Self::ReadRefund(..) => CallKind::ReadRefund,
            Self::ListRefunds(_) => CallKind::ListRefunds,
            #[cfg(feature = "recon")]
            Self::Recon => CallKind::Recon,
            Self::Simulate => CallKind::Simulate,
            Self::ReportRelease(_) => CallKind::ReportRelease,
            Self::Recover => CallKind::Recover,
        }
    }

    /// Its HTTP method.
    pub const fn method(&self) -> Method {
        match self.kind() {
            CallKind::TerminateOrder => Method::Patch,
            #[cfg(feature = "recon")]
            CallKind::Recon => Method::Post,
            kind if kind.acts() => Method::Post,
            _ => Method::Get,
        }
    }

    /// The connection it goes over.
    pub const fn route(&self) -> Route {
        match self {
            Self::OrderPay | Self::Authenticate(_) => Route::Pay,
            _ => Route::Ask,
        }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateOrder => f.write_str("/orders"),
            Self::ReadOrder(order) | Self::TerminateOrder(order) => write!(f, "/orders/{order}"),
            Self::OrderPay => f.write_str("/orders/sessions"),
            Self::Authenticate(payment) => write!(f, "/orders/pay/authenticate/{payment}"),
            Self::ListPayments(order) => write!(f, "/orders/{order}/payments"),
            Self::ReadPayment(order, payment) => write!(f, "/orders/{order}/payments/{payment}"),
            Self::CreateRefund(order) | Self::ListRefunds(order) => write!(f, "/orders/{order}/refunds"),
            Self::ReadRefund(order, refund) => write!(f, "/orders/{order}/refunds/{refund}"),
            #[cfg(feature = "recon")]
            Self::Recon => f.write_str("/recon"),
            Self::Simulate => f.write_str("/simulate"),
            Self::ReportRelease(order) => write!(f, "/orders/{order}/release"),
            Self::Recover => f.write_str("/devices/recover"),
        }
    }
}

impl<'a> Request<'a> {
    /// A request without key, hints and body, limited to 30 s.
    pub const fn new(call: Call<'a>, api_version: ApiVersion, request_id: RequestId) -> Self {
        let (idempotency_key, client, epoch) = (None, None, None);
        let (body, wait_s, timeout_ms) = (Body(&[]), 0, 30_000);
        Self { call, api_version, request_id, idempotency_key, client, epoch, body, wait_s, timeout_ms }
    }

    /// Adds the idempotency key.
    #[must_use]
    pub const fn with_key(mut self, key: &'a IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Adds the client hints.
    #[must_use]
    pub const fn with_client(mut self, client: Option<&'a ClientHints>) -> Self {
        self.client = client;
        self
    }

    /// Adds the terminal's epoch.
    #[must_use]
    pub const fn with_epoch(mut self, epoch: Option<&'a DeviceEpoch>) -> Self {
        self.epoch = epoch;
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub const fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = Body(body);
        self
    }

    /// Sets the limit for the whole exchange.
    #[must_use]
    pub const fn with_timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// Asks to be answered only when there is news, or after so many seconds; more than 10 are 10.
    #[must_use]
    pub const fn with_wait_s(mut self, wait_s: u8) -> Self {
        self.wait_s = if wait_s > 10 { 10 } else { wait_s };
        self
    }

    /// The headers of this crate's concern, names in lower case, values safe to write as they are. `Host`,
    /// `Content-Length` and `Connection` are the transport's. `auth` is the endpoint's: secrets appear here and nowhere else.
    pub fn headers<'h>(&'h self, auth: &'h Auth) -> impl Iterator<Item = (&'static str, &'h str)> {
        let (client_id, client_secret, authorization) = match auth {
            Auth::Session => (None, None, None),
            Auth::Merchant { client_id, client_secret } => {
                (Some(client_id.as_str()), Some(client_secret.expose()), None)
            }
            Auth::Bearer(token) => (None, None, Some(token.header())),
        };
        let epoch = self.epoch.filter(|_| authorization.is_some());
        let client = self.client;
        [
            ("accept", Some("application/json")),
            ("content-type", (!self.body.0.is_empty()).then_some("application/json")),
            ("x-api-version", Some(self.api_version.as_str())),
            ("x-request-id", Some(self.request_id.as_str())),
            ("x-idempotency-key", self.idempotency_key.map(IdempotencyKey::as_str)),
            ("x-device-epoch", epoch.map(|epoch| epoch.0.as_str())),
            ("prefer", self.preference()),
            ("x-client-device", client.and_then(|c| c.device).map(|d| d.as_str())),
            ("x-client-os", client.and_then(|c| c.os).map(|o| o.as_str())),
            ("x-client-rendering-type", client.and_then(|c| c.rendering).map(|r| r.as_str())),
            ("x-client-browser", client.and_then(|c| c.browser).map(|b| b.as_str())),
            ("x-client-id", client_id),
            ("x-client-secret", client_secret),
            ("authorization", authorization),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
    }

    const fn preference(&self) -> Option<&'static str> {
        match self.wait_s {
            0 => None,
            1 => Some("wait=1"),
            2 => Some("wait=2"),
            3 => Some("wait=3"),
            4 => Some("wait=4"),
            5 => Some("wait=5"),
            6 => Some("wait=6"),
            7 => Some("wait=7"),
            8 => Some("wait=8"),
            9 => Some("wait=9"),
            _ => Some("wait=10"),
        }
    }
}

fn is_wait(preference: &str) -> bool {
    preference.trim_ascii().eq_ignore_ascii_case("wait")
}

impl DeviceEpoch {
    /// `None` for 0: a terminal that never was recovered says nothing.
    pub fn new(epoch: u32) -> Option<Self> {
        let mut text = Text::new();
        // Ten digits hold it.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{epoch}"));
        (epoch > 0).then_some(Self(text))
    }
}

impl<'a> Body<'a> {
    /// The bytes to send. The name says what the call does.
    pub const fn expose(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl ResponseHead {
    /// An answer with this status and no header seen yet.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Takes note of a header that matters here; names in any case, others are ignored, unreadable values too.
    pub fn note_header(&mut self, name: &str, value: &str) {
        let value = value.trim_ascii();
        let number = || value.parse().ok();
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        if is("x-idempotency-replayed") {
            self.replayed = value.eq_ignore_ascii_case("true");
        } else if is("preference-applied") {
            let name = |preference: &str| preference.split(['=', ';']).next().is_some_and(is_wait);
            self.waited |= value.split(',').any(name);
        } else if is("x-pay-origin") {
            self.from_backend = value == "backend";
        } else if is("x-ratelimit-limit") {
            self.rate_limit.limit = number();
        } else if is("x-ratelimit-remaining") {
            self.rate_limit.remaining = number();
        } else if is("x-ratelimit-retry") || is("retry-after") {
            self.rate_limit.retry_s = number();
        } else if is("x-request-id") && !value.is_empty() {
            self.request_id = Some(Text::cut(value));
        } else if is("date") {
            self.date = date::parse(value);
        }
    }

    /// 200 to 299.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}
