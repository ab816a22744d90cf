//! An answer: what came, and what it means.

use serde_json::{Value, json};

use super::question::Question;

/// What was learned about one question.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) question: &'static Question,
    pub(super) state: State,
    /// What came; of what could not be learned, why.
    pub(super) came: String,
    /// What that means for whoever builds a terminal; empty where nothing was learned.
    pub(super) means: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    AsAssumed,
    Otherwise,
    NotLearned,
}

impl Question {
    pub(super) fn as_assumed(&'static self, came: impl Into<String>, means: impl Into<String>) -> Finding {
        Finding { question: self, state: State::AsAssumed, came: came.into(), means: means.into() }
    }

    pub(super) fn otherwise(&'static self, came: impl Into<String>, means: impl Into<String>) -> Finding {
        Finding { question: self, state: State::Otherwise, came: came.into(), means: means.into() }
    }

    pub(super) fn not_learned(&'static self, why: impl Into<String>) -> Finding {
        Finding { question: self, state: State::NotLearned, came: why.into(), means: String::new() }
    }
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::AsAssumed => "as_assumed",
            Self::Otherwise => "otherwise",
            Self::NotLearned => "not_learned",
        }
    }
}

impl Finding {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.question.id,
            "asked": self.question.asked,
            "assumed": self.question.assumed,
            "state": self.state.word(),
            "came": self.came,
            "means": (!self.means.is_empty()).then_some(&self.means),
            "setting": self.question.setting,
        })
    }

    /// Its lines for people.
    pub(super) fn to_text(&self) -> String {
        let Question { id, asked, assumed, setting, .. } = self.question;
        match self.state {
            State::AsAssumed => format!("ok     {id}: {asked}\n       {}. {}.", self.came, self.means),
            State::Otherwise => format!(
                "OTHER  {id}: {asked}\n       {}. Assumed: {assumed}.\n       {}. Setting: {setting}.",
                self.came, self.means
            ),
            State::NotLearned => format!("?      {id}: {asked}\n       Not learned: {}.", self.came),
        }
    }
}
