//! What a story's gateway does with a call that no rule of the sandbox has.

use sandbox::{Gateway, RefundStatus, Request, Response};

use super::story::Setting;

/// The gateway's answer, with the story's twist in it.
pub(super) fn twisted(setting: Setting, gateway: &mut Gateway, request: &Request, now: u64) -> Response {
    let of_order = request.path.strip_prefix("/pg/orders/").unwrap_or_default();
    let refunds = of_order.strip_suffix("/refunds").filter(|_| request.method == "POST");
    match (setting, refunds) {
        (Setting::RefundsLess, Some(_)) => {
            let mut request = request.clone();
            request.body = with_value(&request.body, "refund_amount", "0.50");
            gateway.handle(&request, now)
        }
        (Setting::CancelsRefunds, Some(order)) => {
            let mut answer = gateway.handle(request, now);
            let is_replay = |(name, value): &(String, String)| name == "x-idempotency-replayed" && value == "true";
            if answer.status == 200 && !answer.headers.iter().any(is_replay) {
                let made = gateway.refunds().iter().filter(|refund| refund.order_id == order);
                for id in made.map(|refund| refund.id.clone()).collect::<Vec<_>>() {
                    gateway.set_refund(order, &id, RefundStatus::Cancelled);
                }
                (answer.status, answer.body) = (429, b"slow down".to_vec());
            }
            answer
        }
        (Setting::Says { order, word, age_ms }, _) => {
            let mut answer = gateway.handle(request, now);
            let is_young = |created| now < created + age_ms;
            if gateway.orders().any(|known| known.id == of_order && is_young(known.created)) {
                answer.body = with_value(&answer.body, "order_status", &format!("\"{word}\""));
                if let Some(order) = order {
                    answer.body = with_value(&answer.body, "order_id", &format!("\"{order}\""));
                }
            }
            answer
        }
        _ => gateway.handle(request, now),
    }
}

/// JSON with another value for a member that has one of its own.
fn with_value(json: &[u8], member: &str, value: &str) -> Vec<u8> {
    let json = String::from_utf8_lossy(json);
    let Some((before, rest)) = json.split_once(&format!("\"{member}\":")) else { return json.as_bytes().to_vec() };
    let after = rest.find(|c| ",}".contains(c)).and_then(|end| rest.get(end..)).unwrap_or_default();
    format!("{before}\"{member}\":{value}{after}").into_bytes()
}
