//! A failure that is tried again.

use crate::answer::Answer;

/// The duty could not be done now: no budget, no answer, or an answer that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotNow;

impl From<Answer> for NotNow {
    fn from(_: Answer) -> Self {
        Self
    }
}
