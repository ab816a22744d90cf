//! Money that somebody sends back.

use pay_core::OrderId;
use pay_core::sale::{Delivery, RouteProblem};
use pay_core::till::{MoneyBack, OrderState, RefundRef, Refunded, Status, TillError, Trouble};

use super::world::{Counter, Order, Said, Shared, World, flash, memory, rupees, till};

/// How often in a row a call may fail.
const TRIES: usize = 3;

fn id() -> OrderId {
    OrderId::parse("inv-1").unwrap()
}

/// A paid order.
fn paid(payments: &[(u64, &'static str)]) -> Shared {
    let world = World::new();
    let order = Order { status: "PAID", paise: 1_015, payments: payments.to_vec(), mark: String::new() };
    world.borrow_mut().orders.insert("inv-1".into(), order);
    world
}

fn why<T>(result: Result<T, TillError<super::world::FlashError>>) -> Result<T, Trouble> {
    result.map_err(|error| match error {
        TillError::Trouble(trouble) => trouble,
        error => panic!("{error:?}"),
    })
}

/// What a refund of 10.00 comes to with this script, and which calls it took after the first three, which read.
fn refund(script: &[Said]) -> (Result<Refunded, Trouble>, Vec<String>, Shared) {
    let world = paid(&[(2, "SUCCESS")]);
    world.borrow_mut().script = [Said::World, Said::World, Said::World].iter().chain(script).cloned().collect();
    let mut memory = memory();
    let name = RefundRef::new("return-17").unwrap();
    let result = till(&world, &flash(&world), 1, &mut memory, ()).refund(
        &id(),
        rupees(1_000),
        &name,
        &mut Counter(world.clone()),
    );
    let calls =
        world.borrow().calls[3..].iter().map(|call| call.split('/').next().unwrap().trim().to_owned()).collect();
    (why(result), calls, world)
}

/// How the order stands with this script, and the calls it took.
fn status(world: &Shared, script: &[Said]) -> (Result<Status, Trouble>, Vec<String>) {
    world.borrow_mut().script = script.iter().cloned().collect();
    let mut memory = memory();
    let result = till(world, &flash(world), 1, &mut memory, ()).status(&id(), &mut Counter(world.clone()));
    (why(result), world.borrow().calls.clone())
}

const ORDER: &str = "GET /orders/inv-1";
const PAYMENTS: &str = "GET /orders/inv-1/payments";
const REFUNDS: &str = "GET /orders/inv-1/refunds";

/// Red without the sum of what went back. Meant to notice: a fresh id for each call; the sum also counted against the same name.
#[test]
fn the_same_name_is_one_refund_and_no_more_goes_back_than_came() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let id = id();
    let payments = vec![(1, "FAILED"), (2, "SUCCESS")];
    world
        .borrow_mut()
        .orders
        .insert("inv-1".into(), Order { status: "PAID", paise: 1_015, payments, mark: String::new() });
    let shop = &mut Counter(world.clone());
    let name = RefundRef::new("return-17").unwrap();
    let first = till.refund(&id, rupees(1_000), &name, shop).unwrap();
    assert_eq!((first.money, &first.refund_id), (MoneyBack::OnItsWay, &name.refund_id(&id)));
    assert_eq!(till.refund(&id, rupees(1_000), &name, shop).unwrap(), first);
    assert_eq!(world.borrow().refunds.len(), 1);
    let differs = till.refund(&id, rupees(900), &name, shop).unwrap_err();
    assert_eq!(differs, TillError::Trouble(Trouble::RefundDiffers(first.refund_id.clone())));
    let other = RefundRef::new("return-18").unwrap();
    let already = Some(first.refund_id.clone());
    let too_much = till.refund(&id, rupees(1_000), &other, shop).unwrap_err();
    assert_eq!(too_much, TillError::Trouble(Trouble::RefundTooMuch { already }));
    assert_eq!(world.borrow().refunds.len(), 1);
    assert_eq!((world.borrow().instant, first.word.as_str()), (0, "PENDING"));
    assert!(till.refund(&id, rupees(1_000), &other.even_so().instant(), shop).is_ok());
    assert_eq!(world.borrow().instant, 1);
    let status = till.status(&id, shop).unwrap();
    assert_eq!((status.order, status.paid, status.paid_minor, status.back_minor), (OrderState::Paid, 1, 1_015, 2_000));
}

/// The first call may have arrived: asked for once more, it would be a second refund at a gateway without keys.
#[test]
fn a_refund_whose_answer_is_lost_is_read_back_under_its_id() {
    let done = r#"{"refund_id":"ID","refund_amount":10.00,"refund_status":"SUCCESS"}"#;
    let refund_id = RefundRef::new("return-17").unwrap().refund_id(&id());
    let done: &'static str = done.replace("ID", refund_id.as_str()).leak();
    for lost in [
        Said::Nothing(Delivery::Unknown),
        Said::This(500, "{}"),
        Said::This(200, "no JSON"),
        Said::Cut(200, "{}"),
        Said::This(409, "{}"),
        Said::This(400, "{}"),
    ] {
        let (made, calls, _) = refund(&[lost.clone(), Said::This(200, done)]);
        assert_eq!(made.map(|made| made.money), Ok(MoneyBack::Done), "{lost:?}");
        assert_eq!(calls, ["POST", "GET"], "{lost:?}");
    }
    // What certainly did not arrive, or was not looked at, is sent again.
    for unsent in [Said::Nothing(Delivery::NotSent), Said::This(429, "{}")] {
        let (made, calls, world) = refund(&[unsent.clone(), Said::World]);
        assert_eq!(made.map(|made| made.money), Ok(MoneyBack::OnItsWay), "{unsent:?}");
        assert_eq!((calls, world.borrow().refunds.len()), (vec!["POST".to_owned(); 2], 1), "{unsent:?}");
    }
}

/// A stored refusal would come back under the same key for ever.
#[test]
fn a_refund_that_is_not_there_is_asked_for_once_more_under_another_key() {
    let refused = Said::This(400, r#"{"code":"refund_amount_invalid","message":"no"}"#);
    let (made, calls, world) = refund(&[refused.clone(), Said::World, Said::World]);
    assert!(made.is_ok(), "{made:?}");
    assert_eq!(calls, ["POST", "GET", "POST"]);
    let keys = world.borrow().keys.clone();
    assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
    // Refused again: that is final.
    let (made, calls, world) = refund(&[refused.clone(), Said::World, refused]);
    let Err(Trouble::Refusal(by)) = made else { panic!("{made:?}") };
    assert_eq!((by.status, by.code.as_str()), (400, "refund_amount_invalid"));
    assert_eq!((calls.len(), world.borrow().refunds.len()), (3, 0));
    // Whoever may not look cannot say that it is not there.
    let (made, calls, _) = refund(&[Said::Nothing(Delivery::Unknown), Said::This(403, "{}")]);
    assert!(matches!(made, Err(Trouble::Refusal(by)) if by.status == 403), "{calls:?}");
    assert_eq!(calls.len(), 2);
    // Nor is a refund sent again that the gateway does not find after an answer that was lost: it may come late.
    let (made, calls, _) = refund(&[Said::Nothing(Delivery::Unknown), Said::This(404, "{}")]);
    assert!(matches!(made, Err(Trouble::Refusal(by)) if by.status == 404), "{calls:?}");
    assert_eq!(calls, ["POST", "GET"]);
}

#[test]
fn a_question_is_asked_three_times_at_most_and_a_refusal_is_final() {
    for (n, place) in [ORDER, PAYMENTS, REFUNDS].into_iter().enumerate() {
        let after = |said: &Said, times: usize| {
            let mut script = vec![Said::World; n];
            script.extend(vec![said.clone(); times]);
            let (result, calls) = status(&paid(&[(2, "SUCCESS")]), &script);
            assert!(calls[n..calls.len().min(n + times)].iter().all(|call| call == place), "{calls:?}");
            (result.map(|status| status.paid), calls.len())
        };
        for said in [
            Said::This(429, "{}"),
            Said::This(500, "{}"),
            Said::This(200, "no JSON"),
            Said::Cut(200, "[]"),
            Said::Nothing(Delivery::Unknown),
            Said::Nothing(Delivery::NotSent),
        ] {
            let problem = match &said {
                Said::This(200, _) | Said::Cut(..) => Some(RouteProblem::Unreadable),
                Said::This(status, _) => Some(RouteProblem::Refused { status: *status }),
                _ => None,
            };
            let (result, calls) = after(&said, TRIES);
            let Err(Trouble::Route(found)) = result else { panic!("{result:?}") };
            assert!(problem.is_none_or(|problem| problem == found), "{found:?}");
            assert_eq!(calls, n + TRIES, "{said:?}");
            assert_eq!(after(&said, TRIES - 1), (Ok(1), 3 + TRIES - 1), "{said:?}");
        }
        for status in [401, 403, 499] {
            let (result, calls) = after(&Said::This(status, "{}"), 1);
            assert!(matches!(&result, Err(Trouble::Refusal(by)) if by.status == status), "{result:?}");
            assert_eq!(calls, n + 1);
        }
    }
    // A gateway without a list of refunds: nothing is known to be back.
    let (result, calls) = status(&paid(&[(2, "SUCCESS")]), &[Said::World, Said::World, Said::This(404, "{}")]);
    assert_eq!((result.map(|status| status.back_minor), calls.len()), (Ok(0), 3));
    // An order that is not there is a refusal.
    let (result, calls) = status(&World::new(), &[]);
    assert!(matches!(&result, Err(Trouble::Refusal(by)) if by.status == 404), "{result:?}");
    assert_eq!(calls, [ORDER]);
}

#[test]
fn between_two_tries_of_a_question_it_waits_a_second_then_two() {
    let world = paid(&[(2, "SUCCESS")]);
    status(&world, &[Said::This(503, "{}"), Said::This(503, "{}")]).0.unwrap();
    let at = world.borrow().called_at.clone();
    // An exchange takes 50 ms here, and what is answered begins to count anew.
    assert_eq!((at[1] - at[0], at[2] - at[1], at[3] - at[2]), (1_050, 2_050, 50));
}

#[test]
fn each_payment_counts_once_and_what_was_cancelled_is_not_back() {
    let world =
        paid(&[(2, "SUCCESS"), (2, "SUCCESS"), (3, "SUCCESS"), (4, "FAILED"), (5, "PENDING"), (6, "NOT_ATTEMPTED")]);
    let refunds = r#"[{"refund_id":"a","refund_amount":1.00,"refund_status":"CANCELLED"},
        {"refund_id":"b","refund_amount":2.00,"refund_status":"SUCCESS"}, {"refund_id":"c","refund_amount":4.00,"refund_status":"REJECTED"}]"#;
    let status = status(&world, &[Said::World, Said::World, Said::This(200, refunds)]).0.unwrap();
    assert_eq!((status.paid, status.paid_minor, status.pending, status.back_minor), (2, 2_030, 2, 600));
}
