//! `--probe`: what is said of a server.

use std::process::{Command, Stdio};

use serde_json::Value;

/// That a chain of several, and other keys, are told rightly is shown in `transport-embassy`.
#[test]
fn tells_how_the_chain_is_made() {
    let server = sandbox::Server::start(sandbox::Config::default()).unwrap();
    let ca = std::env::temp_dir().join(format!("kiosk-probe-{}.der", std::process::id()));
    std::fs::write(&ca, server.ca_der()).unwrap();
    let port = server.url().split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let output = Command::new(env!("CARGO_BIN_EXE_kiosk"))
        .args(["--connect", &format!("127.0.0.1:{port}"), "--server-name", "localhost", "--probe", "--ca"])
        .arg(&ca)
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    std::fs::remove_file(&ca).unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines: Vec<Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect();
    let probed = lines.iter().find(|line| line["event"] == "probed").expect("a line about the server");
    assert_eq!(probed["version"], "TLS 1.3");
    assert_eq!(probed["suite"], "TLS_CHACHA20_POLY1305_SHA256");
    assert_eq!(probed["group"], "secp256r1");
    assert_eq!(probed["proof"], "ecdsa_secp256r1_sha256");
    assert_eq!(probed["trusted"], true);
    let chain = probed["chain"].as_array().expect("a chain");
    assert!(!chain.is_empty());
    assert!(chain.iter().all(|certificate| certificate["key"] == "P-256"), "{chain:?}");
    let bytes: u64 = chain.iter().map(|certificate| certificate["bytes"].as_u64().expect("a length") + 5).sum();
    assert_eq!(probed["chain_bytes"], bytes + 4);
}
