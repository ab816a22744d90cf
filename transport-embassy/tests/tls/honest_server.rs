//! rustls as the other end.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::pki::Node;
use super::socket::Peer;
use transport_embassy::tls::CertificateDer;

pub(crate) struct Honest {
    tls: ServerConnection,
    /// What the client sent, decrypted.
    pub(crate) received: Vec<u8>,
}

impl Honest {
    /// Sends `chain` as it is and signs with `leaf`'s key.
    pub(crate) fn new(leaf: &Node, chain: &[CertificateDer<'static>]) -> Self {
        Self::with(leaf, chain, &rustls::version::TLS13, false)
    }

    pub(crate) fn with(
        leaf: &Node,
        chain: &[CertificateDer<'static>],
        version: &'static SupportedProtocolVersion,
        ask_for_client_certificate: bool,
    ) -> Self {
        let provider = rustls::crypto::ring::default_provider();
        Self::with_provider(provider, leaf, chain, version, ask_for_client_certificate)
    }

    /// A server that has these suites and groups.
    pub(crate) fn with_provider(
        provider: CryptoProvider,
        leaf: &Node,
        chain: &[CertificateDer<'static>],
        version: &'static SupportedProtocolVersion,
        ask_for_client_certificate: bool,
    ) -> Self {
        let provider = Arc::new(provider);
        let config = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[version]).unwrap();
        let config = if ask_for_client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(chain.last().unwrap().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .unwrap();
            config.with_client_cert_verifier(verifier)
        } else {
            config.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
        let config = config.with_single_cert(chain.to_vec(), key).unwrap();
        Self { tls: ServerConnection::new(Arc::new(config)).unwrap(), received: Vec::new() }
    }
}

impl Peer for Honest {
    fn receive(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes).unwrap();
            let processed = self.tls.process_new_packets();
            let before = self.received.len();
            let _ = self.tls.reader().read_to_end(&mut self.received);
            if self.received.len() > before {
                self.tls.writer().write_all(b"answer").unwrap();
            }
            while self.tls.wants_write() {
                self.tls.write_tls(&mut out).unwrap();
            }
            if processed.is_err() {
                break;
            }
        }
        out
    }
}
