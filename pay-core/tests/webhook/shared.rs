//! A directory of webhooks from elsewhere, where there is one: `PAY_REFERENCE_BODIES` names the folder above it (default:
//! `shared/api/examples` beside the workspace). Every body is read, and every signature judged as the list beside them does.

use std::fs;
use std::path::{Path, PathBuf};

use pay_core::model::UnixSeconds;
use pay_core::wire::webhook::{About, Age, EventKind, Keys, WebhookError, read};
use serde_json::Value;

use crate::vectors::key;

fn directory() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/api/examples");
    let above = std::env::var_os("PAY_REFERENCE_BODIES").map_or_else(|| default.into(), PathBuf::from);
    let directory = above.join("webhook");
    if directory.is_dir() {
        return Some(directory);
    }
    println!("no reference webhooks at {}: nothing to do", directory.display());
    None
}

#[test]
fn every_body_is_read() {
    let Some(directory) = directory() else { return };
    let mut seen = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let mut body = fs::read(&path).unwrap();
        let theirs: Value = serde_json::from_slice(&body).unwrap();
        if theirs["type"].is_null() {
            continue; // The list of signatures.
        }
        let event = read(&mut body).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(event.kind.as_str(), theirs["type"].as_str().unwrap());
        assert!(event.at().is_some());
        let data = &theirs["data"];
        match event.about {
            About::Payment(payment) => {
                assert_eq!(payment.order_id, data["order"]["order_id"].as_str().unwrap());
                assert_eq!(payment.status.as_str(), data["payment"]["payment_status"].as_str().unwrap());
                assert_eq!(payment.group, data["payment"]["payment_group"].as_str().unwrap());
            }
            About::Refund(refund) => {
                assert_eq!(refund.refund_id, data["refund"]["refund_id"].as_str().unwrap());
                assert_eq!(refund.status.as_str(), data["refund"]["refund_status"].as_str().unwrap());
            }
            _ => assert!(matches!(event.kind, EventKind::Unknown(_)), "{}", path.display()),
        }
        seen += 1;
    }
    println!("{seen} webhooks read");
    assert!(seen > 0);
}

#[test]
fn every_signature_is_judged_alike() {
    let Some(directory) = directory() else { return };
    let list: Value = serde_json::from_slice(&fs::read(directory.join("signature_vectors.json")).unwrap()).unwrap();
    let vectors = list["vectors"].as_array().unwrap();
    for vector in vectors {
        let text = |name: &str| vector[name].as_str();
        let mut body = body(&directory, text("body_file"), text("body"));
        let timestamp = text("timestamp").unwrap();
        let now = UnixSeconds(timestamp[..10].parse().unwrap());
        let headers = [
            ("x-webhook-timestamp", timestamp.as_bytes()),
            ("x-webhook-signature", text("signature").unwrap().as_bytes()),
        ];
        let result = Keys::new(key(text("secret").unwrap())).verify(headers, &mut body, now);
        let wanted = if vector["valid"] == true { Ok(Age::Fresh) } else { Err(WebhookError::WrongSignature) };
        assert_eq!(result.map(|signed| signed.age()), wanted, "{vector}");
    }
    println!("{} signatures judged", vectors.len());
    assert!(!vectors.is_empty());
}

fn body(directory: &Path, file: Option<&str>, text: Option<&str>) -> Vec<u8> {
    match file {
        Some(file) => fs::read(directory.join(file)).unwrap(),
        None => text.unwrap().as_bytes().to_vec(),
    }
}
