//! What a server says to the TLS client: nothing panics or hangs, a peer that has not proven itself gets no byte of the
//! request and none of its bytes is taken for an answer, and what is taken is what a proven one sent as data. Pieces make
//! no difference.
//!
//! The bytes are a script: which messages and records the server sends, right ones, wrong ones and bytes at will, all under
//! the keys of the connection. Keys, certificates and random sources are fixed, so that a script always plays alike.
#![no_main]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;

use embassy_futures::block_on;
use embedded_io_async::{Read as _, Write as _};
use libfuzzer_sys::fuzz_target;
use p256::ecdsa::signature::Signer;
use rcgen::{Issuer, PublicKeyData, SignatureAlgorithm, SigningKey};
use transport_embassy::tls::{
    Buffers, CertificateDer, Clock, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, TrustAnchor,
    anchor_from_trusted_cert, connect,
};

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../transport-embassy/tests/tls/evil_server.rs"]
mod evil_server;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../transport-embassy/tests/tls/pki.rs"]
mod pki;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../transport-embassy/tests/tls/rng.rs"]
mod rng;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../transport-embassy/tests/tls/socket.rs"]
mod socket;

use evil_server::{Evil, Keys, certificate_body, plain};
use pki::{HOST, NOW_S, ca_params, leaf_params};
use rng::Rng;
use socket::Socket;

// Mutants seen red: `accept_proof` that ignores the signature; handshake messages after the handshake taken for data.
fuzz_target!(|bytes: &[u8]| {
    let Some(([who, rx, piece], script)) = bytes.split_first_chunk::<3>() else { return };
    let stranger = who % 2 == 0;
    let rx_len = if *rx == 0 { RX_FOR_ANY_SERVER } else { usize::from(*rx) * 32 };
    let whole = attempt(script, stranger, rx_len, usize::MAX);
    let pieces = attempt(script, stranger, rx_len, usize::from(*piece) + 1);
    assert_eq!(pieces, whole, "in pieces");
    let Played { result, sent, after_hello } = whole;
    if stranger {
        assert!(result.is_err(), "an answer from a stranger");
        // An alert, a second hello where a retry was asked for, and nothing that could be a request.
        let harmless = |record: &(u8, usize)| matches!(record, (20, 1) | (21, 2) | (22, _) | (23, 19));
        assert!(after_hello.iter().all(harmless), "bytes to a stranger: {after_hello:?}");
    }
    if let Ok(answer) = result {
        assert!(sent.starts_with(&answer), "data that the server did not send");
    }
});

/// How a script came out.
#[derive(Debug, PartialEq)]
struct Played {
    result: Result<Vec<u8>, TlsError>,
    /// Application data that the server sent under the application key.
    sent: Vec<u8>,
    /// Type and length of the records that the client sent after its ClientHello.
    after_hello: Vec<(u8, usize)>,
}

fn attempt(script: &[u8], stranger: bool, rx_len: usize, chunk: usize) -> Played {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let server = {
        let (script, sent) = (script.to_vec(), Rc::clone(&sent));
        Evil::new(move |keys| play(&script, stranger, keys, &mut sent.borrow_mut()))
    };
    let mut socket = Socket::new(server);
    socket.chunk = chunk;
    let (mut rx, mut tx) = (vec![0; rx_len], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let anchors = [RIGHT.anchor.clone()];
    let (trust, name) = (Trust::new(&anchors, NOW_S - 1), ServerName::try_from(HOST).unwrap());
    let result = block_on(async {
        let mut session = connect(&mut socket, &mut buffers, &name, &trust, &Now, &mut Rng::new(1)).await?;
        let mut channel = session.channel(&mut socket, &mut buffers);
        channel.write_all(b"request").await?;
        channel.flush().await?;
        let mut answer = [0; 64];
        let mut len = 0;
        // To the end: what comes after the first record must not be believed blindly either.
        while let Ok(more) = channel.read(&mut answer[len..]).await {
            len += more;
            if more == 0 {
                break;
            }
        }
        Ok(answer[..len].to_vec())
    });
    let after_hello = socket.records_after_hello();
    drop(socket);
    Played { result, sent: sent.take(), after_hello }
}

/// The server's bytes, by the script. A stranger has everything but the key of the trusted certificate, and a proof that its
/// owner once gave to somebody else.
fn play(script: &[u8], stranger: bool, keys: &mut Keys, sent: &mut Vec<u8>) -> Vec<u8> {
    let mut script = Script(script);
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let mut application = None;
    while let Some(step) = script.byte() {
        match step % 18 {
            0 => out.extend(keys.server_hello()),
            1 => messages.extend(keys.encrypted_extensions()),
            2 => messages.extend(keys.certificate_request()),
            3 => messages.extend(keys.certificate(&RIGHT.chain)),
            4 => messages.extend(keys.certificate(&STRANGER.chain)),
            5 => messages.extend(keys.certificate_verify(if stranger { &STRANGER.key } else { &RIGHT.key })),
            6 => messages.extend(keys.certificate_verify(&STRANGER.key)),
            // A proof for another connection.
            7 => messages.extend(keys.add(15, &REPLAYED)),
            8 => messages.extend(keys.finished()),
            9 => {
                let (at, change) = (script.word(), script.byte().unwrap_or(1));
                let mut body = certificate_body(&RIGHT.chain);
                let at = at % body.len();
                body[at] ^= change;
                messages.extend(keys.add(11, &body));
            }
            // Messages at will: as said, and beside the transcript.
            10 => {
                let kind = script.byte().unwrap_or(0);
                messages.extend(keys.add(kind, script.bytes()));
            }
            11 => messages.extend(script.bytes()),
            12 => {
                let len = script.word().max(1);
                for part in core::mem::take(&mut messages).chunks(len) {
                    out.extend(keys.seal(22, part));
                }
            }
            13 => out.extend(keys.seal_inner(script.bytes())),
            14 => out.extend(plain(script.byte().unwrap_or(20), script.bytes())),
            15 => {
                let content = script.bytes();
                sent.extend(content);
                out.extend(application.get_or_insert_with(|| keys.application()).seal(23, content));
            }
            16 => out.extend(application.get_or_insert_with(|| keys.application()).seal_inner({
                let inner = script.bytes();
                // With the type and the padding in it.
                if let Some(at) = inner.iter().rposition(|b| *b != 0).filter(|at| inner[*at] == 23) {
                    sent.extend(&inner[..at]);
                }
                inner
            })),
            _ => out.extend(script.bytes()),
        }
        if out.len() > 1 << 17 {
            break;
        }
    }
    if !messages.is_empty() {
        out.extend(keys.seal(22, &messages[..messages.len().min(1 << 14)]));
    }
    out
}

/// What is left of a script.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn word(&mut self) -> usize {
        usize::from(u16::from_le_bytes([self.byte().unwrap_or(0), self.byte().unwrap_or(0)]))
    }

    /// So many bytes as the next two say, or all there are.
    fn bytes(&mut self) -> &'a [u8] {
        let len = self.word().min(1 << 14).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }
}

/// A server's certificate and its root, always the same.
struct Identity {
    key: FixedKey,
    chain: Vec<CertificateDer<'static>>,
    anchor: TrustAnchor<'static>,
}

impl Identity {
    fn new(seed: u8) -> Self {
        let (root_key, key) = (FixedKey::new(seed), FixedKey::new(seed + 1));
        let root = ca_params("root");
        let root_der = root.self_signed(&root_key).unwrap().der().clone();
        let leaf = leaf_params(&[HOST]).signed_by(&key, &Issuer::from_params(&root, &root_key)).unwrap();
        let anchor = anchor_from_trusted_cert(&root_der).unwrap().to_owned();
        Self { key, chain: vec![leaf.der().clone()], anchor }
    }
}

static RIGHT: LazyLock<Identity> = LazyLock::new(|| Identity::new(1));
static STRANGER: LazyLock<Identity> = LazyLock::new(|| Identity::new(3));

/// The body of a CertificateVerify over another transcript.
static REPLAYED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let signed = [&[0x20; 64][..], b"TLS 1.3, server CertificateVerify\0", &[9; 32]].concat();
    let signature = RIGHT.key.sign(&signed).unwrap();
    [&[4, 3, 0, signature.len() as u8][..], &signature].concat()
});

/// Signs the same with the same, which ring does not.
struct FixedKey {
    key: p256::ecdsa::SigningKey,
    point: Vec<u8>,
}

impl FixedKey {
    fn new(seed: u8) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        Self { key, point }
    }
}

impl PublicKeyData for FixedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for FixedKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: p256::ecdsa::DerSignature = self.key.sign(message);
        Ok(signature.as_bytes().to_vec())
    }
}

struct Now;

impl Clock for Now {
    fn unix_seconds(&self) -> Option<u64> {
        Some(NOW_S)
    }
}
