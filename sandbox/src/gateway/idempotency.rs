//! The store of first answers: same key and body, same answer, whether it was good or bad.

use crate::gateway::habits::Habits;
use crate::ground::time::UnixMillis;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How long an answer is kept: 24 hours (the gateway's guide for agents; the specification names no time).
const KEPT_MS: UnixMillis = 24 * 3600 * 1000;

#[derive(Clone, Debug)]
struct Stored {
    digest: [u8; 32],
    status: u16,
    body: Vec<u8>,
    at: UnixMillis,
}

/// What the store knows of a key.
pub(crate) enum Seen {
    /// Nothing: go on and keep the answer.
    New,
    /// The first answer to the same body.
    Same { status: u16, body: Vec<u8> },
    /// The key was used with another body.
    Other,
    /// The first call is at work still.
    Busy,
}

/// First answers by method, path and key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(BTreeMap<String, Stored>);

impl Store {
    pub(crate) fn look_up(&self, scope: &str, body: &[u8], habits: &Habits, now: UnixMillis) -> Seen {
        let kept = self.0.get(scope).filter(|stored| now.saturating_sub(stored.at) < KEPT_MS);
        match kept {
            None => Seen::New,
            Some(stored) if now.saturating_sub(stored.at) < habits.busy_ms => Seen::Busy,
            Some(stored) if stored.digest == digest(body) || !habits.compares_bodies => {
                Seen::Same { status: stored.status, body: stored.body.clone() }
            }
            Some(_) => Seen::Other,
        }
    }

    pub(crate) fn keep(&mut self, scope: String, body: &[u8], status: u16, answer: &[u8], at: UnixMillis) {
        let stored = Stored { digest: digest(body), status, body: answer.to_owned(), at };
        self.0.insert(scope, stored);
    }
}

/// Bodies may hold card data, so only their digests are kept.
fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}
