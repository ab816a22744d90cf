use super::super::record::MAX_RETURNS;
use super::*;
use crate::model::{PaymentSessionId, RefundId};

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::cut(text)
}

fn base() -> Record {
    let mut record = Record::new(
        OrderId::parse("kiosk-7-00000000000000a1").unwrap(),
        Amount::from_minor(1015).unwrap(),
        Currency::inr(),
        Environment::Sandbox,
        ApiVersion::V2025_01_01,
        Stage::Open,
    );
    record.seq = 5;
    record
}

/// Every field at its longest, every attempt in use.
fn full() -> Record {
    let by = || RefusedBy { status: 422, code: text(&"c".repeat(39)) };
    let mut record = Record::new(
        OrderId::parse(&"o".repeat(45)).unwrap(),
        Amount::from_minor(999_999_999_999).unwrap(),
        Currency::inr(),
        Environment::Production,
        ApiVersion::V2026_01_01,
        Stage::NotPaid(NotPaid::Refused(by())),
    );
    record.seq = u32::MAX;
    record.device = Some(text(&"d".repeat(28)));
    record.created = Some(UnixSeconds(u64::MAX));
    record.release = Release::Returned;
    record.report_due = true;
    record.said = Some(by());
    record.alone = true;
    record.closed = Some(Closed {
        quiet: true,
        since: Some(ReadAt { power_on: u32::MAX, now: Millis(u64::MAX), date: Some(UnixSeconds(u32::MAX.into())) }),
        person: true,
    });
    record.returns = [Some(Return { what: Returned::Payment(CfPaymentId::new(u64::MAX)), back: true }); MAX_RETURNS];
    (record.writer, record.from) = ([0xa5; 8], u32::MAX);
    for (index, slot) in record.attempts.iter_mut().enumerate() {
        *slot = Some(Attempt {
            class: MethodClass::BankTransfer,
            key: IdempotencyKey::parse(&"k".repeat(64)).unwrap(),
            digest: [index as u8; 16],
            cf_payment_id: Some(CfPaymentId::new(u64::MAX)),
            repeated: true,
            state: AttemptState::Ended(AttemptEnd::Refused(by())),
        });
    }
    record
}

fn refusal() -> RefusedBy {
    RefusedBy { status: 400, code: text("order_inactive") }
}

// Mutant: `BODY` 16 bytes shorter, or an attempt's field left out of `Writer::attempt`.
#[test]
fn the_longest_record_fills_its_image_and_comes_back() {
    let record = full();
    assert_eq!(Record::from_image(&record.to_image()), Ok(record));
}

// Mutants: two stages, ends, releases or classes with one number.
#[test]
fn every_word_comes_back() {
    let stages = [
        Stage::Creating,
        Stage::Open,
        Stage::Closing,
        Stage::Paid { watch: false },
        Stage::Paid { watch: true },
        Stage::NotPaid(NotPaid::Terminated),
        Stage::NotPaid(NotPaid::Expired),
        Stage::NotPaid(NotPaid::NotStarted),
        Stage::NotPaid(NotPaid::Refused(refusal())),
        Stage::NotPaid(NotPaid::NotSent),
        Stage::NotPaid(NotPaid::OrderConflict),
        Stage::NotPaid(NotPaid::Attested),
        Stage::Taken,
        Stage::PaidElsewhere { watch: false },
        Stage::PaidElsewhere { watch: true },
        Stage::PaidUnclear,
        Stage::HandedOver,
    ];
    let reasons = REASONS.into_iter().flat_map(|why| [Stage::RefundDue(why), Stage::Refunded(why)]);
    for stage in stages.into_iter().chain(reasons) {
        let said = matches!(stage, Stage::NotPaid(NotPaid::Refused(_))).then(refusal);
        let record = Record { stage, said, ..base() };
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
    for release in RELEASES {
        let record = Record { release, ..base() };
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
    for reason in REASONS {
        let mut record = base();
        record.returns[1] = Some(Return { what: Returned::Reason(reason, 3), back: false });
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
    let since = |date| Some(ReadAt { power_on: 7, now: Millis(8), date });
    for (quiet, since, person) in [
        (false, None, false),
        (true, None, false),
        (true, since(None), false),
        (false, since(Some(UnixSeconds(9))), true),
    ] {
        let record = Record { closed: Some(Closed { quiet, since, person }), said: Some(refusal()), ..base() };
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
    for api_version in ApiVersion::ALL {
        let record = Record { api_version, ..base() };
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
    let ends = [
        AttemptEnd::Success,
        AttemptEnd::Failed,
        AttemptEnd::UserDropped,
        AttemptEnd::Reversed,
        AttemptEnd::Refused(refusal()),
        AttemptEnd::NotSent,
        AttemptEnd::Untrusted,
        AttemptEnd::NotFound,
    ];
    let states = ends.map(AttemptState::Ended).into_iter().chain([AttemptState::Sent, AttemptState::Known]);
    for (state, class) in states.zip(MethodClass::ALL.into_iter().cycle()) {
        let mut record = base();
        let digest = record.digest(class);
        let key = IdempotencyKey::parse("k0").unwrap();
        record.attempts[0] = Some(Attempt { class, key, digest, cf_payment_id: None, repeated: false, state });
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
    for class in MethodClass::ALL {
        let mut record = base();
        let key = IdempotencyKey::parse("k0").unwrap();
        let state = AttemptState::Sent;
        record.attempts[0] = Some(Attempt { class, key, digest: [7; 16], cf_payment_id: None, repeated: false, state });
        assert_eq!(Record::from_image(&record.to_image()), Ok(record));
    }
}

/// What the golden images hold.
fn golden() -> Record {
    let mut record = base();
    record.device = Some(text("kiosk-7"));
    record.created = Some(UnixSeconds(1_795_364_412));
    record.stage = Stage::Paid { watch: true };
    record.release = Release::Releasing;
    record.returns[0] = Some(Return { what: Returned::Reason(RefundReason::Surplus, 0), back: true });
    record.returns[1] = Some(Return { what: Returned::Reason(RefundReason::Surplus, 1), back: false });
    (record.writer, record.from) = (*b"writer-1", 4);
    let attempts = [
        (MethodClass::UpiQrCode, "k0", Some(1_457_655_315_005_187_584), AttemptState::Known),
        (MethodClass::Card, "k1", Some(42), AttemptState::Ended(AttemptEnd::Success)),
        (MethodClass::Emi, "k2", None, AttemptState::Ended(AttemptEnd::Refused(refusal()))),
    ];
    for (slot, (class, key, id, state)) in attempts.into_iter().enumerate() {
        let digest = record.digest(class);
        record.attempts[slot] = Some(Attempt {
            class,
            key: IdempotencyKey::parse(key).unwrap(),
            digest,
            cf_payment_id: id.map(CfPaymentId::new),
            repeated: slot == 0,
            state,
        });
    }
    record
}

// The files are read for ever: a change of the layout is a new version, and a new file.
// Mutants: the checksum's byte order; `Reader::attempt` reading a digest in layout 1.
#[test]
fn golden_images_are_read() {
    let written = golden();
    assert_eq!(Record::from_image(include_bytes!("golden/record-2.bin")), Ok(written.clone()));
    let today = Record {
        said: Some(refusal()),
        alone: true,
        closed: Some(Closed {
            quiet: true,
            since: Some(ReadAt { power_on: 11, now: Millis(12), date: Some(UnixSeconds(1_795_364_412)) }),
            person: false,
        }),
        returns: [
            Some(Return { what: Returned::Payment(CfPaymentId::new(1_457_655_315_005_187_584)), back: false }),
            Some(Return { what: Returned::Reason(RefundReason::Surplus, 1), back: true }),
            None,
            None,
        ],
        ..golden()
    };
    assert_eq!(Record::from_image(include_bytes!("golden/record-3.bin")), Ok(today.clone()));
    assert_eq!(today.to_image(), *include_bytes!("golden/record-3.bin"));
    let old = Record {
        device: None,
        created: None,
        release: Release::Untracked,
        returns: [None; MAX_RETURNS],
        writer: [0; 8],
        from: 0,
        ..written
    };
    assert_eq!(Record::from_image(include_bytes!("golden/record-1.bin")), Ok(old));
}

// Mutant: the surplus of layout 1 read as none, so that it goes back a second time under another id.
#[test]
fn a_surplus_of_layout_1_is_one() {
    for (detail, stage, back) in [(6, Stage::RefundDue as fn(_) -> _, false), (7, Stage::Refunded as fn(_) -> _, true)]
    {
        let mut image = *include_bytes!("golden/record-1.bin");
        // Behind version, number, order, amount, currency, environment and version.
        image[2 + 4 + 46 + 8 + 3 + 2..][..2].copy_from_slice(&[detail, 2]);
        let sum = checksum(&image[..BODY]);
        image[BODY..].copy_from_slice(&sum.to_le_bytes());
        let record = Record::from_image(&image).unwrap();
        let due = Return { what: Returned::Reason(RefundReason::Surplus, 0), back };
        assert_eq!((&record.stage, record.returns().next()), (&stage(RefundReason::Surplus), Some(&due)));
        assert_eq!(record.returns().count(), 1);
        let order = &record.order_id;
        let id = RefundId::derive(order, RefundReason::Surplus, 0);
        assert_eq!(record.refund_id(), (!back).then_some(id), "begun under the old rule: it keeps its id");
    }
}

// Mutant: the checksum not compared.
#[test]
fn no_damage_of_one_bit_is_read() {
    let image = golden().to_image();
    for bit in 0..image.len() * 8 {
        let mut damaged = image;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Record::from_image(&damaged), Err(ImageError::Checksum));
    }
    assert_eq!(Record::from_image(&image[..image.len() - 1]), Err(ImageError::Length));
    assert_eq!(Record::from_image(&[0xff; LEN]), Err(ImageError::Checksum));
    assert!(Record::from_image(&[0; LEN]).is_err());
}

#[test]
fn a_newer_layout_is_said_to_be_one() {
    let mut image = golden().to_image();
    image[0] = VERSION + 1;
    let sum = checksum(&image[..BODY]);
    image[BODY..].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(Record::from_image(&image), Err(ImageError::Newer { version: VERSION + 1 }));
}

// Mutants: `may_replace` without the attempts; without the amount; with `>=` for the number; without `continues`.
#[test]
fn a_record_replaces_an_older_one_of_the_same_intent_alone() {
    use super::super::record::Conflict;
    let kept = golden();
    let newer = |change: fn(&mut Record)| {
        let mut record = golden();
        record.seq += 1;
        change(&mut record);
        record.may_replace(&kept)
    };
    assert_eq!(kept.may_replace(&kept), Ok(()));
    assert_eq!(newer(|_| {}), Ok(()));
    assert_eq!(newer(|record| record.amount = Amount::from_minor(1016).unwrap()), Err(Conflict::OtherIntent));
    assert_eq!(newer(|record| record.environment = Environment::Production), Err(Conflict::OtherIntent));
    assert_eq!(newer(|record| record.currency = Currency::parse("USD").unwrap()), Err(Conflict::OtherIntent));
    assert_eq!(newer(|record| record.attempts[1].as_mut().unwrap().digest[0] ^= 1), Err(Conflict::OtherIntent));
    assert_eq!(newer(|record| record.attempts[2] = None), Err(Conflict::Stale));
    assert_eq!(newer(|record| record.seq -= 1).err(), None, "the same record again");
    assert_eq!(
        newer(|record| {
            record.seq -= 1;
            record.stage = Stage::Open;
        }),
        Err(Conflict::Stale)
    );
    // A program that begins anew under the id of an order with a history, with or without its attempts.
    assert_eq!(Record { seq: 100, ..base() }.may_replace(&kept), Err(Conflict::Stale));
    let anew = |from, seq| Record { writer: [1; 8], from, seq, ..golden() };
    assert_eq!(anew(0, kept.seq + 1).may_replace(&kept), Err(Conflict::Stale));
    assert_eq!(anew(0, kept.seq).may_replace(&kept), Err(Conflict::Stale));
    // The same seed in two boots: the second has the first one's writer and begins from nothing.
    let first = Record { from: 0, seq: 1, ..golden() };
    let again = Record { from: 0, seq: 2, stage: Stage::Open, ..golden() };
    assert_eq!(again.may_replace(&first), Err(Conflict::Stale), "it begins anew");
    // A store that was cut: what was stored may be what is kept, or what was to replace it.
    let cut = Record { from: kept.seq, seq: kept.seq + 1, ..golden() };
    assert_eq!(Record { seq: kept.seq + 2, ..cut.clone() }.may_replace(&cut), Ok(()));
    // One that resumed what is kept; one that resumed the same, later.
    assert_eq!(anew(kept.seq, kept.seq + 1).may_replace(&kept), Ok(()));
    let other = Record { writer: [2; 8], ..anew(kept.seq, kept.seq + 1) };
    assert_eq!(other.may_replace(&anew(kept.seq, kept.seq + 1)), Err(Conflict::Stale));

    let other = Record { order_id: OrderId::parse("other").unwrap(), ..golden() };
    assert!(other.shares_key_with(&kept) && !kept.shares_key_with(&kept));
    assert!(!base().shares_key_with(&other));
}

/// A session id stands in no field that could hold it: this is a list of what could.
#[test]
fn nothing_secret_fits() {
    let session = PaymentSessionId::parse(&"s".repeat(116)).unwrap();
    assert!(OrderId::parse(session.expose()).is_err());
    assert!(IdempotencyKey::parse(session.expose()).is_err());
}

/// An older layout did not say which payment goes back. What was begun keeps its id, and what is back is not sent back again.
#[test]
fn refunds_of_an_older_layout_are_known_by_their_reason() {
    use RefundReason::{LateSuccess, NotReleased, Surplus};
    let returned = |what: &[(RefundReason, u8, bool)]| {
        let mut returns = [None; MAX_RETURNS];
        for (slot, (reason, n, back)) in returns.iter_mut().zip(what) {
            *slot = Some(Return { what: Returned::Reason(*reason, *n), back: *back });
        }
        returns
    };
    let paid = Stage::Paid { watch: false };
    for (stage, release, surplus, expected) in [
        (paid.clone(), Release::Released, [0, 0], returned(&[])),
        (paid.clone(), Release::Released, [2, 1], returned(&[(Surplus, 0, true), (Surplus, 1, false)])),
        (paid.clone(), Release::NotReleased, [0, 0], returned(&[(NotReleased, 0, false)])),
        (paid, Release::Returned, [1, 1], returned(&[(Surplus, 0, true), (NotReleased, 0, true)])),
        (Stage::RefundDue(LateSuccess), Release::Untracked, [0, 0], returned(&[(LateSuccess, 0, false)])),
        (Stage::RefundDue(LateSuccess), Release::NotReleased, [0, 0], returned(&[(LateSuccess, 0, false)])),
        (Stage::Refunded(LateSuccess), Release::Untracked, [0, 0], returned(&[(LateSuccess, 0, true)])),
    ] {
        let mut record = Record { stage, release, ..base() };
        old_returns(&mut record, surplus);
        assert_eq!(record.returns, expected, "{:?} {release:?}", record.stage);
    }
}

/// A record of a newer program blocks its own order alone: its id can be read.
#[test]
fn the_order_of_a_newer_record_is_known_and_that_of_a_damaged_one_is_not() {
    let mut image = base().to_image();
    image[0] = VERSION + 1;
    let sum = checksum(&image[..BODY]);
    image[BODY..].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(Record::from_image(&image), Err(ImageError::Newer { version: VERSION + 1 }));
    assert_eq!(Record::order_of_image(&image), Some(base().order_id));
    image[10] ^= 1;
    assert_eq!(Record::order_of_image(&image), None);
}

#[test]
fn errors_say_what_is_wrong() {
    let said = |error: ImageError| {
        let mut said = Text::<96>::new();
        fmt::Write::write_fmt(&mut said, format_args!("{error}")).unwrap();
        said
    };
    assert_eq!(said(ImageError::Checksum).as_str(), "the checksum of a record does not fit");
    let field = "stage: a record with a right checksum and a value that cannot be";
    assert_eq!(said(ImageError::Field("stage")).as_str(), field);
    assert!(
        said(ImageError::Length).contains("bytes of a record") && said(ImageError::Newer { version: 9 }).contains('9')
    );
}
