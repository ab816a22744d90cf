//! What nobody has published about the gateway, and a terminal's owner wants to know before the first day.

use crate::ground::error::Refusal;
use crate::ground::http::Request;
use crate::ground::json::read_object;
use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

/// What the gateway does that no document says. No sale depends on it; `pay doctor` finds it out. The default is what the documents
/// lean to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Habits {
    /// Newer versions are refused like ones that do not exist.
    pub newest: ApiVersion,
    /// Order Pay is enabled for the account (its S2S flag); without it 403.
    pub order_pay: bool,
    /// Cards are enabled for Order Pay; without it 403.
    pub cards: bool,
    /// Order Pay without `x-client-device` gets 400.
    pub needs_hints: bool,
    /// Keys count on POST calls; without it on none, with or without credentials.
    pub honours_keys: bool,
    /// Refusals are kept under their key; without it each is judged anew.
    pub keeps_refusals: bool,
    /// Another body under a key gets 422; without it the first answer.
    pub compares_bodies: bool,
    /// A repeat less than so many milliseconds after its first call gets 409, as one that is still at work would.
    pub busy_ms: u64,
    /// Answers have `x-ratelimit-*`.
    pub rate_headers: bool,
    /// What the headers say of the limit of Order Pay with credentials; `None`: the same as without.
    pub keyed_limit: Option<usize>,
    /// See [`PodQr`].
    pub pod_qr: PodQr,
    /// So many bytes more in each answer to Order Pay.
    pub padding: usize,
    /// Answers of the [`Server`](crate::Server) come in chunks, without a length.
    pub chunked: bool,
}

/// What the UPI channel `podQrCode` gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodQr {
    /// An image under `qrcode`, as for the channel `qrcode`.
    #[default]
    Image,
    /// Text under another name.
    Text,
    /// 400.
    Refused,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            newest: ApiVersion::LAST,
            order_pay: true,
            cards: true,
            needs_hints: false,
            honours_keys: true,
            keeps_refusals: true,
            compares_bodies: true,
            busy_ms: 0,
            rate_headers: true,
            keyed_limit: None,
            pod_qr: PodQr::default(),
            padding: 0,
            chunked: false,
        }
    }
}

impl Habits {
    /// Why an Order Pay call gets no further.
    pub(crate) fn refusal(&self, request: &Request) -> Option<Refusal> {
        let not_enabled = |what: &str| {
            Refusal::new(
                403,
                "feature_not_enabled",
                "request_failed",
                &format!("{what} : is not enabled for this account"),
            )
        };
        if !self.order_pay {
            return Some(not_enabled("order pay"));
        }
        if self.needs_hints && request.header("x-client-device").is_none() {
            return Some(Refusal::missing("x-client-device"));
        }
        let method = read_object(&request.body)?.remove("payment_method")?;
        if !self.cards && (method["card"].is_object() || method["emi"].is_object()) {
            return Some(not_enabled("card"));
        }
        let refused = self.pod_qr == PodQr::Refused && method["upi"]["channel"] == "podQrCode";
        refused.then(|| Refusal::invalid("payment_method_unsupported", "podQrCode : is not supported"))
    }

    /// Changes the answer to an Order Pay call that was done.
    pub(crate) fn shape(&self, answer: &mut Value) {
        if self.pod_qr == PodQr::Text && answer["channel"] == "podQrCode" {
            answer["data"]["payload"] = json!({"pod_qr_text": "upi://pay?cu=INR"});
        }
        if self.padding > 0 {
            answer["aa_padding"] = "x".repeat(self.padding).into();
        }
    }
}
