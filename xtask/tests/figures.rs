//! Measures one image of the firmware and prints `figure NAME VALUE` lines, for `cargo xtask size`. Nothing is judged here.

use std::sync::Arc;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

#[path = "firmware/guest.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod guest;
#[path = "firmware/handshake.rs"]
mod handshake;
#[path = "firmware/pipes.rs"]
mod pipes;
#[path = "firmware/shop.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod shop;

use guest::{Ended, Guest, image, machine_of};
use handshake::shake_hands;
use shop::{Shop, words};

#[test]
fn measure() {
    match machine_of(&image()) {
        "microbit" => measure_processor(),
        _ => measure_kiosk(),
    }
}

/// Where nothing can be sold: the curve alone, and whole handshakes.
fn measure_processor() {
    measure_curve();
    handshakes(|keys, x25519_only| {
        let ended = probe(keys, x25519_only, |to| {
            let value = |name| to[1 + to.iter().position(|word| word == name).unwrap()].as_str();
            let port = value("--connect").rsplit(':').next().unwrap().parse().unwrap();
            pipes::connect(&image().with_file_name("handshake"), port, value("--ca"), &FINEST.map(String::from))
                .expect(0)
        });
        finest(value(&ended.lines[0], "cycles").expect("a figure"))
    });
}

/// A key, an agreement and the check of a signature, over P-256.
fn measure_curve() {
    let signing = SigningKey::from_slice(&[7; 32]).unwrap();
    let key = signing.verifying_key().to_encoded_point(false);
    let signature: DerSignature = signing.sign(b"message");
    let operation = |kind: u8, parts: &[&[u8]]| {
        let part = |part: &&[u8]| [&u16::try_from(part.len()).unwrap().to_be_bytes(), *part].concat();
        [vec![kind], parts.iter().flat_map(part).collect()].concat()
    };
    let asked = [
        operation(b'A', &[&[9; 32], key.as_bytes()]),
        operation(b'V', &[key.as_bytes(), b"message", signature.as_bytes()]),
    ];
    let path = guest::scratch("curve");
    std::fs::write(&path, asked.concat()).unwrap();
    let words = [path.display().to_string()];
    let ended = Guest::start_image(&image().with_file_name("curve"), &words, &FINEST.map(String::from)).end().expect(0);
    std::fs::remove_file(&path).unwrap();
    let [agreement, signature] = &ended.lines[..] else { panic!("{:#?}", ended.lines) };
    assert!(signature.contains(r#""good":true"#) && agreement.contains("shared"), "{:#?}", ended.lines);
    for (name, line, member) in
        [("key", agreement, "cycles"), ("agreement", agreement, "agreed_in"), ("signature", signature, "cycles")]
    {
        println!("figure p256_{name} {}", finest(value(line, member).expect("a figure")));
    }
}

/// One for each kind of chain; `cost` is what one takes, of a server with these keys and maybe X25519 only.
fn handshakes(mut cost: impl FnMut(Vec<KeyPair>, bool) -> u64) {
    let every_server = std::env::var("FIRMWARE_SET").is_ok_and(|set| set != "p256");
    let mut handshake = |name: &str, keys| println!("figure handshake_{name} {}", cost(keys, name == "x25519"));
    let p256 = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    handshake("p256", vec![p256(), p256()]);
    handshake("p256_one_intermediate", vec![p256(), p256(), p256()]);
    if every_server {
        handshake("x25519", vec![p256(), p256()]);
        let p384 = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        handshake("p384", vec![p384(), p384()]);
        let rsa = || {
            let der: &[u8] = include_bytes!("../../transport-embassy/tests/keys/rsa2048.der");
            KeyPair::from_pkcs8_der_and_sign_algo(&der.into(), &PKCS_RSA_SHA256).unwrap()
        };
        handshake("rsa2048", vec![rsa(), rsa()]);
    }
}

fn measure_kiosk() {
    let mut stack = 0;
    handshakes(|keys, x25519_only| {
        let ended = probe(keys, x25519_only, |to| run(&[to, &words(AS_IT_WAS)].concat()).expect(0));
        stack = stack.max(painted(&ended));
        between(&ended, "connected", "probed")
    });

    let shop = Shop::open(None);
    let (session, _) = shop.session_at(shop.port(), "figures");
    // What a sale takes depends a little on how its packets and its answer happen to be cut, so the least of a few.
    let pay = |more: &str| {
        let line = [session.clone(), words(more)].concat();
        let figures = (0..5).map(|_| {
            let (ready, done) = done(&run(&line).expect(4));
            (done[0] - ready, done[1] - done[0])
        });
        let (first, next) = figures.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1))).expect("five runs");
        (first, next, peak(&line, 4))
    };
    let card = shop.card(&sandbox::CARDS[0], "123", "");
    let card = format!("{} --repeat 2", card.join(" "));
    for (name, more) in [("upi_link", "--method upi-link --repeat 2"), ("upi_qrcode", "--repeat 2"), ("card", &card)] {
        let (first, next, peak) = pay(more);
        println!("figure first_payment_{name} {first}");
        println!("figure next_payment_{name} {next}");
        stack = stack.max(peak);
    }
    stack = stack.max(journal_peak(&shop));
    println!("figure peak_stack {stack}");
}

/// The stack where the journal is in flash: of a sale from a blank flash on, and of one that is taken up after it was cut.
fn journal_peak(shop: &Shop) -> u64 {
    let flash = guest::scratch("flash");
    let blank = || std::fs::write(&flash, [0xFF; 9 * 4096]).unwrap();
    let secret = guest::scratch("secret");
    std::fs::write(&secret, [0x5E; 32]).unwrap();
    let more = words(&format!("--flash {} --secret-file {}", flash.display(), secret.display()));
    let with_flash = |line: Vec<String>| [line, more.clone()].concat();
    blank();
    let sold = peak(&with_flash(shop.session_at(shop.port(), "stack").0), 4);
    blank();
    let mut cut = Guest::start(&with_flash([shop.order_at(shop.port(), "cut"), shop.straight()].concat()));
    cut.wait_for(r#""shown""#);
    cut.kill();
    shop.pay("cut");
    let taken_up = peak(&with_flash(shop.resume_at(shop.port())), 0);
    std::fs::remove_file(&flash).unwrap();
    std::fs::remove_file(&secret).unwrap();
    sold.max(taken_up)
}

/// Handshake with a server whose chain has these keys: leaf first, the root not sent. It may have X25519 only, which takes a second hello.
fn probe(keys: Vec<KeyPair>, x25519_only: bool, run: impl FnOnce(&[String]) -> Ended) -> Ended {
    let mut chain = Vec::new();
    let mut above: Option<Issuer<'static, KeyPair>> = None;
    let (mut root, mut leaf_key) = (Vec::new(), None);
    let count = keys.len();
    for (at, key) in keys.into_iter().rev().enumerate() {
        let leaf = at + 1 == count;
        let mut params = CertificateParams::new(if leaf { vec!["localhost".to_owned()] } else { Vec::new() }).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("figures {at}"));
        if leaf {
            params.is_ca = IsCa::ExplicitNoCa;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            leaf_key = Some(key.serialize_der());
        } else {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = match &above {
            None => params.self_signed(&key),
            Some(issuer) => params.signed_by(&key, issuer),
        };
        let der = certificate.unwrap().der().clone();
        match at {
            0 => root = der.to_vec(),
            _ => chain.insert(0, CertificateDer::from(der.to_vec())),
        }
        above = Some(Issuer::new(params, key));
    }
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.unwrap()));
    let mut provider = rustls::crypto::ring::default_provider();
    if x25519_only {
        provider.kx_groups = vec![rustls::crypto::ring::kx_group::X25519];
    }
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    shake_hands(config, &root, run)
}

/// Time by counted instructions, 2^5 ns each: the same work takes the same time on any machine.
fn run(words: &[String]) -> Ended {
    let words = [words, &["--figures".to_owned()]].concat();
    Guest::start_with(&words, &["-icount".into(), "shift=5".into()]).end()
}

/// The time of an instruction is the shortest that there is, so that the timer goes round as late as it can.
const FINEST: [&str; 2] = ["-icount", "shift=0"];

/// Instructions of a nanosecond each.
fn finest(cycles: u64) -> u64 {
    cycles * 1_000_000_000 / clock_hz()
}

/// Of the machine's core.
fn clock_hz() -> u64 {
    match machine_of(&image()) {
        "mps2-an505" => 20_000_000,
        "microbit" => 16_000_000,
        _ => 25_000_000,
    }
}

/// Instructions up to the first line after each with this in it.
fn instructions(ended: &Ended, part: &str) -> Vec<u64> {
    let lines = ended.lines.iter().zip(&ended.lines[1..]);
    lines.filter(|(line, _)| line.contains(part)).filter_map(|(_, after)| busy(after)).collect()
}

fn between(ended: &Ended, from: &str, to: &str) -> u64 {
    instructions(ended, &format!(r#""event":"{to}""#))[0] - instructions(ended, &format!(r#""event":"{from}""#))[0]
}

/// When the network was ready, and when each sale was done.
fn done(ended: &Ended) -> (u64, Vec<u64>) {
    (ended.lines.iter().find_map(|line| busy(line)).unwrap(), instructions(ended, r#""event":"done""#))
}

fn busy(line: &str) -> Option<u64> {
    value(line, "busy").map(|cycles| cycles * (1_000_000_000 / clock_hz()) / 32)
}

/// The deepest stack of a run that ends with `code`. A scrub would hide what was there before it.
fn peak(words_of_run: &[String], code: i32) -> u64 {
    painted(&run(&[words_of_run, &words(AS_IT_WAS)].concat()).expect(code))
}

/// The word that leaves the stack as it is.
const AS_IT_WAS: &str = "--no-wipe";

fn painted(ended: &Ended) -> u64 {
    ended.lines.iter().find_map(|line| value(line, "stack")).expect("a figure")
}

fn value(line: &str, name: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(line).ok()?[name].as_u64()
}
