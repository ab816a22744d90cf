//! What the answers to the calls that act come to, and the time and the room for them.

use pay_core::model::OrderPay;
use pay_core::model::PaymentSessionId;
use pay_core::sale::{NotPaid, Outcome, Policy, Refunds, SaleError};
use pay_core::wire::{ClientHints, ResponseHead};

use crate::methods;
use crate::rig::{Asked, Rig, Told, link_reply, list, marked_order_is, order_is, otp_reply, throttled};
use crate::sold::SESSION;

fn open() -> Rig {
    let mut rig = Rig::new(Policy::with_ask());
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig
}

/// The stored answer to an earlier call.
fn stored(status: u16, body: &str) -> Told {
    Told::With(|head| head.replayed = true, status, body.to_owned())
}

#[test]
fn an_order_is_not_created_at_a_server_that_is_not_trusted() {
    let mut rig = Rig::creating();
    rig.tell("create", Told::Untrusted);
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotSent)));
}

// Nothing in the order shows whose it is, so a stored answer may be to another terminal's call.
#[test]
fn of_an_order_without_a_mark_the_first_answer_alone_is_believed() {
    let Told::Answer(status, body) = marked_order_is("ACTIVE", "") else { unreachable!() };
    let mut rig = Rig::creating_unmarked();
    rig.tell("create", Told::Answer(status, body.clone()));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    let mut rig = Rig::creating_unmarked();
    rig.tell("create", stored(status, &body));
    assert_eq!(rig.next(), Asked::Send("order"));
}

#[test]
fn a_throttled_payment_is_made_again_where_nothing_else_may_have_come_of_it() {
    let mut rig = open();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", throttled());
    assert_eq!(rig.next(), Asked::Send("pay"));
    // The gateway's memory of an earlier call.
    let mut rig = open();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", stored(429, "{}"));
    assert_eq!(rig.next(), Asked::Send("order"));
    // A repeat, after which there is no other.
    let mut rig = open();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[])).tell("pay", throttled());
    assert_eq!(rig.next(), Asked::Send("order"));
}

#[test]
fn a_link_is_sent_again_once() {
    let mut rig = open();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    for _ in 0..2 {
        rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    }
    assert_eq!(rig.next(), Asked::Send("order"));
}

#[test]
fn an_answer_about_another_method_is_no_answer() {
    let words = ["card", "upi", "netbanking", "app", "cardless_emi", "paylater", "banktransfer", "something new"];
    for (method, own) in methods::all() {
        for word in words {
            let mut rig = open();
            let request = OrderPay::new(PaymentSessionId::parse(SESSION).unwrap(), method.clone());
            rig.pay(&request, "k0").unwrap();
            let reply = format!(
                r#"{{"cf_payment_id":"11","payment_method":"{word}","channel":"link","action":"link","data":{{"url":"https://bank.example"}}}}"#
            );
            rig.tell("pay", Told::Answer(200, reply));
            let fits = word == own || word == "something new";
            let next = if fits { Asked::Present("open_url") } else { Asked::Send("order") };
            assert_eq!(rig.next(), next, "{method:?} {word}");
        }
    }
}

/// An OTP was submitted, and this is told.
fn submitted(told: Told) -> Rig {
    let mut rig = open();
    rig.pay(&methods::card_otp(SESSION), "k0").unwrap();
    rig.tell("pay", otp_reply(11));
    assert_eq!(rig.next(), Asked::Present("enter_otp"));
    rig.submit_otp("o0").unwrap();
    rig.tell("otp", told);
    rig
}

// An OTP is never submitted again blindly: where its answer says nothing, the bank's page is shown.
#[test]
fn what_the_answer_to_an_otp_comes_to() {
    let said = |id: u64, action: &str, status: &str| {
        format!(r#"{{"cf_payment_id":"{id}","action":"{action}","authenticate_status":"{status}"}}"#)
    };
    let page = || Asked::Present("open_url");
    for (told, next) in [
        (Told::NotSent, Asked::Send("otp")),
        (Told::Untrusted, page()),
        (Told::Lost, page()),
        (throttled(), Asked::Send("otp")),
        (stored(429, "{}"), page()),
        (Told::Answer(200, said(11, "SUBMIT_OTP", "SUCCESS")), Asked::Send("order")),
        (Told::Answer(200, said(11, "SUBMIT_OTP", "NEW_WORD")), page()),
        (Told::Answer(200, said(12, "SUBMIT_OTP", "FAILED")), page()),
        (Told::Answer(400, said(11, "SUBMIT_OTP", "FAILED")), page()),
        (Told::With(|head: &mut ResponseHead| head.truncated = true, 200, said(11, "SUBMIT_OTP", "FAILED")), page()),
    ] {
        let name = match &told {
            Told::Answer(status, body) | Told::With(_, status, body) => format!("{status} {body}"),
            Told::NotSent | Told::Untrusted | Told::Lost => "no answer".to_owned(),
        };
        assert_eq!(submitted(told).next(), next, "{name}");
    }
    // Asked for again, whether that was done or not, none was wrong.
    for (action, status, was_wrong) in
        [("SUBMIT_OTP", "FAILED", true), ("RESEND_OTP", "FAILED", false), ("RESEND_OTP", "SUCCESS", false)]
    {
        let mut rig = submitted(Told::Answer(200, said(11, action, status)));
        assert_eq!(rig.next(), Asked::Present("enter_otp"), "{action} {status}");
        assert_eq!(rig.otp_was_wrong(), was_wrong, "{action} {status}");
    }
}

/// Answers so until it wants something else.
fn always(rig: &mut Rig, asked: &'static str, told: fn() -> Told) -> Asked {
    for _ in 0..500 {
        match rig.next() {
            Asked::Send(call) if call == asked => rig.answer(told()),
            other => return other,
        }
    }
    panic!("it asks for ever");
}

// Meant to notice, too: "not sent" said of what the gateway may have begun; a deadline that is moved with every call.
#[test]
fn when_its_time_is_over_a_sale_says_what_it_knows() {
    let mut rig = open();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(always(&mut rig, "pay", || Told::NotSent), Asked::Ready("NotSent".to_owned()));
    assert!((300_000..301_000).contains(&rig.now), "{}", rig.now);
    let mut rig = open();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(always(&mut rig, "pay", throttled), Asked::Send("terminate"));
    assert!((300_000..301_000).contains(&rig.now), "{}", rig.now);
    // An order that was there, and one that was to be made: neither can be read.
    let mut rig = Rig::taking(Policy::with_ask());
    assert_eq!(always(&mut rig, "order", || Told::NotSent), Asked::Done(Outcome::OrderTaken));
    assert!((300_000..301_000).contains(&rig.now), "{}", rig.now);
    let mut rig = Rig::creating();
    rig.tell("create", Told::Answer(200, "<html>".to_owned()));
    assert_eq!(
        always(&mut rig, "order", || Told::NotSent),
        Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)),
        "nothing was sent that charges, and the gateway has not said that it is another's"
    );
    assert!((300_000..301_000).contains(&rig.now), "{}", rig.now);
}

#[test]
fn nothing_is_stored_or_sent_without_room_for_the_answer() {
    for (method, needed) in [(methods::card(SESSION), 4 * 1024), (methods::qr(SESSION), 12 * 1024)] {
        let mut rig = open();
        rig.rx.truncate(needed - 1);
        assert_eq!(rig.pay(&method, "k0"), Err(SaleError::RxTooSmall { needed }));
        assert_eq!(rig.sale.record().attempt_count(), 0);
        rig.rx.resize(needed, 0);
        rig.pay(&method, "k0").unwrap();
        assert_eq!(rig.next(), Asked::Send("pay"));
    }
    // Other buffers than before. What is asked about a code needs no room for its picture.
    let mut rig = open();
    rig.pay(&methods::qr(SESSION), "k0").unwrap();
    rig.rx.truncate(8 * 1024);
    assert_eq!(rig.error(), SaleError::RxTooSmall { needed: 12 * 1024 });
    assert_eq!(rig.journal.as_ref().unwrap().attempt_count(), 0);
    rig.rx.resize(12 * 1024, 0);
    rig.tell("pay", link_reply(11)).shown();
    rig.rx.truncate(8 * 1024);
    assert_eq!(rig.next(), Asked::Send("order"));
}

#[test]
fn a_request_that_just_fits_is_sent() {
    let mut rig = open();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.next();
    let len = rig.sent;
    let mut rig = open();
    rig.tx.truncate(len);
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(rig.next(), Asked::Send("pay"));
}

#[test]
fn what_terminal_it_is_goes_with_the_payment_alone() {
    let mut rig = open();
    rig.sale = rig.sale.clone().with_client(ClientHints::kiosk());
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.next();
    assert!(rig.described);
    rig.answer(link_reply(11));
    rig.shown();
    assert_eq!(rig.next(), Asked::Send("order"));
    assert!(!rig.described);
}

/// A link is shown, the order is asked about, and active after so long; whoever answers says that it held the answer.
fn held(refunds: Refunds, ms: u64) -> Rig {
    let mut policy = Policy::with_ask();
    policy.refunds = refunds;
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    assert_eq!(rig.next(), Asked::Send("order"));
    rig.now += ms;
    let Told::Answer(status, body) = order_is("ACTIVE") else { unreachable!() };
    rig.answer(Told::With(|head| head.waited = true, status, body));
    rig
}

#[test]
fn news_is_looked_at_and_silence_is_asked_on_at_once() {
    assert_eq!(held(Refunds::ByBackend, 2_000).next(), Asked::Send("list"), "news, if not of the order");
    assert_eq!(held(Refunds::ByBackend, 9_000).pause_before("order"), 0, "the time was spent there");
    // It was not asked to wait.
    assert!(held(Refunds::ByKeys, 9_000).pause_before("order") >= 3_000);
}
