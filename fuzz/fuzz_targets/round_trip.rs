//! Any model: encoded, it is the JSON that was meant, in exactly the room it asks for. Any reply: however it is spelt, with
//! whatever else in it, it says the same; cut, it is called cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pay_core::model::{ApiVersion, CallKind};
use pay_core::wire::{DecodeError, EncodeError};
use serde_json::Value;
use tests::bodies::{CALLS, reply, request};
use tests::build::Model;
use tests::choices::Choices;
use tests::describe::{Reply, prefix, read};
use tests::spell::{spell, with_strangers};

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    if choices.rarely(2) { requests(&mut choices) } else { replies(&mut choices) }
});

fn requests(choices: &mut Choices<'_>) {
    let (call, version) = (choices.pick(&CALLS), choices.pick(&ApiVersion::ALL));
    let body = request(call, version, choices);
    let model = Model::build(call, &body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let mut tx = [0; 4096];
    let encoded = model.encode(version, &mut tx);
    if call == CallKind::Simulate && version == ApiVersion::V2022_09_01 {
        assert!(matches!(encoded, Err(EncodeError::Invalid(_))));
        return;
    }
    let needed = encoded.unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(serde_json::from_slice::<Value>(&tx[..needed]).expect("JSON"), body);
    let small = &mut [0xa5; 4096][..choices.below(needed)];
    assert_eq!(model.encode(version, small), Err(EncodeError::BufferTooSmall { needed }));
    assert!(small.iter().all(|byte| *byte == 0));
}

fn replies(choices: &mut Choices<'_>) {
    let kind = choices.pick(&Reply::ALL);
    let value = reply(kind, choices);
    let plain = read(kind, value.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {value}"));
    let other = with_strangers(&value, choices);
    let text = spell(&other, choices);
    let text = text.trim_end();
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), other);
    assert_eq!(read(kind, text.as_bytes()), Ok(plain), "{text}");
    let cut = &text.as_bytes()[..choices.below(text.len().min(65_536))];
    if kind == Reply::Payments {
        assert_eq!(prefix(cut).1, Err(DecodeError::Truncated));
    } else {
        assert_eq!(read(kind, cut), Err(DecodeError::Truncated));
    }
}
