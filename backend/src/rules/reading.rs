//! Reads an order's payments from the gateway into its book.

use pay_core::model::{ApiVersion, CfPaymentId, OrderId};
use pay_core::wire::{Call, decode};

use super::{Ground, say};
use crate::answer::Answer;
use crate::book::{Event, Reading, SeenPayment};

/// The API version of the backend's own calls.
pub(crate) const VERSION: ApiVersion = ApiVersion::V2025_01_01;

/// Reads an order's payments for its book.
pub(super) fn read_list<G: Ground>(ground: &G, order: &OrderId) -> Result<(), Answer> {
    let answer = ground.ask(Call::ListPayments(order), VERSION, &[]);
    if answer.is_success() { note_list(ground, order, None, &answer) } else { Err(answer) }
}

/// Reads one payment into the order's book. The book still counts the list as incomplete.
pub(super) fn read_one<G: Ground>(ground: &G, order: &OrderId, payment: CfPaymentId) -> Result<(), Answer> {
    let answer = ground.ask(Call::ReadPayment(order, payment), VERSION, &[]);
    if !answer.is_success() {
        return Err(answer);
    }
    let body = [b"[".as_slice(), &answer.body, b"]"].concat();
    let (mut seen, _) = payments(order, body);
    seen.retain(|seen| seen.id == payment.get());
    note(ground, order, None, Some(seen), false, answer.date)
}

/// Stores a list of an order's payments in its book, with the order's status if that was read before.
pub(super) fn note_list<G: Ground>(
    ground: &G,
    order: &OrderId,
    status: Option<String>,
    answer: &Answer,
) -> Result<(), Answer> {
    let (payments, complete) = payments(order, answer.body.clone());
    note(ground, order, status, Some(payments), complete, answer.date)
}

/// Stores only the status of an order in its book.
pub(super) fn note_status<G: Ground>(
    ground: &G,
    order: &OrderId,
    status: String,
    date: Option<u64>,
) -> Result<(), Answer> {
    note(ground, order, Some(status), None, true, date)
}

fn note<G: Ground>(
    ground: &G,
    order: &OrderId,
    status: Option<String>,
    payments: Option<Vec<SeenPayment>>,
    complete: bool,
    date: Option<u64>,
) -> Result<(), Answer> {
    let reading = Reading { at: ground.now(), power_on: ground.power_on(), date, status, payments, complete };
    say(ground, order, &Event::Read(reading)).map(|_| ())
}

/// The payments of this order in the list, and whether the list is complete.
fn payments(order: &OrderId, mut body: Vec<u8>) -> (Vec<SeenPayment>, bool) {
    // The amount with a surcharge is not compared: a payment that took money always counts.
    let mut payments = decode::statuses(&mut body);
    let (mut list, mut complete) = (Vec::new(), true);
    loop {
        match payments.next() {
            Ok(Some(payment)) if payment.order_id.is_empty() || payment.order_id == order.as_str() => {
                list.push(SeenPayment {
                    id: payment.cf_payment_id.get(),
                    status: payment.status.as_str().to_owned(),
                    captured: payment.is_captured,
                    completed: payment.completed(),
                });
            }
            Ok(None) => break,
            // Another order's, or unreadable: it may have charged the shopper.
            Ok(Some(_)) | Err(_) => complete = false,
        }
    }
    (list, complete && payments.is_whole())
}

#[cfg(test)]
mod tests {
    use pay_core::model::OrderId;

    use super::payments;

    // Mutant: `decode::payments`, which wants an amount in whole paise; the shopper was charged, got no goods, and no money back.
    #[test]
    fn a_surcharge_hides_no_payment() {
        let list = br#"[{"cf_payment_id":"7","order_id":"order_1","order_amount":10.15,"payment_amount":10.353,
            "payment_currency":"INR","payment_status":"SUCCESS","is_captured":true}]"#;
        let (payments, complete) = payments(&OrderId::parse("order_1").unwrap(), list.to_vec());
        assert!(complete);
        assert_eq!(
            payments.iter().map(|payment| (payment.id, payment.status.as_str())).collect::<Vec<_>>(),
            [(7, "SUCCESS")]
        );
    }

    // Meant to notice: a payment of another order taken for one of ours; a list that hides something taken for all.
    #[test]
    fn a_list_is_whole_if_all_of_it_is_ours_and_was_read() {
        let ours = r#"{"cf_payment_id":"7","order_id":"order_1","payment_status":"SUCCESS"}"#;
        let silent = r#"{"cf_payment_id":"8","payment_status":"PENDING"}"#;
        let other = r#"{"cf_payment_id":"9","order_id":"order_2","payment_status":"SUCCESS"}"#;
        for (list, want, whole) in [
            ("[]".to_owned(), &[][..], true),
            (format!("[{ours},{silent}]"), &[7, 8], true),
            (format!("[{other},{ours}]"), &[7], false),
            (format!("[7,{ours}]"), &[7], false),
            (format!("[{ours}"), &[7], false),
        ] {
            let (seen, complete) = payments(&OrderId::parse("order_1").unwrap(), list.clone().into_bytes());
            let ids: Vec<_> = seen.iter().map(|payment| payment.id).collect();
            assert_eq!((ids.as_slice(), complete), (want, whole), "{list}");
        }
    }
}
