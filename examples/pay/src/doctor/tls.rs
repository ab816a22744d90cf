//! What the gateway's TLS offers: a handshake with each thing alone, after which the connection is dropped. No request goes over
//! any of these connections.

use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CipherSuite, ClientConnection, DigitallySignedStruct, Error, NamedGroup, SignatureScheme, SupportedCipherSuite,
};
use transport_embassy::tls::{CertificateShape, KeyShape, MAX_CHAIN};

use super::super::exit::one_line;
use super::finding::Finding;
use super::question::{TLS_CHAIN, TLS_GROUPS, TLS_SUITES, TLS_VERSIONS, TRUST};
use super::wire::{Server, words};

/// All handshakes together: a server that is silent is silent at each.
const WHOLE: Duration = Duration::from_secs(60);

/// What it took, and what it sent.
#[derive(Debug)]
pub(super) struct Tls {
    suites: Vec<(CipherSuite, bool, Taken)>,
    groups: Vec<(NamedGroup, Taken)>,
    chain: Vec<CertificateShape>,
    /// Why the chain is not trusted; `None` where no chain was seen.
    trust: Option<Result<(), String>>,
}

/// Whether a handshake came to its end, or why not.
type Taken = Result<(), String>;

/// A chain, and why it is not trusted.
type Seen = (Vec<CertificateShape>, Result<(), String>);

/// Looks at the chain, and lets every one pass: what it says is kept, and nothing is sent on such a connection.
#[derive(Debug)]
struct Looker {
    judge: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Seen>>,
}

pub(super) fn look(server: &Server) -> Option<Tls> {
    let all = ring::default_provider();
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::clone(&server.roots), Arc::new(all.clone()));
    let looker = Arc::new(Looker { judge: judge.build().ok()?, seen: Mutex::new(None) });
    let start = Instant::now();
    let taken = |provider: CryptoProvider| match start.elapsed() < WHOLE {
        true => shake(server, &looker, &provider),
        false => Err("the time for handshakes was over".to_owned()),
    };
    let suites = all.cipher_suites.iter().map(|suite| {
        let is_13 = matches!(suite, SupportedCipherSuite::Tls13(_));
        (suite.suite(), is_13, taken(CryptoProvider { cipher_suites: vec![*suite], ..all.clone() }))
    });
    let suites: Vec<_> = suites.collect();
    let groups = all
        .kx_groups
        .iter()
        .map(|group| (group.name(), taken(CryptoProvider { kx_groups: vec![*group], ..all.clone() })));
    let groups: Vec<_> = groups.collect();
    let seen = looker.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (chain, trust) = seen.map_or_else(Default::default, |(chain, trust)| (chain, Some(trust)));
    Some(Tls { suites, groups, chain, trust })
}

fn shake(server: &Server, looker: &Arc<Looker>, provider: &CryptoProvider) -> Taken {
    let mut config = server.config(provider).ok_or("nothing to offer")?;
    config.dangerous().set_certificate_verifier(Arc::clone(looker) as Arc<dyn ServerCertVerifier>);
    let mut connection =
        ClientConnection::new(Arc::new(config), server.name.clone()).map_err(|error| error.to_string())?;
    let mut stream = server.dial()?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| words(&error))?;
    }
    connection.send_close_notify();
    // Whether the server hears it makes no difference.
    let _: io::Result<usize> = connection.write_tls(&mut stream);
    Ok(())
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trust = self.judge.verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let trust = trust.map(|_| ()).map_err(|error| one_line(&error.to_string()));
        let chain =
            core::iter::once(end_entity).chain(intermediates).map(|certificate| CertificateShape::of(certificate));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((chain.collect(), trust));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

pub(super) fn judge(tls: &Tls) -> Vec<Finding> {
    let Some(trust) = &tls.trust else {
        let why = tls.suites.iter().find_map(|(.., taken)| taken.as_ref().err());
        let why = format!("no handshake came to a certificate ({})", why.map_or("no answer", String::as_str));
        return [&TRUST, &TLS_VERSIONS, &TLS_SUITES, &TLS_GROUPS, &TLS_CHAIN]
            .map(|question| question.not_learned(why.clone()))
            .into();
    };
    let trust = match trust {
        Ok(()) => TRUST.as_assumed("The chain is trusted", "No proxy replaces the certificate"),
        Err(why) => TRUST.otherwise(
            format!("The chain is refused: {why}"),
            "No request is sent: the clock is wrong, a proxy replaces the certificate, or --ca belongs to another server",
        ),
    };
    vec![trust, versions(tls), suites(tls), groups(tls), chain(&tls.chain)]
}

fn versions(tls: &Tls) -> Finding {
    let has = |is_13| tls.suites.iter().any(|(_, of_13, taken)| *of_13 == is_13 && taken.is_ok());
    match (has(true), has(false)) {
        (true, true) => TLS_VERSIONS.as_assumed("1.3 and 1.2", "A microcontroller and a desktop can connect"),
        (true, false) => TLS_VERSIONS.as_assumed("1.3 alone", "A microcontroller and a desktop can connect"),
        (false, _) => TLS_VERSIONS.otherwise(
            "1.2 alone",
            "A microcontroller cannot connect: transport-embassy speaks 1.3 only; go through a backend",
        ),
    }
}

fn suites(tls: &Tls) -> Finding {
    let taken = |suite| tls.suites.iter().any(|(other, _, taken)| *other == suite && taken.is_ok());
    let names = tls.suites.iter().filter(|(.., taken)| taken.is_ok()).map(|(suite, ..)| format!("{suite:?}"));
    let came = names.collect::<Vec<_>>().join(", ");
    let aes = taken(CipherSuite::TLS13_AES_128_GCM_SHA256);
    let chacha = taken(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
    match (aes, chacha) {
        (true, true) => TLS_SUITES.as_assumed(came, "The feature chacha20 may be left out, or kept for its speed"),
        (true, false) => TLS_SUITES.as_assumed(came, "The feature chacha20 is of no use here and may be left out"),
        (false, true) => TLS_SUITES.as_assumed(came, "The feature chacha20 is needed"),
        (false, false) => {
            TLS_SUITES.otherwise(came, "A microcontroller has no suite in common with it: go through a backend")
        }
    }
}

fn groups(tls: &Tls) -> Finding {
    let taken = |group| tls.groups.iter().any(|(other, taken)| *other == group && taken.is_ok());
    let names = tls.groups.iter().filter(|(_, taken)| taken.is_ok()).map(|(group, _)| format!("{group:?}"));
    let came = names.collect::<Vec<_>>().join(", ");
    match (taken(NamedGroup::secp256r1), taken(NamedGroup::X25519)) {
        (true, _) => TLS_GROUPS.as_assumed(came, "P-256 works at once; the feature x25519 may be left out"),
        (false, true) => TLS_GROUPS.as_assumed(came, "The feature x25519 is needed, and costs one round trip more"),
        (false, false) => {
            TLS_GROUPS.otherwise(came, "A microcontroller has no group in common with it: go through a backend")
        }
    }
}

fn chain(chain: &[CertificateShape]) -> Finding {
    let key = |shape: &CertificateShape| match shape.key {
        KeyShape::P256 => "P-256".to_owned(),
        KeyShape::P384 => "P-384".to_owned(),
        KeyShape::Rsa(bits) => format!("RSA-{bits}"),
        _ => "another kind".to_owned(),
    };
    let shown = chain.iter().map(|shape| format!("{} ({} bytes)", key(shape), shape.len));
    let came = shown.collect::<Vec<_>>().join(", ");
    if chain.len() > MAX_CHAIN {
        return TLS_CHAIN.otherwise(came, "More certificates than transport-embassy accepts: go through a backend");
    }
    let is_known = |shape: &CertificateShape| match shape.key {
        KeyShape::P256 | KeyShape::P384 => true,
        KeyShape::Rsa(bits) => (2048..=4096).contains(&bits),
        _ => false,
    };
    if !chain.iter().all(is_known) {
        return TLS_CHAIN.otherwise(came, "A key that transport-embassy cannot check: go through a backend");
    }
    let has = |wanted: fn(&KeyShape) -> bool| chain.iter().any(|shape| wanted(&shape.key));
    let features = match (has(|key| matches!(key, KeyShape::Rsa(_))), has(|key| matches!(key, KeyShape::P384))) {
        (true, true) => "The features rsa and p384 are needed",
        (true, false) => "The feature rsa is needed; p384 as well where the root above has such a key",
        (false, true) => "The feature p384 is needed; rsa as well where the root above has such a key",
        (false, false) => "Neither rsa nor p384 is needed for what is sent; the root above may need one",
    };
    TLS_CHAIN.as_assumed(came, features)
}
