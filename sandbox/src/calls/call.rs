//! A request on its way through the calls.

use crate::books::terms::Terms;
use crate::ground::error::Refusal;
use crate::ground::http::Request;
use crate::ground::json::{self, Object};
use crate::ground::time::UnixMillis;
use crate::ground::version::ApiVersion;

/// A request whose headers were checked.
pub(crate) struct Call<'a> {
    pub(crate) version: ApiVersion,
    pub(crate) now: UnixMillis,
    pub(crate) request: &'a Request,
    /// What the rules are for its order.
    pub(crate) terms: &'a Terms,
    /// The shopper of its order is a scenario's.
    pub(crate) played: bool,
}

impl Call<'_> {
    /// The body, which must be a JSON object.
    pub(crate) fn object(&self) -> Result<Object, Refusal> {
        let kind = self.request.header("content-type").unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(Refusal::invalid("request_failed", "content-type must be application/json"));
        }
        json::read_object(&self.request.body)
            .ok_or_else(|| Refusal::invalid("request_failed", "the body is not a JSON object"))
    }
}
