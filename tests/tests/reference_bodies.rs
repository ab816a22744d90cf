//! A directory of bodies from elsewhere, where there is one: `PAY_REFERENCE_BODIES` names it (default: `shared/api/examples`
//! beside the workspace). Every response in it that has a decode function is read; every Order Pay request is built from
//! the model to an equal value.

use std::path::{Path, PathBuf};

use pay_core::model::{ApiVersion, CallKind};
use serde_json::Value;
use tests::build::Model;
use tests::describe::{Reply, prefix, read, refused};

fn directory() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/api/examples");
    let directory = std::env::var_os("PAY_REFERENCE_BODIES").map_or_else(|| default.into(), PathBuf::from);
    if directory.is_dir() {
        return Some(directory);
    }
    println!("no reference bodies at {}: nothing to do", directory.display());
    None
}

fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// What reads a response of this name; `None` for calls that this library does not make.
fn reader(name: &str) -> Option<Reply> {
    [
        ("pay_", Reply::OrderPay),
        ("authenticate_", Reply::Authenticate),
        ("authorization_", Reply::Payment), // captures and voids answer with the payment
        ("create_order", Reply::Order),
        ("get_order_", Reply::Order),
        ("get_payments_", Reply::Payments),
        ("get_payment_", Reply::Payment),
        ("refund_", Reply::Refund),
        ("terminal_payments_list", Reply::Payments),
    ]
    .into_iter()
    .find(|(beginning, _)| name.starts_with(beginning))
    .map(|(_, reply)| reply)
}

#[test]
fn every_response_is_read() {
    let Some(directory) = directory() else { return };
    let (mut seen, mut others) = (0, Vec::new());
    for (name, body) in files(&directory.join("response")) {
        let Some(reply) = reader(&name) else {
            // Not ours to understand, but never a reason to panic.
            for reply in Reply::ALL {
                let _ = read(reply, &body);
            }
            others.push(name);
            continue;
        };
        let value: Value = serde_json::from_slice(&body).unwrap();
        if reply == Reply::Payments && value.is_array() {
            let (elements, end) = prefix(&body);
            end.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(elements.len(), value.as_array().unwrap().len(), "{name}");
        } else {
            let reply = if reply == Reply::Payments { Reply::Payment } else { reply };
            let read = read(reply, &body).unwrap_or_else(|error| panic!("{name}: {error}"));
            if reply == Reply::OrderPay {
                assert_ne!(read["next_action"]["kind"], "unknown", "{name}");
            }
        }
        seen += 1;
    }
    println!("{seen} responses read; of other calls: {}", others.join(" "));
    assert!(seen > 0);
}

#[test]
fn every_error_is_read() {
    let Some(directory) = directory() else { return };
    for (name, body) in files(&directory.join("error")) {
        let status: u16 = name.split('_').next().and_then(|status| status.parse().ok()).unwrap();
        let (value, refusal): (Value, _) = (serde_json::from_slice(&body).unwrap(), refused(status, &body));
        for member in ["code", "type", "message", "help"] {
            assert_eq!(refusal[member], *value[member].as_str().unwrap_or(""), "{name}: {member}");
        }
    }
}

#[test]
fn every_order_pay_request_can_be_built() {
    let Some(directory) = directory() else { return };
    let mut seen = 0;
    for (name, body) in files(&directory.join("request")) {
        let body: Value = serde_json::from_slice(&body).unwrap();
        // `pay_authorize_only` is a request to another path, without a payment method.
        if !name.starts_with("pay_") || body.get("payment_method").is_none() {
            continue;
        }
        let model = Model::build(CallKind::OrderPay, &body);
        if body["payment_method"]["card"]["card_cvv"] == "" {
            assert_eq!(model.unwrap_err().field, "card_cvv", "{name}");
            continue;
        }
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut tx = [0; 2048];
        let encoded = ApiVersion::ALL.into_iter().find_map(|version| model.encode(version, &mut tx).ok());
        let len = encoded.unwrap_or_else(|| panic!("{name}: no version takes it"));
        assert_eq!(serde_json::from_slice::<Value>(&tx[..len]).unwrap(), body, "{name}");
        seen += 1;
    }
    println!("{seen} requests built");
    assert!(seen > 0);
}
