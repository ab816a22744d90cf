//! What is tried again.

use crate::answer::Answer;

/// Could not be done now: no budget, no answer, or one that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotNow;

impl From<Answer> for NotNow {
    fn from(_: Answer) -> Self {
        Self
    }
}
