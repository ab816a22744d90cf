//! Faults that a test injects: for everything that the documents do not promise.

use crate::ground::error::Refusal;
use crate::ground::http::Request;

/// What happens to a request instead of, or beside, the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An intermediary answers: the rules never see the request, and nothing is stored. The `content-type` is JSON if
    /// the body starts like it, else HTML; no gateway header is sent.
    Answer {
        /// HTTP status.
        status: u16,
        /// The body's bytes.
        body: Vec<u8>,
    },
    /// The gateway answers 500 `internal_error`, and stores that answer under the request's idempotency key.
    InternalError {
        /// Whether the request took effect before it failed.
        executed: bool,
    },
    /// The rules run and take effect, and store their own answer; but the client gets this status and body, as when a
    /// proxy loses the answer.
    Replace {
        /// HTTP status.
        status: u16,
        /// The body's bytes.
        body: Vec<u8>,
    },
    /// The gateway refuses.
    Refuse {
        /// HTTP status.
        status: u16,
        /// `type` of the body.
        kind: &'static str,
        /// `code` of the body.
        code: &'static str,
        /// Whether the request took effect all the same.
        executed: bool,
        /// Whether the refusal is stored under the request's idempotency key.
        stored: bool,
    },
    /// The gateway answers 429 with its headers.
    Throttle {
        /// Seconds to wait.
        retry_s: u64,
        /// Whether the request took effect all the same.
        executed: bool,
        /// Whether the refusal is stored under the request's idempotency key.
        stored: bool,
    },
}

/// A refusal that stands in the way.
pub(crate) struct Scripted {
    pub(crate) refusal: Refusal,
    /// The call is done all the same.
    pub(crate) executed: bool,
    /// It is kept under the call's key.
    pub(crate) stored: bool,
}

impl Fault {
    /// The refusal that it is, if it is one.
    pub(crate) fn refusal(&self) -> Option<Scripted> {
        let (refusal, executed, stored) = match *self {
            Self::Refuse { status, kind, code, executed, stored } => {
                (Refusal::new(status, kind, code, code), executed, stored)
            }
            Self::Throttle { executed, stored, .. } => (Refusal::throttled(), executed, stored),
            Self::Answer { .. } | Self::InternalError { .. } | Self::Replace { .. } => return None,
        };
        Some(Scripted { refusal, executed, stored })
    }
}

/// Faults in waiting, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Waiting>);

#[derive(Clone, Debug)]
struct Waiting {
    path: String,
    times: usize,
    fault: Fault,
}

impl Faults {
    pub(crate) fn add(&mut self, path: &str, times: usize, fault: Fault) {
        self.0.push(Waiting { path: path.to_owned(), times, fault });
    }

    /// The fault for this request, which is then used up once.
    pub(crate) fn take(&mut self, request: &Request) -> Option<Fault> {
        let path = request.path.strip_prefix("/pg").unwrap_or(&request.path);
        let target = format!("{} {path}", request.method);
        let meets = |waiting: &Waiting| match waiting.path.strip_suffix('*') {
            Some(start) => target.starts_with(start),
            None => target == waiting.path,
        };
        let at = self.0.iter().position(|waiting| waiting.times > 0 && meets(waiting))?;
        self.0[at].times -= 1;
        let fault = self.0[at].fault.clone();
        self.0.retain(|waiting| waiting.times > 0);
        Some(fault)
    }
}
