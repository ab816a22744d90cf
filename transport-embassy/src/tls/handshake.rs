//! The handshake: ServerHello, EncryptedExtensions, maybe CertificateRequest, Certificate, CertificateVerify, Finished.
//!
//! Written as one straight line of awaits, so that no message can come in another order, twice, or not at all.

use core::ops::Range;

use embedded_io_async::{Read, Write};
use p256::NonZeroScalar;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rand_core::CryptoRngCore;
use rustls_pki_types::ServerName;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::hello::{self, Point};
use super::key_schedule::{HandshakeSecrets, Hash, RecordKey};
use super::record::{self, ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER};
use super::session::Session;
use super::trust::{Clock, Trust};
use super::verifier::{accept_chain, accept_proof};
use super::{Buffers, TlsError};

const SERVER_HELLO: u8 = 2;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;

/// Length of a handshake message's header.
const MESSAGE_HEADER: usize = 4;

/// Draws of a secret before the random source is given up. A working one needs a second draw once in 2^32.
const MAX_DRAWS: u8 = 8;

/// Opens a session with the server called `name`, over a socket that was just connected.
///
/// `rng` is asked for a new client random and a new key share at every call. The buffers are taken over as they are.
///
/// # Errors
/// Every reason why a server is not, or not surely, the one that was meant ([`TlsError::is_untrusted`]), and every
/// failure of the socket. Nothing of the application has been sent in any of these.
///
/// # Cancellation
/// Dropping the future is safe; the socket must then be dropped or aborted too.
pub async fn connect<S: Read + Write>(
    io: &mut S,
    buffers: &mut Buffers<'_>,
    name: &ServerName<'_>,
    trust: &Trust<'_>,
    clock: &impl Clock,
    rng: &mut impl CryptoRngCore,
) -> Result<Session, TlsError> {
    let mut session = None;
    connect_into(&mut session, io, buffers, name, trust, clock, rng).await?;
    session.ok_or(TlsError::Broken)
}

/// The same, with the session written where it is to stay, so that its keys can be wiped there. Left alone on an error.
pub(crate) async fn connect_into<S: Read + Write>(
    session: &mut Option<Session>,
    io: &mut S,
    buffers: &mut Buffers<'_>,
    name: &ServerName<'_>,
    trust: &Trust<'_>,
    clock: &impl Clock,
    rng: &mut impl CryptoRngCore,
) -> Result<(), TlsError> {
    // Before anything is sent: without a clock there is no point in a connection.
    let now_s = trust.now(clock)?;
    let mut transcript = Sha256::new();
    let secret = send_client_hello(io, buffers.tx, name, rng, &mut transcript).await?;

    let mut flight = Flight::new(buffers.rx);
    let message = flight.next(io, None, SERVER_HELLO).await?;
    transcript.update(flight.whole(&message));
    // The keys change here, so nothing may follow in the same record (RFC 8446 section 5.1).
    flight.at_record_end("ServerHello")?;
    let share = p256::PublicKey::from_sec1_bytes(hello::read_server_hello(flight.body(&message))?)
        .map_err(|_| TlsError::Malformed("key share"))?;
    let shared = p256::ecdh::diffie_hellman(&*secret, share.as_affine());
    drop(secret);
    let secrets = HandshakeSecrets::new(shared.raw_secret_bytes(), &hash(&transcript));
    let mut read_key = RecordKey::new(&secrets.server);
    let mut key = Some(&mut read_key);

    let message = flight.next(io, key.as_deref_mut(), ENCRYPTED_EXTENSIONS).await?;
    transcript.update(flight.whole(&message));
    hello::check_encrypted_extensions(flight.body(&message))?;

    let mut message = flight.next_of_any(io, key.as_deref_mut()).await?;
    let mut certificate_requested = false;
    if flight.kind(&message) == CERTIFICATE_REQUEST {
        check_certificate_request(flight.body(&message))?;
        transcript.update(flight.whole(&message));
        certificate_requested = true;
        message = flight.next_of_any(io, key.as_deref_mut()).await?;
    }
    if flight.kind(&message) != CERTIFICATE {
        // Finished without a certificate lands here, and so does CertificateVerify before it.
        return Err(TlsError::BadProof("handshake without a certificate"));
    }
    transcript.update(flight.whole(&message));
    let leaf = accept_chain(flight.body(&message), name, trust, now_s)?;
    let signed = hash(&transcript);
    let certificate = message;

    // Kept until the proof is judged, for the key in it.
    flight.keep = true;
    let message = flight.next_of_any(io, key.as_deref_mut()).await?;
    if flight.kind(&message) != CERTIFICATE_VERIFY {
        return Err(TlsError::BadProof("handshake without CertificateVerify"));
    }
    transcript.update(flight.whole(&message));
    let proven = accept_proof(flight.body(&certificate), leaf, flight.body(&message), &signed)?;
    flight.keep = false;

    let message = flight.next(io, key, FINISHED).await?;
    flight.at_record_end("Finished")?;
    let expected = secrets.server.finished(&hash(&transcript));
    if !bool::from(expected[..].ct_eq(flight.body(&message))) {
        return Err(TlsError::BadProof("Finished"));
    }
    transcript.update(flight.whole(&message));
    let finished = hash(&transcript);

    send_finished(io, buffers.tx, &secrets, transcript, certificate_requested).await?;
    let (write_key, read_key) = secrets.application(&finished);
    *session = Some(Session::new(proven, read_key, write_key));
    Ok(())
}

async fn send_client_hello<S: Write>(
    io: &mut S,
    tx: &mut [u8],
    name: &ServerName<'_>,
    rng: &mut impl CryptoRngCore,
    transcript: &mut Sha256,
) -> Result<Zeroizing<NonZeroScalar>, TlsError> {
    let mut random = [0; 32];
    rng.try_fill_bytes(&mut random).map_err(|_| TlsError::Random)?;
    let secret = draw_secret(rng)?;
    let point = p256::PublicKey::from_secret_scalar(&secret).to_encoded_point(false);
    let share: &Point = point.as_bytes().try_into().map_err(|_| TlsError::Malformed("own key share"))?;
    let out = tx.get_mut(HEADER..).ok_or(TlsError::BufferTooSmall { needed: HEADER })?;
    let len = hello::write_client_hello(out, &random, share, name)?;
    transcript.update(&out[..len]);
    tx[..HEADER].copy_from_slice(&record::header(HANDSHAKE, 0x01, len));
    record::write_all(io, &tx[..HEADER + len]).await?;
    record::flush(io).await?;
    Ok(secret)
}

/// A secret scalar, or an error where p256's own way would panic on a failing source and loop on one that is stuck.
fn draw_secret(rng: &mut impl CryptoRngCore) -> Result<Zeroizing<NonZeroScalar>, TlsError> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..MAX_DRAWS {
        rng.try_fill_bytes(&mut *bytes).map_err(|_| TlsError::Random)?;
        // Zero and what lies beyond the group's order are no secrets.
        if let Some(secret) = NonZeroScalar::from_repr((*bytes).into()).into() {
            return Ok(Zeroizing::new(secret));
        }
    }
    Err(TlsError::Random)
}

/// Sends the client's Finished, and before it an empty Certificate where one was asked for (RFC 8446 section 4.4.2).
async fn send_finished<S: Write>(
    io: &mut S,
    tx: &mut [u8],
    secrets: &HandshakeSecrets,
    mut transcript: Sha256,
    certificate_requested: bool,
) -> Result<(), TlsError> {
    const NO_CERTIFICATE: [u8; 8] = [CERTIFICATE, 0, 0, 4, 0, 0, 0, 0];
    let mut message = [0; NO_CERTIFICATE.len() + MESSAGE_HEADER + 32];
    let mut start = NO_CERTIFICATE.len();
    if certificate_requested {
        start = 0;
        message[..NO_CERTIFICATE.len()].copy_from_slice(&NO_CERTIFICATE);
        transcript.update(NO_CERTIFICATE);
    }
    let finished = &mut message[NO_CERTIFICATE.len()..];
    finished[..MESSAGE_HEADER].copy_from_slice(&[FINISHED, 0, 0, 32]);
    finished[MESSAGE_HEADER..].copy_from_slice(&secrets.client.finished(&hash(&transcript)));
    let message = &message[start..];

    let needed = HEADER + message.len();
    tx.get_mut(HEADER..needed).ok_or(TlsError::BufferTooSmall { needed })?.copy_from_slice(message);
    let total = record::seal(tx, message.len(), HANDSHAKE, &mut RecordKey::new(&secrets.client))?;
    record::write_all(io, &tx[..total]).await?;
    record::flush(io).await
}

fn check_certificate_request(body: &[u8]) -> Result<(), TlsError> {
    let mut message = super::bytes::Bytes::new(body, "CertificateRequest");
    message.vec8()?.end()?;
    let mut extensions = message.vec16()?;
    message.end()?;
    while !extensions.is_empty() {
        extensions.u16()?;
        extensions.vec16()?;
    }
    Ok(())
}

fn hash(transcript: &Sha256) -> Hash {
    transcript.clone().finalize().into()
}

/// The server's messages, put together again from records, in the front of the read buffer.
struct Flight<'a> {
    rx: &'a mut [u8],
    /// First byte not yet given out.
    start: usize,
    /// End of the bytes received.
    end: usize,
    /// Whether the messages given out before must stay where they are.
    keep: bool,
    /// A change_cipher_spec of the middlebox mode may come once (RFC 8446 section 5).
    change_cipher_spec_seen: bool,
}

/// Where a message lies in the buffer, header included.
#[derive(Clone)]
struct Message(Range<usize>);

impl<'a> Flight<'a> {
    fn new(rx: &'a mut [u8]) -> Self {
        Self { rx, start: 0, end: 0, keep: false, change_cipher_spec_seen: false }
    }

    /// The next message, which must be of this kind.
    async fn next<S: Read>(&mut self, io: &mut S, key: Option<&mut RecordKey>, kind: u8) -> Result<Message, TlsError> {
        let message = self.next_of_any(io, key).await?;
        if self.kind(&message) == kind { Ok(message) } else { Err(TlsError::Unexpected("handshake message")) }
    }

    /// The next message. Where a message is spread over records, they are joined.
    async fn next_of_any<S: Read>(&mut self, io: &mut S, mut key: Option<&mut RecordKey>) -> Result<Message, TlsError> {
        if !self.keep {
            self.rx.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        loop {
            let rest = &self.rx[self.start..self.end];
            if let Some(&[_, a, b, c]) = rest.first_chunk::<MESSAGE_HEADER>() {
                let len = MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize;
                let needed = self.start + len;
                if needed > self.rx.len() {
                    return Err(TlsError::BufferTooSmall { needed });
                }
                if rest.len() >= len {
                    let message = Message(self.start..needed);
                    self.start = needed;
                    return Ok(message);
                }
            }
            self.read_record(io, key.as_deref_mut()).await?;
        }
    }

    async fn read_record<S: Read>(&mut self, io: &mut S, key: Option<&mut RecordKey>) -> Result<(), TlsError> {
        let room = &mut self.rx[self.end..];
        let (kind, len) = match key {
            Some(key) => record::read_protected(io, key, room).await?,
            None => record::read_plain(io, room).await?,
        };
        let content = &self.rx[self.end..self.end + len];
        match kind {
            HANDSHAKE if len > 0 => self.end += len,
            ALERT => return Err(record::alert(content)),
            // Not within a message: its fragments follow one another (RFC 8446 section 5.1).
            CHANGE_CIPHER_SPEC if content == [1] && !self.change_cipher_spec_seen && self.start == self.end => {
                self.change_cipher_spec_seen = true;
            }
            _ => return Err(TlsError::Unexpected("record during the handshake")),
        }
        Ok(())
    }

    fn kind(&self, message: &Message) -> u8 {
        self.rx[message.0.start]
    }

    fn whole(&self, message: &Message) -> &[u8] {
        &self.rx[message.0.clone()]
    }

    fn body(&self, message: &Message) -> &[u8] {
        &self.whole(message)[MESSAGE_HEADER..]
    }

    /// No further byte may have come in the record of the message just given out.
    fn at_record_end(&self, what: &'static str) -> Result<(), TlsError> {
        if self.start == self.end { Ok(()) } else { Err(TlsError::Malformed(what)) }
    }
}
