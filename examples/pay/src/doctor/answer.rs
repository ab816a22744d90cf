//! What answers look like as bytes.

use pay_core::model::NextAction;
use pay_core::wire::decode;
use serde_json::Value;

use super::super::exit::masked;
use super::finding::Finding;
use super::notes::{Framing, Notes, Step};
use super::question::{FRAMING, POD_QR, SIZE};

/// What a till has room for: README.md, "Sizes and features".
const QR_ROOM: usize = 12 * 1024;
const OTHER_ROOM: usize = 4 * 1024;
const HEAD_ROOM: usize = pay_core::wire::http1::HEAD_LIMIT;

pub(super) fn judge(notes: &Notes) -> Vec<Finding> {
    vec![framing(notes), size(notes), pod_qr(notes)]
}

fn framing(notes: &Notes) -> Finding {
    let count =
        |framing| notes.answers().filter(|(step, answer)| step.is_gateway() && answer.framing == framing).count();
    let [length, chunked, until_close] = [Framing::Length, Framing::Chunked, Framing::UntilClose].map(count);
    if length + chunked + until_close == 0 {
        return FRAMING.not_learned("nothing was answered");
    }
    let came = format!("With a length: {length}, in chunks: {chunked}, up to the end of the connection: {until_close}");
    match until_close {
        0 => FRAMING.as_assumed(came, "Connections are kept alive, and a cut answer is always noticed"),
        _ => {
            FRAMING.otherwise(came, "Each such answer costs a connection; only close_notify shows that it is complete")
        }
    }
}

fn size(notes: &Notes) -> Finding {
    let qr = match notes.success(Step::PayQr) {
        Ok(answer) => answer.body.len(),
        Err(why) => return SIZE.not_learned(why),
    };
    let is_other = |step| !matches!(step, Step::PayQr | Step::PayPodQr | Step::List | Step::Backend | Step::Hook);
    let others = notes.answers().filter(|(step, _)| is_other(*step)).map(|(_, answer)| answer.body.len());
    let other = others.max().unwrap_or(0);
    let head = notes.answers().map(|(_, answer)| answer.head_len).max().unwrap_or(0);
    let came = format!("QR {qr} bytes, others up to {other}, heads up to {head}");
    if qr <= QR_ROOM && other <= OTHER_ROOM && head <= HEAD_ROOM {
        return SIZE.as_assumed(came, "The buffer sizes of the README are enough");
    }
    let room = |len: usize| len.next_multiple_of(1024).saturating_add(1024);
    SIZE.otherwise(
        came,
        format!(
            "Give rx {} bytes for a QR and {} for all else: a longer answer counts as unknown, and the sale asks",
            room(qr).max(QR_ROOM),
            room(other).max(OTHER_ROOM)
        ),
    )
}

fn pod_qr(notes: &Notes) -> Finding {
    let answer = match notes.answer(Step::PayPodQr) {
        Ok(answer) => answer,
        Err(why) => return POD_QR.not_learned(why),
    };
    if !answer.is_success() {
        return POD_QR.otherwise(format!("It is refused ({})", answer.said()), "Use qrcode: podQrCode may need a flag");
    }
    let mut body = answer.body.clone();
    match decode::order_pay(&mut body).map(|reply| matches!(reply.next_action, NextAction::ShowQr(_))) {
        Ok(true) => POD_QR.as_assumed("An image", "It is shown like the image of qrcode"),
        _ => POD_QR.otherwise(
            format!("No image; its payload has {}", members(&answer.body)),
            "NextAction::Unknown: the shop shows nothing. Use qrcode, and report this to the library's authors",
        ),
    }
}

/// The names of the payload's members, without their values.
fn members(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    match answer["data"]["payload"].as_object() {
        Some(payload) if !payload.is_empty() => payload.keys().map(|name| masked(name)).collect::<Vec<_>>().join(", "),
        _ => "no members".to_owned(),
    }
}
