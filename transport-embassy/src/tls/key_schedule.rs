//! The key schedule of TLS 1.3 with SHA-256 (RFC 8446 section 7.1) and the protection of records (section 5.2).

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::TlsError;
use super::hash::Sha2;
use super::suite::{MAX_KEY, Suite, TAG};

/// A transcript hash, or any SHA-256 output.
pub(super) type Hash = [u8; 32];

/// Records under one key before the connection is given up: below the 2^24.5 of RFC 8446 section 5.5.
const MAX_RECORDS: u64 = 1 << 24;

/// One secret of the schedule.
struct Secret(Zeroizing<Hash>);

/// Keys of the handshake, and what the application keys come from.
pub(super) struct HandshakeSecrets {
    pub(super) client: RecordKey,
    pub(super) server: RecordKey,
    handshake: Secret,
}

/// Traffic secret, key, nonce base and record number of one direction. Not `Clone`: a nonce must not be used twice.
pub(super) struct RecordKey {
    suite: Suite,
    traffic: Secret,
    key: [u8; MAX_KEY],
    iv: [u8; 12],
    sequence: u64,
}

impl HandshakeSecrets {
    /// From the shared ECDHE secret and the hash over ClientHello and ServerHello.
    pub(super) fn new(suite: Suite, shared: &[u8; 32], hello_hash: &Hash) -> Self {
        let early = Secret::extract(&[0; 32], &[0; 32]);
        let handshake = Secret::extract(&early.next_salt().0, shared);
        Self {
            client: RecordKey::new(suite, handshake.derive(b"c hs traffic", hello_hash)),
            server: RecordKey::new(suite, handshake.derive(b"s hs traffic", hello_hash)),
            handshake,
        }
    }

    /// Client and server application keys, from the hash over everything to the server's Finished.
    pub(super) fn application(&self, finished_hash: &Hash) -> (RecordKey, RecordKey) {
        let master = Secret::extract(&self.handshake.next_salt().0, &[0; 32]);
        (
            RecordKey::new(self.client.suite, master.derive(b"c ap traffic", finished_hash)),
            RecordKey::new(self.client.suite, master.derive(b"s ap traffic", finished_hash)),
        )
    }
}

impl Secret {
    fn extract(salt: &Hash, input: &[u8; 32]) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        mac(salt, &[input], &mut secret);
        Self(secret)
    }

    fn derive(&self, label: &[u8], transcript: &[u8]) -> Self {
        let mut out = Zeroizing::new([0; 32]);
        self.expand_label(label, transcript, &mut *out);
        Self(out)
    }

    fn next_salt(&self) -> Self {
        self.derive(b"derived", &Sha2::Sha256.of(&[]))
    }

    /// HKDF-Expand-Label for at most 32 bytes, so that one HMAC is the whole expansion.
    fn expand_label(&self, label: &[u8], context: &[u8], out: &mut [u8]) {
        let start = [0, out.len() as u8, 6 + label.len() as u8];
        let mut block = Zeroizing::new([0; 32]);
        mac(&self.0, &[&start, b"tls13 ", label, &[context.len() as u8], context, &[1]], &mut block);
        out.copy_from_slice(&block[..out.len()]);
    }
}

impl RecordKey {
    fn new(suite: Suite, traffic: Secret) -> Self {
        let mut this = Self { suite, traffic, key: [0; MAX_KEY], iv: [0; 12], sequence: 0 };
        this.expand();
        this
    }

    /// `verify_data` of a Finished message under this traffic secret (RFC 8446 section 4.4.4).
    pub(super) fn finished(&self, transcript: &Hash) -> Hash {
        let mut key = Zeroizing::new([0; 32]);
        self.traffic.expand_label(b"finished", &[], &mut *key);
        let mut data = [0; 32];
        mac(&key, &[transcript], &mut data);
        data
    }

    /// The next generation of this direction's keys (RFC 8446 section 7.2).
    pub(super) fn update(&mut self) {
        let mut next = Zeroizing::new([0; 32]);
        self.traffic.expand_label(b"traffic upd", &[], &mut *next);
        // Over the old one, which is gone with that.
        self.traffic.0.copy_from_slice(&*next);
        self.expand();
    }

    /// Encrypts `body` in place and gives its tag.
    pub(super) fn seal(&mut self, header: &[u8; 5], body: &mut [u8]) -> Result<[u8; TAG], TlsError> {
        let nonce = self.next_nonce()?;
        self.suite.seal(&self.key, nonce, header, body)
    }

    /// Decrypts `body` in place; on an error its bytes are of no meaning.
    pub(super) fn open(&mut self, header: &[u8; 5], body: &mut [u8], tag: &[u8; TAG]) -> Result<(), TlsError> {
        let nonce = self.next_nonce()?;
        self.suite.open(&self.key, nonce, header, body, tag)
    }

    /// Key and nonce base of the traffic secret, for records from the first one on.
    fn expand(&mut self) {
        self.traffic.expand_label(b"key", &[], &mut self.key[..self.suite.key_len()]);
        self.traffic.expand_label(b"iv", &[], &mut self.iv);
        self.sequence = 0;
    }

    fn next_nonce(&mut self) -> Result<[u8; 12], TlsError> {
        if self.sequence >= MAX_RECORDS {
            return Err(TlsError::Broken);
        }
        let mut nonce = self.iv;
        for (n, s) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *n ^= s;
        }
        self.sequence += 1;
        Ok(nonce)
    }
}

impl Drop for RecordKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.iv.zeroize();
    }
}

/// HMAC of the parts as one message. Not copied to where it is called: that is 1 KB of flash.
#[inline(never)]
fn mac(key: &Hash, parts: &[&[u8]], out: &mut Hash) {
    // Padded to the block size, as HMAC does itself: this way it cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as Mac>::new((&*block).into());
    parts.iter().for_each(|part| mac.update(part));
    *out = mac.finalize().into_bytes().into();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hex without an allocator.
    fn hex<const N: usize>(text: &str) -> [u8; N] {
        core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }

    /// RFC 8448 section 3. Mutants seen to fail here: label "c hs traffic" misspelt; iv length 11.
    #[test]
    fn rfc_8448_simple_handshake() {
        let shared: [u8; 32] = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let hello: Hash = hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        let secrets = HandshakeSecrets::new(Suite::Aes128Gcm, &shared, &hello);
        assert_eq!(
            *secrets.client.traffic.0,
            hex::<32>("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
        );
        assert_eq!(
            *secrets.server.traffic.0,
            hex::<32>("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
        );
        let key = &secrets.server;
        assert_eq!(key.key[..16], hex::<16>("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(key.iv, hex("5d313eb2671276ee13000b30"));

        let finished: Hash = hex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
        let (client, server) = secrets.application(&finished);
        assert_eq!(server.key[..16], hex::<16>("9f02283b6c9c07efc26bb9f2ac92e356"));
        assert_eq!(server.iv, hex("cf782b88dd83549aadf1e984"));
        assert_eq!(client.key[..16], hex::<16>("17422dda596ed5d9acd890e3c63f5051"));
        assert_eq!(client.iv, hex("5b78923dee08579033e523d9"));
    }
}
