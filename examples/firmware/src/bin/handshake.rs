//! A kiosk's handshake on a machine without a network: the connection is two pipes of the host. For its cost alone, as nothing is sold.
//!
//! Its arguments: the pipe from the server, the pipe to the server, and a file with the certificate of the authority. What comes from the
//! server is in pieces, each behind its length in two bytes, big-endian. The line at the end has the core clock cycles that it took;
//! the emulator's clock stands still while it waits for the host.

#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[path = "../host.rs"]
mod host;
#[path = "../no_interrupts.rs"]
mod no_interrupts;
#[path = "../panic.rs"]
mod panic;
#[path = "../random.rs"]
mod random;
#[path = "../semihosting.rs"]
mod semihosting;
#[path = "../stopwatch.rs"]
mod stopwatch;

use core::fmt::Write as _;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use static_cell::ConstStaticCell;
use transport_embassy::tls::{self, CertificateDer, ServerName, TlsError, Trust, anchor_from_trusted_cert};

use crate::random::Random;
use crate::semihosting::{File, FileError, Stdout};
use crate::stopwatch::timed;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut out = Stdout::new();
    let result = run();
    let _ = match &result {
        Ok(cycles) => writeln!(out, r#"{{"event":"probed","cycles":{cycles}}}"#),
        Err(Failed::Machine(reason)) => writeln!(out, r#"{{"event":"error","reason":"{reason}"}}"#),
        Err(Failed::Tls(error)) => writeln!(out, r#"{{"event":"error","reason":"{error}"}}"#),
    };
    semihosting::exit(result.is_err().into())
}

/// Why there is no figure.
enum Failed {
    /// A file, an argument or the timer.
    Machine(&'static str),
    /// The handshake.
    Tls(TlsError),
}

/// The cycles of one handshake.
fn run() -> Result<u32, Failed> {
    static TLS_RX: ConstStaticCell<[u8; tls::RX_FOR_ANY_SERVER]> = ConstStaticCell::new([0; _]);
    static TLS_TX: ConstStaticCell<[u8; 1792]> = ConstStaticCell::new([0; _]);
    let mut line = [0; 512];
    let mut words = semihosting::command_line(&mut line).unwrap_or_default().split_ascii_whitespace().skip(1);
    let mut word = || words.next().ok_or(Failed::Machine("it takes three files"));
    let (from, to, ca) = (word()?, word()?, word()?);
    let (mut certificate, mut seed) = ([0; 1024], [0; 32]);
    let certificate = host::read_file(ca, &mut certificate).map_err(|_| Failed::Machine("no certificate"))?;
    let certificate = CertificateDer::from_slice(certificate);
    let anchor = [anchor_from_trusted_cert(&certificate).map_err(|_| Failed::Machine("not a certificate"))?];
    let name = ServerName::try_from("localhost").map_err(|_| Failed::Machine("no name"))?;
    host::entropy(&mut seed).map_err(|_| Failed::Machine("no /dev/urandom"))?;
    let mut random = Random::from_seed(seed);
    let mut buffers = tls::Buffers::new(TLS_RX.take(), TLS_TX.take());
    let mut pipes = Pipes::open(from, to).map_err(|_| Failed::Machine("no pipes"))?;
    stopwatch::start().ok_or(Failed::Machine("no timer"))?;
    let trust = Trust::new(&anchor, 0);
    let shake_hands = tls::connect(&mut pipes, &mut buffers, &name, &trust, &HostClock, &mut random);
    let (shaken, cycles) = timed(|| at_once(shake_hands));
    shaken.map_or(Err(Failed::Machine("a pipe that waits")), |shaken| shaken.map(|_| cycles).map_err(Failed::Tls))
}

/// What comes of a future that has nothing to wait for.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A connection to the host. Reading stops the processor until there is something.
struct Pipes {
    from: File,
    to: File,
    /// Bytes of a piece that were not read yet.
    waiting: usize,
}

impl Pipes {
    fn open(from: &str, to: &str) -> Result<Self, FileError> {
        Ok(Self { from: File::open_to_change(from)?, to: File::open_to_change(to)?, waiting: 0 })
    }
}

impl ErrorType for Pipes {
    type Error = ErrorKind;
}

impl Read for Pipes {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.waiting == 0 {
            let mut length = [0; 2];
            self.from.read(&mut length).map_err(|_| ErrorKind::Other)?;
            self.waiting = u16::from_be_bytes(length).into();
        }
        let length = buffer.len().min(self.waiting);
        self.waiting -= length;
        self.from.read(&mut buffer[..length]).map_err(|_| ErrorKind::Other)
    }
}

impl Write for Pipes {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.to.write(bytes).map(|()| bytes.len()).map_err(|_| ErrorKind::Other)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

struct HostClock;

impl tls::Clock for HostClock {
    fn unix_seconds(&self) -> Option<u64> {
        Some(host::unix_seconds())
    }
}
