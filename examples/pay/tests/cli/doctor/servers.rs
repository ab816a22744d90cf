//! Servers of other kinds: what their TLS lacks, and the merchant's own side.

use rustls::crypto::{CryptoProvider, ring};
use rustls::{CipherSuite, NamedGroup, SupportedProtocolVersion};

use super::super::front::{Front, Made};
use super::super::program::{pay, pay_with};
use super::{AS_ASSUMED, NOT_LEARNED, OTHERWISE, expect, planted};

static TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
static TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// A front, asked without keys.
fn behind(made: Made, expected: &[(&str, &str, &str)]) {
    let (front, gateway) = (Front::start(made), planted(|_, _| ()));
    let ca = gateway.file("front.pem", &front.ca);
    expect(&pay(&["doctor", "--json", "--gateway", &front.url, "--ca", &ca]).expect(0).json(), expected);
}

fn with_groups(wanted: NamedGroup) -> Made {
    let mut provider = ring::default_provider();
    provider.kx_groups.retain(|group| group.name() == wanted);
    Made { provider, ..Made::default() }
}

#[test]
fn tls_1_2_alone_is_not_for_kiosks() {
    let made = Made { versions: TLS12, ..Made::default() };
    let expected = [
        ("tls.versions", OTHERWISE, "1.2 alone"),
        ("tls.suites", OTHERWISE, "TLS_ECDHE"),
        ("tls.kiosk", OTHERWISE, "TLS 1.2"),
        ("tls.trust", AS_ASSUMED, ""),
        // Its answers have neither a length nor chunks.
        ("answer.framing", OTHERWISE, "up to the end of the connection: 6"),
    ];
    behind(made, &expected);
}

#[test]
fn groups_and_suites_that_a_kiosk_lacks() {
    let expected = [("tls.groups", OTHERWISE, "secp384r1"), ("tls.kiosk", OTHERWISE, "P-256")];
    behind(with_groups(NamedGroup::secp384r1), &expected);
    behind(
        with_groups(NamedGroup::X25519),
        &[("tls.groups", AS_ASSUMED, "X25519"), ("tls.kiosk", AS_ASSUMED, "X25519")],
    );
    let mut provider: CryptoProvider = ring::default_provider();
    provider.cipher_suites.retain(|suite| suite.suite() == CipherSuite::TLS13_AES_256_GCM_SHA384);
    let made = Made { provider, versions: TLS13, ..Made::default() };
    behind(
        made,
        &[
            ("tls.suites", OTHERWISE, "AES_256"),
            ("tls.versions", AS_ASSUMED, "1.3 alone"),
            ("tls.kiosk", OTHERWISE, ""),
        ],
    );
}

#[test]
fn certificates_that_a_kiosk_cannot_check() {
    let made = Made { key: &rcgen::PKCS_ED25519, ..Made::default() };
    behind(made, &[("tls.chain", OTHERWISE, "another kind"), ("tls.kiosk", OTHERWISE, "")]);
    let made = Made { key: &rcgen::PKCS_ECDSA_P384_SHA384, ..Made::default() };
    behind(made, &[("tls.chain", AS_ASSUMED, "P-384"), ("tls.kiosk", AS_ASSUMED, "")]);
}

// Meant to notice: a request on a connection whose chain was let pass.
#[test]
fn somebody_in_between_is_told_and_sent_nothing() {
    let gateway = planted(|_, _| ());
    let ca = gateway.file("other.pem", &Front::other_ca());
    let to = ["--gateway", &gateway.url, "--ca", &ca, "--keys", &gateway.keys];
    let run = pay(&[&["doctor", "--json"], &to[..]].concat());
    expect(
        &run.json(),
        &[
            ("tls.trust", OTHERWISE, "refused"),
            ("tls.versions", AS_ASSUMED, "1.3 and 1.2"),
            ("tls.kiosk", OTHERWISE, "certificate"),
            ("keys", NOT_LEARNED, "certificate"),
        ],
    );
    assert_eq!(gateway.server().gateway().orders().count(), 0);
}

#[test]
fn the_merchants_own_side() {
    let gateway = planted(|_, _| ());
    for (status, backend, hooks) in
        [(404, AS_ASSUMED, OTHERWISE), (401, OTHERWISE, AS_ASSUMED), (200, AS_ASSUMED, OTHERWISE)]
    {
        let front = Front::start(Made { status, ..Made::default() });
        let ca = gateway.file("both.pem", &format!("{}{}", gateway.server().ca_pem(), front.ca));
        let to = ["--gateway", &gateway.url, "--ca", &ca, "--status-url", &front.url, "--hooks-url", &front.url];
        let env = [("CASHFREE_DEVICE_TOKEN", "hunter2hunter2")];
        let report = pay_with(&[&["doctor", "--json"], &to[..]].concat(), "", &env).expect(0).json();
        expect(&report, &[("backend", backend, ""), ("backend.hooks", hooks, "")]);
    }
}
