//! OTPs: wrong, right, sent again.

use super::gateways::Gateway;
use super::program::CARD;

fn pay<'a>(session: &'a str, id: &'a str, card: &'a str) -> Vec<&'a str> {
    vec!["order", "pay", "--session", session, "--order-id", id, "--method", "card-otp", "--card", card, "--json"]
}

// Mutant: `enter_otp` that gives `false` for what is no OTP stops reading, and waits for nobody.
#[test]
fn wrong_then_right() {
    let gateway = Gateway::child(None);
    let card = gateway.file("card.json", CARD);
    let session = gateway.order("order-1");
    let args = [pay(&session, "order-1", &card), vec!["--otp-stdin", "--timeout", "60"]].concat();
    let run = gateway.pay_typing(&args, "987654\nnot digits\n111000\n").expect(0);
    assert_eq!(run.json()["outcome"], "paid");
    assert!(run.err.contains("The OTP was wrong.") && run.err.contains("That is no OTP"), "{run:?}");
}

// Mutant: taking a wrong OTP (an HTTP 200) for a right one gives 4.
#[test]
fn by_a_command_of_its_own() {
    let gateway = Gateway::child(None);
    let card = gateway.file("card.json", CARD);
    let session = gateway.order("order-1");
    // No OTP comes: with a way to ask it waits until it may no longer.
    let args = [pay(&session, "order-1", &card), vec!["--timeout", "1"]].concat();
    let waiting = gateway.pay(&args).expect(4);
    assert!(waiting.err.contains("The payment waits for its OTP"), "{waiting:?}");
    let waiting = waiting.json();
    assert_eq!((&waiting["outcome"], &waiting["next_action"]["kind"]), (&"pending".into(), &"enter_otp".into()));
    let number = waiting["cf_payment_id"].as_str().unwrap();

    let otp = ["otp", "--cf-payment-id", number, "--order-id", "order-1", "--json"];
    let wrong = gateway.pay_typing(&otp, "987654\n").expect(2).json();
    assert_eq!((&wrong["status"], &wrong["outcome"]), (&"FAILED".into(), &"failed".into()));
    let again = gateway.pay(&["otp", "--cf-payment-id", number, "--resend", "--json"]).expect(0).json();
    assert_eq!((&again["action"], &again["status"]), (&"RESEND_OTP".into(), &"SUCCESS".into()));
    assert!(gateway.pay_typing(&otp, "").expect(1).err.contains("No OTP came on standard input"));
    let right = gateway.pay_typing(&otp, "987654\n111000\n").expect(0).json();
    assert_eq!((&right["status"], &right["outcome"]), (&"SUCCESS".into(), &"paid".into()));
    // Over: refused, and the order says paid.
    assert_eq!(gateway.pay_typing(&otp, "111000\n").expect(0).json()["outcome"], "paid");
}

#[test]
fn without_a_way_to_ask_a_right_otp_is_pending() {
    let gateway = Gateway::child(None);
    let card = gateway.file("card.json", CARD);
    let session = gateway.order("order-1");
    let waiting = gateway.pay_without_keys(&pay(&session, "order-1", &card)).expect(4).json();
    assert_eq!(waiting["outcome"], "pending");
    let number = waiting["cf_payment_id"].as_str().unwrap();
    let args = ["otp", "--cf-payment-id", number, "--gateway", &gateway.url, "--ca", &gateway.ca];
    super::program::pay_with(&args, "111000", &[]).expect(4);
    super::program::pay_with(
        &["otp", "--cf-payment-id", "1", "--gateway", &gateway.url, "--ca", &gateway.ca],
        "111000",
        &[],
    )
    .expect(2);
}

#[test]
fn too_many_wrong_ones_fail() {
    let gateway = Gateway::child(None);
    let card = gateway.file("card.json", CARD);
    let session = gateway.order("order-1");
    let args = [pay(&session, "order-1", &card), vec!["--otp-stdin"]].concat();
    let run = gateway.pay_typing(&args, "987654\n987654\n987654\n987654\n").expect(4);
    assert_eq!((&run.json()["outcome"], &run.json()["attempt_ended"]), (&"pending".into(), &"failed".into()));
}
