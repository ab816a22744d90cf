//! Every request that can be made is the JSON it should be, in exactly the room it asks for.

use pay_core::model::{ApiVersion, CallKind};
use pay_core::wire::EncodeError;
use proptest::prelude::*;
use serde_json::Value;
use tests::bodies::{CALLS, request};
use tests::build::Model;
use tests::choices::Choices;

fn requests() -> impl Strategy<Value = (CallKind, ApiVersion, Vec<u8>)> {
    // Order Pay has most of the members, so it gets most of the cases.
    let calls = prop_oneof![4 => Just(CallKind::OrderPay), 4 => prop::sample::select(CALLS.to_vec())];
    let versions = prop::sample::select(ApiVersion::ALL.to_vec());
    (calls, versions, prop::collection::vec(any::<u8>(), 0..600))
        .prop_filter("no simulate in 2022", |(call, version, _)| {
            !(*call == CallKind::Simulate && *version == ApiVersion::V2022_09_01)
        })
}

fn encoded(call: CallKind, version: ApiVersion, body: &Value) -> (Model, Vec<u8>) {
    let model = Model::build(call, body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let mut tx = vec![0; 4096];
    let len = model.encode(version, &mut tx).unwrap_or_else(|error| panic!("{error}: {body}"));
    tx.truncate(len);
    (model, tx)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    // Mutant: leaving `offer_id` out of `OrderPayBody` fails here.
    #[test]
    fn what_is_encoded_reads_back_as_what_was_meant((call, version, bytes) in requests()) {
        let body = request(call, version, &mut Choices::new(&bytes));
        let (_, tx) = encoded(call, version, &body);
        let value: Value = serde_json::from_slice(&tx).expect("JSON");
        prop_assert_eq!(value, body);
    }

    // Mutant: a counter that forgets the escape of a quote says one byte too few for a holder with a quote in the name.
    #[test]
    fn the_size_asked_for_is_the_size_needed((call, version, bytes) in requests()) {
        let (model, tx) = encoded(call, version, &request(call, version, &mut Choices::new(&bytes)));
        let needed = tx.len();
        prop_assert_eq!(model.encode(version, &mut []), Err(EncodeError::BufferTooSmall { needed }));
        let mut exact = vec![0xa5; needed];
        prop_assert_eq!(model.encode(version, &mut exact), Ok(needed));
        prop_assert_eq!(&exact, &tx);
        prop_assert_eq!(
            model.encode(version, &mut exact[..needed - 1]),
            Err(EncodeError::BufferTooSmall { needed })
        );
    }

    // Mutant: without the `zeroize` in `write` the beginning of the card number stays in the buffer.
    #[test]
    fn too_small_a_buffer_is_left_empty((call, version, bytes) in requests(), cut in any::<prop::sample::Index>()) {
        let (model, tx) = encoded(call, version, &request(call, version, &mut Choices::new(&bytes)));
        let mut small = vec![0xa5; cut.index(tx.len())];
        prop_assert!(model.encode(version, &mut small).is_err());
        prop_assert!(small.iter().all(|byte| *byte == 0), "{:?}", String::from_utf8_lossy(&small));
    }
}

/// The generator reaches every member; what it never makes the properties above do not cover.
#[test]
fn the_generator_makes_every_method() {
    let mut made = std::collections::BTreeSet::new();
    let mut state = 0x9e37_79b9_u32;
    for _ in 0..4_000 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            // Marsaglia's xorshift
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        })
        .take(600)
        .collect();
        let body = request(CallKind::OrderPay, ApiVersion::V2026_01_01, &mut Choices::new(&bytes));
        for (name, method) in body["payment_method"].as_object().unwrap() {
            made.extend(method.as_object().unwrap().keys().map(|member| format!("{name}.{member}")));
        }
        made.extend(body.as_object().unwrap().keys().cloned());
    }
    for member in [
        "card.par",
        "card.cryptogram",
        "card.instrument_id",
        "card.state_code",
        "card.token_type",
        "emi.emi_tenure",
        "upi.authorization",
        "upi.upi_redirect_url",
        "netbanking.netbanking_bank_code",
        "banktransfer.channel",
        "paylater.phone",
        "app.provider",
        "cardless_emi.provider",
        "netbanking.netbanking_bank_name",
        "offer_id",
        "save_instrument",
        "transaction_expiry_time",
    ] {
        assert!(made.contains(member), "{member}");
    }
}
