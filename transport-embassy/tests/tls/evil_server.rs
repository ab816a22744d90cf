//! A TLS 1.3 server written by hand, that sends what a test tells it to, under the right keys.
//!
//! Its key schedule is its own, over `hkdf`, so that it also checks the client's.

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use p256::ecdh::EphemeralSecret;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rcgen::SigningKey;
use sha2::{Digest, Sha256};

use super::rng::Rng;
use super::socket::Peer;
use transport_embassy::tls::CertificateDer;

/// Makes everything the server says, as raw bytes, from the keys of this connection.
pub(crate) type Script = Box<dyn FnMut(&mut Keys) -> Vec<u8>>;

/// Makes the extensions of a HelloRetryRequest out of the first hello.
pub(crate) type Retry = fn(&[u8]) -> Vec<u8>;

pub(crate) struct Evil {
    script: Script,
    hello: Vec<u8>,
    retry: Option<Retry>,
    /// What stands in the transcript for the first hello and its answer.
    before: Vec<u8>,
    answered: bool,
}

/// The keys of one connection, and its transcript.
pub(crate) struct Keys {
    pub(crate) transcript: Sha256,
    handshake: [u8; 32],
    server: Direction,
    server_traffic: [u8; 32],
    /// The client's handshake key.
    pub(crate) client: Direction,
    server_hello: Vec<u8>,
}

pub(crate) struct Direction {
    traffic: [u8; 32],
    key: [u8; 16],
    iv: [u8; 12],
    count: u64,
}

impl Evil {
    pub(crate) fn new(script: impl FnMut(&mut Keys) -> Vec<u8> + 'static) -> Self {
        Self { script: Box::new(script), hello: Vec::new(), retry: None, before: Vec::new(), answered: false }
    }

    /// Asks for a second hello first, with the extensions that come out of `retry`.
    pub(crate) fn retrying(retry: Retry, script: impl FnMut(&mut Keys) -> Vec<u8> + 'static) -> Self {
        Self { retry: Some(retry), ..Self::new(script) }
    }
}

impl Peer for Evil {
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.hello.extend(bytes);
        // The record in front of the second flight.
        if self.hello.starts_with(&[20, 3, 3, 0, 1, 1]) {
            self.hello.drain(..6);
        }
        // An alert: there is nothing to answer.
        if self.hello.first() == Some(&21) {
            return Vec::new();
        }
        let whole = self.hello.len() >= 5
            && self.hello.len() >= 5 + usize::from(u16::from_be_bytes([self.hello[3], self.hello[4]]));
        if self.answered || !whole {
            return Vec::new();
        }
        let hello = self.hello.split_off(5);
        if let Some(retry) = self.retry.take() {
            self.hello.clear();
            let message = hello_retry_request(&hello, &retry(&hello));
            self.before = [&[254, 0, 0, 32][..], &Sha256::digest(&hello), &message].concat();
            return plain(22, &message);
        }
        self.answered = true;
        (self.script)(&mut Keys::new(&self.before, &hello))
    }
}

impl Keys {
    fn new(before: &[u8], client_hello: &[u8]) -> Self {
        // The share is the last 65 bytes of a key_share entry: group 0x0017, length 65.
        let at = client_hello.windows(5).position(|w| w == [0x00, 0x17, 0x00, 0x41, 0x04]).unwrap();
        let share = p256::PublicKey::from_sec1_bytes(&client_hello[at + 4..at + 69]).unwrap();
        let secret = EphemeralSecret::random(&mut Rng::new(7));
        let own = secret.public_key().to_encoded_point(false);

        let mut body = vec![3, 3];
        body.extend([0x55; 32]);
        // The session id as it came, with its length.
        body.extend(&client_hello[38..71]);
        body.extend([0x13, 0x01, 0]);
        body.extend([0, 79, 0, 43, 0, 2, 3, 4, 0, 51, 0, 69, 0, 0x17, 0, 65]);
        body.extend(own.as_bytes());
        let server_hello = message(2, &body);
        let mut transcript = Sha256::new();
        transcript.update(before);
        transcript.update(client_hello);
        transcript.update(&server_hello);

        let early: [u8; 32] = Hkdf::<Sha256>::extract(Some(&[0; 32]), &[0; 32]).0.into();
        let derived: [u8; 32] = label(&early, "derived", &Sha256::digest([]));
        let shared = secret.diffie_hellman(&share);
        let handshake: [u8; 32] = Hkdf::<Sha256>::extract(Some(&derived), shared.raw_secret_bytes()).0.into();
        let hash = transcript.clone().finalize();
        let server_traffic = label(&handshake, "s hs traffic", &hash);
        let client = Direction::new(&label(&handshake, "c hs traffic", &hash));
        Self { transcript, handshake, server: Direction::new(&server_traffic), server_traffic, client, server_hello }
    }

    /// The ServerHello in its record.
    pub(crate) fn server_hello(&self) -> Vec<u8> {
        plain(22, &self.server_hello)
    }

    /// Adds a message to the transcript.
    pub(crate) fn add(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        let message = message(kind, body);
        self.transcript.update(&message);
        message
    }

    pub(crate) fn encrypted_extensions(&mut self) -> Vec<u8> {
        self.add(8, &[0, 0])
    }

    pub(crate) fn certificate_request(&mut self) -> Vec<u8> {
        self.add(13, &[0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3])
    }

    pub(crate) fn certificate(&mut self, chain: &[CertificateDer<'static>]) -> Vec<u8> {
        self.add(11, &certificate_body(chain))
    }

    pub(crate) fn certificate_verify(&mut self, key: &impl SigningKey) -> Vec<u8> {
        let mut signed = vec![0x20; 64];
        signed.extend(b"TLS 1.3, server CertificateVerify\0");
        signed.extend(self.transcript.clone().finalize());
        let signature = key.sign(&signed).unwrap();
        let mut body = vec![4, 3];
        body.extend((signature.len() as u16).to_be_bytes());
        body.extend(signature);
        self.add(15, &body)
    }

    pub(crate) fn finished(&mut self) -> Vec<u8> {
        let key: [u8; 32] = label(&self.server_traffic, "finished", &[]);
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
        mac.update(&self.transcript.clone().finalize());
        let verify: [u8; 32] = mac.finalize().into_bytes().into();
        self.add(20, &verify)
    }

    /// A protected record under the handshake key.
    pub(crate) fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        self.server.seal(kind, content)
    }

    /// The same with this inner plaintext: content, type and padding as given.
    pub(crate) fn seal_inner(&mut self, inner: &[u8]) -> Vec<u8> {
        self.server.seal_inner(inner)
    }

    /// The server's application key; call it when Finished is in the transcript.
    pub(crate) fn application(&self) -> Direction {
        self.application_key("s ap traffic")
    }

    /// The client's.
    pub(crate) fn client_application(&self) -> Direction {
        self.application_key("c ap traffic")
    }

    fn application_key(&self, name: &str) -> Direction {
        let derived: [u8; 32] = label(&self.handshake, "derived", &Sha256::digest([]));
        let master: [u8; 32] = Hkdf::<Sha256>::extract(Some(&derived), &[0; 32]).0.into();
        let hash = self.transcript.clone().finalize();
        Direction::new(&label(&master, name, &hash))
    }

    /// A whole, right flight, and nothing wrong with it.
    pub(crate) fn honest_messages(&mut self, chain: &[CertificateDer<'static>], key: &impl SigningKey) -> Vec<u8> {
        let mut flight = self.encrypted_extensions();
        flight.extend(self.certificate(chain));
        flight.extend(self.certificate_verify(key));
        flight.extend(self.finished());
        flight
    }
}

impl Direction {
    fn new(traffic: &[u8; 32]) -> Self {
        Self { traffic: *traffic, key: label(traffic, "key", &[]), iv: label(traffic, "iv", &[]), count: 0 }
    }

    /// Goes over to the next keys.
    pub(crate) fn update(&mut self) {
        *self = Self::new(&label(&self.traffic, "traffic upd", &[]));
    }

    /// What is in a record: its type and content.
    pub(crate) fn open(&mut self, record: &[u8]) -> (u8, Vec<u8>) {
        let (header, body) = record.split_at(5);
        let (content, tag) = body.split_at(body.len() - 16);
        let mut content = content.to_vec();
        let cipher = Aes128Gcm::new(&self.key.into());
        cipher
            .decrypt_in_place_detached(&self.nonce().into(), header, &mut content, tag.into())
            .expect("the right key");
        let kind = content.pop().unwrap();
        (kind, content)
    }

    fn nonce(&mut self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (n, c) in nonce[4..].iter_mut().zip(self.count.to_be_bytes()) {
            *n ^= c;
        }
        self.count += 1;
        nonce
    }

    pub(crate) fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut inner = content.to_vec();
        inner.push(kind);
        self.seal_inner(&inner)
    }

    pub(crate) fn seal_inner(&mut self, inner: &[u8]) -> Vec<u8> {
        let nonce = self.nonce();
        let len = (inner.len() + 16) as u16;
        let mut record = vec![23, 3, 3];
        record.extend(len.to_be_bytes());
        let mut body = inner.to_vec();
        let tag =
            Aes128Gcm::new(&self.key.into()).encrypt_in_place_detached(&nonce.into(), &record, &mut body).unwrap();
        record.extend(body);
        record.extend(tag);
        record
    }
}

/// A HelloRetryRequest for TLS 1.3 and AES-128-GCM with these extensions besides.
fn hello_retry_request(client_hello: &[u8], extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91");
    body.extend(b"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c");
    body.extend(&client_hello[38..71]);
    body.extend([0x13, 0x01, 0]);
    body.extend((6 + extensions.len() as u16).to_be_bytes());
    body.extend([0, 43, 0, 2, 3, 4]);
    body.extend(extensions);
    message(2, &body)
}

pub(crate) fn certificate_body(chain: &[CertificateDer<'static>]) -> Vec<u8> {
    let mut list = Vec::new();
    for certificate in chain {
        list.extend(&(certificate.len() as u32).to_be_bytes()[1..]);
        list.extend(certificate.iter());
        list.extend([0, 0]);
    }
    let mut body = vec![0];
    body.extend(&(list.len() as u32).to_be_bytes()[1..]);
    body.extend(list);
    body
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(&(body.len() as u32).to_be_bytes()[1..]);
    out.extend(body);
    out
}

pub(crate) fn plain(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 3, 3];
    out.extend((content.len() as u16).to_be_bytes());
    out.extend(content);
    out
}

fn label<const N: usize>(secret: &[u8; 32], label: &str, context: &[u8]) -> [u8; N] {
    let label = format!("tls13 {label}");
    let mut info = vec![0, N as u8, label.len() as u8];
    info.extend(label.as_bytes());
    info.push(context.len() as u8);
    info.extend(context);
    let mut out = [0; N];
    Hkdf::<Sha256>::from_prk(secret).unwrap().expand(&info, &mut out).unwrap();
    out
}
