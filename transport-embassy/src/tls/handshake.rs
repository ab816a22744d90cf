//! The handshake: ServerHello, EncryptedExtensions, maybe CertificateRequest, Certificate, CertificateVerify, Finished.
//!
//! Written as one straight line of awaits, so that no message can come in another order, twice, or not at all.

use embedded_io::ErrorKind;
use embedded_io_async::{Read, Write};
use rand_core::CryptoRngCore;
use rustls_pki_types::ServerName;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::flight::{Flight, MESSAGE_HEADER};
use super::group::{Group, Secret};
use super::hello::{self, ClientHello};
use super::key_schedule::{HandshakeSecrets, Hash, RecordKey};
use super::record::{self, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER, OVERHEAD};
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
/// A message that stands for the first ClientHello in the transcript (RFC 8446 section 4.4.1).
const MESSAGE_HASH: u8 = 254;

/// The record before the client's second flight, for boxes on the way that know TLS 1.2 only (RFC 8446 appendix D.4).
const COMPATIBILITY: [u8; HEADER + 1] = [CHANGE_CIPHER_SPEC, 0x03, 0x03, 0, 1, 1];

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
    let mut reached = Reached::default();
    let Err(error) = shake_hands(&mut reached, session, io, buffers, name, trust, now_s, rng).await else {
        return Ok(());
    };
    let error = reached.name(error);
    if reached.hello_sent {
        record::give_up(io, reached.secrets.as_mut().map(|secrets| &mut secrets.client), error).await;
    }
    Err(error)
}

/// How far a handshake came, for what has to be said when it fails.
#[derive(Default)]
struct Reached {
    hello_sent: bool,
    /// The server has chosen something: it speaks TLS 1.3.
    answered: bool,
    secrets: Option<HandshakeSecrets>,
}

impl Reached {
    /// An end before the server has chosen anything has its usual reason.
    fn name(&self, error: TlsError) -> TlsError {
        match error {
            TlsError::Alert(code @ (40 | 70)) if !self.answered => TlsError::NothingInCommon { alert: Some(code) },
            TlsError::Closed
            | TlsError::CloseNotify
            | TlsError::Io(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
                if self.hello_sent && !self.answered =>
            {
                TlsError::NothingInCommon { alert: None }
            }
            other => other,
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "those of connect_into and how far it came")]
async fn shake_hands<S: Read + Write>(
    reached: &mut Reached,
    session: &mut Option<Session>,
    io: &mut S,
    buffers: &mut Buffers<'_>,
    name: &ServerName<'_>,
    trust: &Trust<'_>,
    now_s: u64,
    rng: &mut impl CryptoRngCore,
) -> Result<(), TlsError> {
    let mut transcript = Sha256::new();
    let mut fresh = [[0; 32]; 2];
    rng.try_fill_bytes(fresh.as_flattened_mut()).map_err(|_| TlsError::Random)?;
    let [random, session_id] = &fresh;
    let mut secret = Secret::draw(Group::OFFERED[0], rng)?;
    let hello = ClientHello { random, session_id, name, group: secret.group(), share: &secret.share(), cookie: None };
    send_client_hello(io, buffers.tx, &hello, &mut transcript, &[]).await?;
    reached.hello_sent = true;

    buffers.reading();
    let mut flight = Flight::new(buffers.rx);
    let mut message = flight.next(io, None, SERVER_HELLO).await?;
    reached.answered = true;
    let mut compatibility = &COMPATIBILITY[..];
    let mut chosen = None;
    if hello::is_retry(flight.body(&message)) {
        flight.at_record_end("HelloRetryRequest")?;
        let retry = hello::read_retry(flight.body(&message), session_id, secret.group())?;
        if let Some(group) = retry.group {
            secret = Secret::draw(group, rng)?;
        }
        let first = hash(&transcript);
        transcript = Sha256::new();
        transcript.update([MESSAGE_HASH, 0, 0, first.len() as u8]);
        transcript.update(first);
        transcript.update(flight.whole(&message));
        let share = &secret.share();
        let hello = ClientHello { random, session_id, name, group: secret.group(), share, cookie: retry.cookie };
        send_client_hello(io, buffers.tx, &hello, &mut transcript, compatibility).await?;
        compatibility = &[];
        chosen = Some(retry.suite);
        message = flight.next(io, None, SERVER_HELLO).await?;
    }
    transcript.update(flight.whole(&message));
    // The keys change here, so nothing may follow in the same record (RFC 8446 section 5.1).
    flight.at_record_end("ServerHello")?;
    let group = secret.group();
    let (suite, share) = hello::read_server_hello(flight.body(&message), session_id, group)?;
    if chosen.is_some_and(|chosen| chosen != suite) {
        return Err(TlsError::Unsupported("cipher suite"));
    }
    let shared = secret.agree(share)?;
    let secrets = reached.secrets.insert(HandshakeSecrets::new(suite, &shared, &hash(&transcript)));
    drop(shared);

    let message = flight.next(io, Some(&mut secrets.server), ENCRYPTED_EXTENSIONS).await?;
    transcript.update(flight.whole(&message));
    hello::check_encrypted_extensions(flight.body(&message))?;

    let mut message = flight.next_of_any(io, Some(&mut secrets.server)).await?;
    let mut certificate_requested = false;
    if flight.kind(&message) == CERTIFICATE_REQUEST {
        check_certificate_request(flight.body(&message))?;
        transcript.update(flight.whole(&message));
        certificate_requested = true;
        message = flight.next_of_any(io, Some(&mut secrets.server)).await?;
    }
    if flight.kind(&message) != CERTIFICATE {
        // Finished without a certificate lands here, and so does CertificateVerify before it.
        return Err(TlsError::BadProof("handshake without a certificate"));
    }
    transcript.update(flight.whole(&message));
    let leaf = accept_chain(flight.body(&message), name, trust, now_s)?;
    let signed = hash(&transcript);

    // Of the chain only the key is needed until the proof is judged, so that the buffer is free for the next record.
    flight.keep(&message, leaf.key())?;
    let message = flight.next_of_any(io, Some(&mut secrets.server)).await?;
    if flight.kind(&message) != CERTIFICATE_VERIFY {
        return Err(TlsError::BadProof("handshake without CertificateVerify"));
    }
    transcript.update(flight.whole(&message));
    let proven = accept_proof(leaf, flight.kept(), flight.body(&message), &signed)?;
    flight.let_go();

    let message = flight.next(io, Some(&mut secrets.server), FINISHED).await?;
    flight.at_record_end("Finished")?;
    let expected = secrets.server.finished(&hash(&transcript));
    if !bool::from(expected[..].ct_eq(flight.body(&message))) {
        return Err(TlsError::BadProof("Finished"));
    }
    transcript.update(flight.whole(&message));
    let finished = hash(&transcript);

    send_finished(io, buffers.tx, &mut secrets.client, transcript, certificate_requested, compatibility).await?;
    let (write_key, read_key) = secrets.application(&finished);
    *session = Some(Session::new(proven.negotiated(suite, group), read_key, write_key));
    Ok(())
}

/// Sends a ClientHello, and in front of it `before`, in one piece.
async fn send_client_hello<S: Write>(
    io: &mut S,
    tx: &mut [u8],
    hello: &ClientHello<'_>,
    transcript: &mut Sha256,
    before: &[u8],
) -> Result<(), TlsError> {
    let start = before.len() + HEADER;
    let out = tx.get_mut(start..).ok_or(TlsError::BufferTooSmall { needed: start })?;
    let len = hello.write(out, start)?;
    transcript.update(&out[..len]);
    tx[..before.len()].copy_from_slice(before);
    // The first one has the version that the oldest servers know (RFC 8446 section 5.1).
    let minor = if before.is_empty() { 0x01 } else { 0x03 };
    tx[before.len()..start].copy_from_slice(&record::header(HANDSHAKE, minor, len));
    record::write_all(io, &tx[..start + len]).await?;
    record::flush(io).await
}

/// Sends the client's Finished, before it an empty Certificate where one was asked for (RFC 8446 section 4.4.2), and in front
/// of both `before`.
async fn send_finished<S: Write>(
    io: &mut S,
    tx: &mut [u8],
    key: &mut RecordKey,
    mut transcript: Sha256,
    certificate_requested: bool,
    before: &[u8],
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
    finished[MESSAGE_HEADER..].copy_from_slice(&key.finished(&hash(&transcript)));
    let message = &message[start..];

    let needed = before.len() + message.len() + OVERHEAD;
    let out = tx.get_mut(..needed).ok_or(TlsError::BufferTooSmall { needed })?;
    let (front, record) = out.split_at_mut(before.len());
    front.copy_from_slice(before);
    record[HEADER..HEADER + message.len()].copy_from_slice(message);
    record::seal(record, message.len(), HANDSHAKE, key)?;
    record::write_all(io, out).await?;
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
