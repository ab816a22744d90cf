//! What an order says of itself: its session, its tags.

use pay_core::model::MARK_TAG;
use pay_core::wire::decode;
use zeroize::Zeroizing;

use super::finding::Finding;
use super::notes::{Answer, Notes, Step};
use super::question::{SESSION, TAGS};

pub(super) fn judge(notes: &Notes) -> Vec<Finding> {
    vec![session(notes), tags(notes)]
}

/// The session in an order's answer.
pub(super) fn session_of(answer: &Answer) -> Option<Zeroizing<String>> {
    let mut body = answer.body.clone();
    let session = decode::order(&mut body).ok()?.payment_session_id;
    (!session.is_empty()).then(|| Zeroizing::new(session.to_owned()))
}

fn session(notes: &Notes) -> Finding {
    let (first, again) = match (notes.success(Step::Read), notes.success(Step::ReadAgain)) {
        (Ok(first), Ok(again)) => (first, again),
        (Err(why), _) | (_, Err(why)) => return SESSION.not_learned(why),
    };
    match (session_of(first), session_of(again)) {
        (Some(one), Some(other)) if one == other => {
            SESSION.as_assumed("Each reading returns the same one", "A session stays valid while its order is open")
        }
        (Some(_), Some(_)) => {
            // The payments that came after were begun with the oldest.
            let old = match notes.success(notes.begun_without_keys()) {
                Ok(_) => "The first session, from the creation, stayed valid",
                Err(_) => "Whether older sessions stay valid was not seen",
            };
            SESSION.as_assumed("Each reading returns another one", old)
        }
        _ => SESSION.not_learned("an order came without a session"),
    }
}

fn tags(notes: &Notes) -> Finding {
    let answer = match notes.success(Step::Read) {
        Ok(answer) => answer,
        Err(why) => return TAGS.not_learned(why),
    };
    let mut body = answer.body.clone();
    match decode::order(&mut body) {
        Ok(order) if !order.mark.is_empty() => {
            TAGS.as_assumed("They come back", "If the answer to a creation is lost, a till recognises its own order")
        }
        Ok(_) => TAGS.otherwise(
            format!("{MARK_TAG} was left out"),
            "If the answer to a creation is lost, the sale ends as OrderTaken; sell again under another order id",
        ),
        Err(error) => TAGS.not_learned(format!("the order cannot be read: {error}")),
    }
}
