//! The kiosk's TLS against servers that others wrote: OpenSSL, GnuTLS, NSS, Go, wolfSSL, each from Debian's packages, as it is by default and with
//! what a server may do otherwise. `cargo xtask test --install` installs them.

mod client;
mod server;

use client::Got;
use server::{Pki, Server, Way};

/// Lets the server answer as it does, in this way, and checks what the client got.
#[track_caller]
fn answers(server: Server, way: Way) -> Got {
    let pki = Pki::new();
    let mut running = server.start(&pki, way);
    let got = client::get(running.port, &pki.anchor());
    assert!(got.answer.starts_with(b"HTTP/1."), "{server:?}, {way:?}: {}", got.answer.escape_ascii());
    assert!(got.answer.windows(4).any(|bytes| bytes == b" 200"), "{server:?}, {way:?}: {}", got.answer.escape_ascii());
    assert_eq!(got.group, if way == Way::HelloRetry { client::X25519 } else { client::P256 }, "{server:?}, {way:?}");
    println!("{server:?}, {way:?}: {} records, {} bytes at the most", got.records, got.largest_record);
    assert!(way != Way::SmallRecords || got.largest_record < 600, "{server:?}: {}", got.largest_record);
    running.stop();
    got
}

/// It sends tickets although the client has said that it cannot use them.
#[test]
fn openssl() {
    for way in [Way::Defaults, Way::SmallRecords, Way::HelloRetry, Way::ClientCertificate] {
        answers(Server::OpenSsl, way);
    }
    assert!(answers(Server::OpenSsl, Way::Tickets).records > 40);
}

/// A KeyUpdate that wants one in return, before the answer.
#[test]
fn openssl_with_new_keys() {
    let pki = Pki::new();
    let mut running = Server::OpenSsl.start(&pki, Way::KeyUpdate);
    let got = client::get_as(running.port, &pki.anchor(), || running.answer_with_new_keys());
    assert_eq!(got.answer, server::TYPED.as_bytes(), "{}", got.answer.escape_ascii());
    running.stop();
}

#[test]
fn gnutls() {
    for way in [Way::Defaults, Way::HelloRetry, Way::ClientCertificate] {
        answers(Server::GnuTls, way);
    }
}

#[test]
fn nss() {
    for way in [Way::Defaults, Way::HelloRetry, Way::ClientCertificate, Way::Tickets] {
        answers(Server::Nss, way);
    }
}

/// Go's records are small at the beginning of a connection, by default.
#[test]
fn go() {
    for way in [Way::Defaults, Way::HelloRetry, Way::ClientCertificate] {
        answers(Server::Go, way);
    }
}

/// lighttpd's module for it knows no X25519 by name.
#[test]
fn wolfssl() {
    for way in [Way::Defaults, Way::ClientCertificate] {
        answers(Server::WolfSsl, way);
    }
}
