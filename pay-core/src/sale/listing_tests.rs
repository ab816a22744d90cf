extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use super::super::super::model::{Amount, ApiVersion, Currency, Environment, IdempotencyKey, MethodClass, OrderId};
use super::super::record::{AttemptState, Stage};
use super::super::release::Release;
use super::*;

/// A sale whose attempts have these numbers.
fn record(numbers: &[Option<u64>]) -> Record {
    let (order, amount) = (OrderId::parse("abc").unwrap(), Amount::from_minor(1_015).unwrap());
    let (environment, version) = (Environment::Sandbox, ApiVersion::default());
    let mut record = Record::new(order, amount, Currency::inr(), environment, version, Stage::Open);
    for (slot, number) in record.attempts.iter_mut().zip(numbers) {
        *slot = Some(Attempt {
            class: MethodClass::UpiLink,
            key: IdempotencyKey::from_random([1; 16]),
            digest: [0; 16],
            cf_payment_id: number.map(CfPaymentId::new),
            repeated: false,
            state: AttemptState::Sent,
        });
    }
    record
}

fn list(payments: &[(u64, &str)]) -> String {
    let one = |(id, status): &(u64, &str)| format!(r#"{{"cf_payment_id":{id},"payment_status":"{status}"}}"#);
    format!("[{}]", payments.iter().map(one).collect::<Vec<_>>().join(","))
}

fn read_text(record: &Record, text: &str, truncated: bool) -> Option<Listing> {
    let mut body = text.as_bytes().to_vec();
    Listing::read(record, &mut body, truncated)
}

fn read(record: &Record, payments: &[(u64, &str)]) -> Listing {
    read_text(record, &list(payments), false).unwrap()
}

fn standing(listing: &Listing) -> Option<Standing> {
    listing.mine[0].as_ref().map(|reading| reading.standing)
}

// Mutants: `||` for `&&` in `whole`; the order not compared.
#[test]
fn a_list_is_of_this_order_and_says_whether_it_is_whole() {
    let record = record(&[Some(1)]);
    let whole = |text: &str, truncated| read_text(&record, text, truncated).map(|listing| listing.is_complete());
    assert_eq!(whole("[]", false), Some(true));
    assert_eq!(whole("[]", true), Some(false));
    assert_eq!(whole(r#"[{"cf_payment_id":1,"payment_status":"PENDING"},"#, false), Some(false));
    assert_eq!(whole(r#"[{"cf_payment_id":null,"payment_status":"PENDING"}]"#, false), Some(false));
    let many: Vec<_> = (2..11).map(|id| (id, "SUCCESS")).collect();
    assert!(read(&record, &many[1..]).is_complete());
    assert!(!read(&record, &many).is_complete(), "more than are told apart");
    assert_eq!(read(&record, &many).whose(&record), Whose::Unclear);
    assert_eq!(whole("{}", false), None);
    assert_eq!(whole("[", false), Some(false), "a list that was cut off");
    let of = |order: &str| format!(r#"[{{"cf_payment_id":1,"payment_status":"PENDING","order_id":"{order}"}}]"#);
    assert_eq!(whole(&of("abc"), false), Some(true));
    assert_eq!(whole(&of("abd"), false), None);
}

// Mutants: each comparison in `note` turned round.
#[test]
fn of_a_payment_that_is_listed_twice_the_later_state_counts() {
    let record = record(&[Some(1)]);
    for (first, second, want) in [
        ("SUCCESS", "PENDING", Standing::Succeeded),
        ("PENDING", "SUCCESS", Standing::Succeeded),
        ("FAILED", "SUCCESS", Standing::Succeeded),
        ("SUCCESS", "FAILED", Standing::Succeeded),
        ("FAILED", "PENDING", Standing::Over),
        ("PENDING", "FAILED", Standing::Over),
        ("PENDING", "NOT_ATTEMPTED", Standing::Moving),
    ] {
        let listing = read(&record, &[(1, first), (1, second)]);
        assert_eq!(standing(&listing), Some(want), "{first} {second}");
        assert!(listing.successes().count() <= 1 && listing.strangers == Strangers::None, "{first} {second}");
        // The same of a stranger's.
        let listing = read(&record, &[(2, first), (2, second)]);
        let Strangers::One(_, reading) = &listing.strangers else { panic!("{first} {second}") };
        assert!(want == Standing::Moving || reading.standing == want, "{first} {second}");
        assert_eq!(
            listing.strangers_worst.unwrap_or(Standing::Over) == Standing::Moving,
            [first, second].contains(&"PENDING")
        );
    }
}

// Mutant: a stranger that took money counts among those that may still.
#[test]
fn strangers_are_told_from_ours() {
    let record = record(&[Some(1)]);
    let worst = |payments: &[(u64, &str)]| read(&record, payments).strangers_worst;
    assert_eq!(worst(&[(1, "PENDING")]), None);
    assert_eq!(worst(&[(2, "SUCCESS")]), None);
    assert_eq!(worst(&[(2, "NOT_ATTEMPTED"), (3, "FAILED")]), Some(Standing::NotAttempted));
    assert_eq!(read(&record, &[(2, "FAILED"), (3, "FAILED")]).strangers, Strangers::Several);
    assert!(read(&record, &[(2, "FAILED")]).strangers_are_over());
    assert!(!read(&record, &[(2, "NOT_ATTEMPTED")]).strangers_are_over());
}

// Mutants: a single that failed counted as a success, or left out beside another's; an unreadable element taken for ours although others may be there.
#[test]
fn singles_fill_what_the_list_hides() {
    const HOLE: &str = r#"[{"cf_payment_id":null,"payment_status":"PENDING"}]"#;
    let single = |standing, end| [Some(Reading { standing, end }), None, None, None];
    for alone in [true, false] {
        let mut record = record(&[Some(1)]);
        record.alone = alone;
        let mut listing = read_text(&record, HOLE, false).unwrap();
        assert_eq!(listing.missing(&record), Some(CfPaymentId::new(1)));
        listing.complete_by(&record, &single(Standing::Succeeded, Some(End::Success)));
        assert_eq!((listing.stands(), listing.missing(&record)), (Some(CfPaymentId::new(1)), None));
        assert_eq!(listing.is_complete(), alone);
        let mut listing = read_text(&record, HOLE, false).unwrap();
        listing.complete_by(&record, &single(Standing::Over, Some(End::Failed)));
        assert_eq!((listing.is_paid(), standing(&listing)), (false, Some(Standing::Over)));
        assert_eq!(listing.worst(&record), if alone { Standing::Over } else { Standing::Moving });
    }
    // What the list shows of others stays beside it.
    let of_two = record(&[Some(1)]);
    let text = HOLE.replace(']', r#",{"cf_payment_id":2,"payment_status":"SUCCESS"}]"#);
    let mut listing = read_text(&of_two, &text, false).unwrap();
    listing.complete_by(&of_two, &single(Standing::Succeeded, Some(End::Success)));
    assert_eq!(listing.successes().count(), 2);
    // A list that hides nothing has nothing to fill.
    let record = record(&[Some(1)]);
    assert_eq!(read(&record, &[]).missing(&record), None);
}

// Mutants: the later one; the higher number.
#[test]
fn of_two_successes_the_earlier_one_stands() {
    let at = |id: u64, second: u8| {
        let time = format!("2026-11-22T16:20:{second:02}Z");
        format!(r#"{{"cf_payment_id":{id},"payment_status":"SUCCESS","payment_completion_time":"{time}"}}"#)
    };
    let record = record(&[]);
    let stands =
        |first, second| read_text(&record, &format!("[{first},{second}]"), false).unwrap().stands().unwrap().get();
    assert_eq!(stands(at(1, 9), at(2, 8)), 2);
    assert_eq!(stands(at(2, 8), at(1, 8)), 1);
    let without = String::from(r#"{"cf_payment_id":1,"payment_status":"SUCCESS"}"#);
    assert_eq!(stands(without, at(2, 8)), 2);
}

// Mutants: `alone` not asked; a list with holes believed; an attempt without a number over in a list with holes.
#[test]
fn whose_the_money_is() {
    let (one, hidden) = (record(&[Some(1)]), record(&[None]));
    assert_eq!(read(&one, &[(1, "PENDING")]).whose(&one), Whose::Nobody);
    assert_eq!(read(&one, &[(1, "SUCCESS")]).whose(&one), Whose::Ours { stands: true });
    assert_eq!(read(&one, &[(2, "SUCCESS")]).whose(&one), Whose::Elsewhere);
    // The lower number stands, unless goods went out for ours.
    let mut two = record(&[Some(2)]);
    let both = read(&two, &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert_eq!(both.whose(&two), Whose::Ours { stands: false });
    two.release = Release::Released;
    assert_eq!(both.whose(&two), Whose::Ours { stands: true });
    // A payment of ours without a number: the only unexplained success is it, where nobody else had the session.
    let success = [(9, "SUCCESS")];
    assert_eq!(read(&hidden, &success).whose(&hidden), Whose::Unclear);
    let mut alone = record(&[None]);
    alone.alone = true;
    assert_eq!(read(&alone, &success).whose(&alone), Whose::Found(CfPaymentId::new(9)));
    let both = read(&alone, &[(8, "SUCCESS"), (9, "SUCCESS")]);
    assert_eq!(both.whose(&alone), Whose::Unclear, "more than it can have made");
    let cut = read_text(&alone, r#"[{"cf_payment_id":9,"payment_status":"SUCCESS"},"#, false).unwrap();
    assert_eq!(cut.whose(&alone), Whose::Unclear);
    assert_eq!(cut.rest(&alone), Standing::Moving);
    assert_eq!(read(&alone, &[]).rest(&alone), Standing::Over, "it was never made");
}

// Meant to notice: `is_paid` that is never so; a success that counts as over only if it is not; `USER_DROPPED` taken for open; `recognise` that
// does nothing.
#[test]
fn what_is_paid_over_and_recognised() {
    let one = record(&[Some(1)]);
    let paid = read(&one, &[(1, "SUCCESS")]);
    assert_eq!((paid.is_paid(), paid.worst(&one), paid.rest(&one)), (true, Standing::Succeeded, Standing::Over));
    let dropped = read(&one, &[(1, "USER_DROPPED")]);
    assert!(dropped.mine[0].as_ref().unwrap().end.is_some());
    let mut sale = record(&[None]);
    let mut listing = read(&sale, &[(9, "FAILED")]);
    sale.attempts[0].as_mut().unwrap().cf_payment_id = Some(CfPaymentId::new(9));
    listing.recognise(&sale);
    assert_eq!((&listing.strangers, standing(&listing)), (&Strangers::None, Some(Standing::Over)));
}

// Mutant: successes left in the order of the list: of two of ours the later one counts as the one that went back already.
#[test]
fn successes_are_in_the_order_in_which_they_were_paid() {
    let one = |id: u64, minute: u64| {
        format!(
            r#"{{"cf_payment_id":{id},"payment_status":"SUCCESS","payment_completion_time":"2026-11-28T10:{minute:02}:00+05:30"}}"#
        )
    };
    let text = format!(r#"[{},{},{{"cf_payment_id":9,"payment_status":"SUCCESS"}}]"#, one(11, 7), one(12, 5));
    let listing = read_text(&record(&[Some(11)]), &text, false).unwrap();
    let ids: Vec<u64> = listing.successes().map(|success| success.id.get()).collect();
    assert_eq!(ids, [12, 11, 9], "one without a time is the last");
    assert_eq!(listing.stands(), Some(CfPaymentId::new(12)));
}
