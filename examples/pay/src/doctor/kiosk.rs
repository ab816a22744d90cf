//! The kiosk's own TLS against the gateway: the code that a microcontroller runs, over this machine's sockets.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use rustls::pki_types::CertificateDer;
use transport_embassy::rand_core::{CryptoRng, Error, RngCore};
use transport_embassy::tls::{
    self, Buffers, Clock, RX_FOR_ANY_SERVER, TlsError, Trust, TrustAnchor, anchor_from_trusted_cert,
};

use super::super::entropy::unix_now;
use super::finding::Finding;
use super::question::TLS_KIOSK;
use super::wire::Server;

/// What a small board has for a server that sends short records.
const SMALL_RX: usize = 4 * 1024;
const TX: usize = 2 * 1024;

/// What came of it: with the kiosk's buffer, and with a small one.
#[derive(Debug)]
pub(super) struct Kiosk {
    whole: Result<String, Refused>,
    small: Result<String, Refused>,
}

/// Why not, and whether a larger buffer is all that is missing.
#[derive(Debug)]
struct Refused {
    words: String,
    room: Option<usize>,
}

pub(super) fn look(server: &Server, own: Option<&[CertificateDer<'static>]>) -> Kiosk {
    Kiosk { whole: shake(server, own, RX_FOR_ANY_SERVER), small: shake(server, own, SMALL_RX) }
}

fn shake(server: &Server, own: Option<&[CertificateDer<'static>]>, room: usize) -> Result<String, Refused> {
    let refuse = |words: String| Refused { words, room: None };
    let mut socket = Socket(server.dial().map_err(refuse)?);
    let own: Option<Vec<TrustAnchor<'_>>> =
        own.map(|own| own.iter().filter_map(|certificate| anchor_from_trusted_cert(certificate).ok()).collect());
    let anchors = own.as_deref().unwrap_or(webpki_roots::TLS_SERVER_ROOTS);
    let (mut rx, mut tx) = (vec![0; room], vec![0; TX]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let trust = Trust::new(anchors, 0);
    let result = block_on(tls::connect(&mut socket, &mut buffers, &server.name, &trust, &Wall, &mut System));
    let session = result.map_err(|error| Refused {
        words: error.to_string(),
        room: if let TlsError::BufferTooSmall { needed } = error { Some(needed) } else { None },
    })?;
    let agreed = session.negotiated();
    let suite = if agreed.suite == 0x1303 { "ChaCha20-Poly1305" } else { "AES-128-GCM" };
    let group = if agreed.group == 0x001d { "X25519" } else { "P-256" };
    Ok(format!("TLS 1.3, {suite}, {group}, {} bytes of certificates", agreed.chain_len))
}

pub(super) fn judge(kiosk: &Kiosk) -> Finding {
    let Kiosk { whole, small } = kiosk;
    match (whole, small) {
        (Ok(came), Ok(_)) => {
            TLS_KIOSK.as_assumed(came, format!("Its handshake fits into an rx of {SMALL_RX} bytes, too"))
        }
        (Ok(came), Err(Refused { room: Some(room), .. })) => TLS_KIOSK.as_assumed(
            came,
            format!("Its handshake needs an rx of {room} bytes at least; {RX_FOR_ANY_SERVER} are always enough"),
        ),
        (Ok(came), Err(Refused { words, .. })) => {
            TLS_KIOSK.as_assumed(came, format!("A second handshake failed ({words}): the connection is not steady"))
        }
        (Err(Refused { words, .. }), _) => TLS_KIOSK.otherwise(
            format!("The handshake failed: {words}"),
            "A kiosk cannot connect by itself: go through the merchant's backend",
        ),
    }
}

/// Runs what never waits: its socket blocks.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// A socket that blocks.
struct Socket(TcpStream);

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(buf).map_err(|error| kind(&error))
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(buf).map_err(|error| kind(&error))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().map_err(|error| kind(&error))
    }
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::ConnectionReset => ErrorKind::ConnectionReset,
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Other,
    }
}

/// This machine's clock.
struct Wall;

impl Clock for Wall {
    fn unix_seconds(&self) -> Option<u64> {
        Some(unix_now().0)
    }
}

/// The operating system's random bytes.
struct System;

impl RngCore for System {
    fn next_u32(&mut self) -> u32 {
        getrandom::u32().unwrap_or_default()
    }

    fn next_u64(&mut self) -> u64 {
        getrandom::u64().unwrap_or_default()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        let _ = self.try_fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|_| core::num::NonZeroU32::MIN.into())
    }
}

impl CryptoRng for System {}
