//! The merchant's own side: the backend for terminals, and where the gateway calls.

use super::finding::Finding;
use super::notes::{Notes, Step};
use super::question::{BACKEND, HOOKS};

pub(super) fn judge(notes: &Notes) -> Vec<Finding> {
    vec![backend(notes), hooks(notes)]
}

fn backend(notes: &Notes) -> Finding {
    match notes.answer(Step::Backend) {
        Err(why) if why.is_empty() => BACKEND.not_learned(why),
        Err(why) => BACKEND.otherwise(format!("No answer: {why}"), "Terminals cannot ask how an order stands"),
        Ok(answer) => match answer.status {
            401 | 403 => BACKEND.otherwise(
                format!("It refuses the token ({})", answer.said()),
                "Create a new token: backend token add",
            ),
            // The order is not one of this device's: what matters is who says so.
            200 | 404 => {
                BACKEND.as_assumed("It answers, and accepts the token", "Terminals can ask how an order stands")
            }
            _ => BACKEND.otherwise(
                format!("An answer that is not a backend's ({})", answer.said()),
                "Check --status-url: host, port and path",
            ),
        },
    }
}

fn hooks(notes: &Notes) -> Finding {
    match notes.answer(Step::Hook) {
        Err(why) if why.is_empty() => HOOKS.not_learned(why),
        Err(why) => HOOKS.otherwise(
            format!("No answer: {why}"),
            "Webhooks do not arrive: the backend finds payments later, by its own readings",
        ),
        Ok(answer) => match answer.status {
            401 => HOOKS.as_assumed(
                "An unsigned webhook was refused with 401",
                "It is reachable from here; only a live webhook shows that the gateway reaches it",
            ),
            200..=299 => HOOKS.otherwise(
                "An unsigned webhook was accepted",
                "The server there does not check signatures: anybody can send webhooks",
            ),
            _ => HOOKS.otherwise(
                format!("An answer that is not a backend's ({})", answer.said()),
                "Check the URL: the path is /hooks/cashfree/merchant",
            ),
        },
    }
}
