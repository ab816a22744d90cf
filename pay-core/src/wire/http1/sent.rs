//! Which requests an answer must not be to.

use super::super::super::model::RequestId;
use super::super::http::ResponseHead;

/// The `x-request-id`s of the exchanges before. The gateway puts the request's id into its answer; an answer with an earlier one is
/// late, and says nothing about what was asked now.
#[derive(Debug, Default)]
pub struct SentIds([Option<RequestId>; 2]);

impl SentIds {
    /// No exchange yet.
    pub const fn new() -> Self {
        Self([None, None])
    }

    /// Notes the id of an exchange that is over. The last two are kept.
    pub fn note(&mut self, id: &RequestId) {
        self.0.swap(0, 1);
        self.0[0] = Some(id.clone());
    }

    /// Whether `head`, come for the request `current`, is the answer to an earlier one.
    pub fn is_earlier(&self, current: &RequestId, head: &ResponseHead) -> bool {
        let Some(answered) = head.request_id.as_deref().filter(|id| *id != current.as_str()) else { return false };
        self.0.iter().flatten().any(|id| id.as_str() == answered)
    }
}
