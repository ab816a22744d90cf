//! P-256 as a kiosk has it, on the operations of a host's file (its one argument): what tests compare with others' implementations. A program
//! of its own, so that the kiosk's flash has none of it.
//!
//! An operation is a letter and its parts, each behind its length in two bytes, big-endian: `A`, secret and share of an agreement; `V`, key,
//! message and signature. A line answers each, with the processor's clock cycles that it took.

#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[path = "../no_interrupts.rs"]
mod no_interrupts;
#[path = "../offset.rs"]
mod offset;
#[path = "../panic.rs"]
mod panic;
#[path = "../semihosting.rs"]
mod semihosting;
#[path = "../stopwatch.rs"]
mod stopwatch;

use core::fmt::{self, Display, Write};

use transport_embassy::tls::trial::{KeyPair, is_signature};

use crate::semihosting::{File, FileError, Stdout};
use crate::stopwatch::timed;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut line = [0; 1024];
    let path = semihosting::command_line(&mut line).and_then(|line| line.split_ascii_whitespace().nth(1));
    let result = path.map_or(Err(FileError::Path), run);
    if let Err(error) = result {
        let _ = writeln!(Stdout::new(), "{error}");
    }
    semihosting::exit(result.is_err().into())
}

/// Bytes of an operation's longest part.
const PART: usize = 1024;

/// Answers every operation. The clock must not run yet.
fn run(path: &str) -> Result<(), FileError> {
    stopwatch::start().ok_or(FileError::Open)?;
    let file = File::open_to_change(path)?;
    let end = file.length()?;
    let mut at = 0;
    let mut parts = [Part::new(), Part::new(), Part::new()];
    while at < end {
        let mut kind = [0];
        file.read_at(at, &mut kind)?;
        at += 1;
        let count = if kind == *b"A" { 2 } else { 3 };
        for part in &mut parts[..count] {
            at += part.read(&file, at)?;
        }
        let [first, second, third] = &parts;
        let mut out = Stdout::new();
        let written = match kind {
            [b'A'] => agree(first.bytes(), second.bytes(), &mut out),
            _ => {
                let (good, cycles) = timed(|| is_signature(first.bytes(), second.bytes(), third.bytes()));
                writeln!(out, r#"{{"good":{good},"cycles":{cycles}}}"#)
            }
        };
        written.map_err(|_| FileError::Write)?;
    }
    Ok(())
}

fn agree(secret: &[u8], share: &[u8], out: &mut Stdout) -> fmt::Result {
    let Some(secret) = secret.first_chunk() else { return out.write_str("{}\n") };
    let (pair, cycles) = timed(|| KeyPair::from_bytes(secret));
    let Some(pair) = pair else { return writeln!(out, r#"{{"cycles":{cycles}}}"#) };
    write!(out, r#"{{"share":"{}","cycles":{cycles}"#, Hex(&pair.share()))?;
    let (shared, cycles) = timed(|| pair.agree(share));
    if let Some(shared) = shared {
        write!(out, r#","shared":"{}""#, Hex(&*shared))?;
    }
    writeln!(out, r#","agreed_in":{cycles}}}"#)
}

/// Begins at a word: what does not takes another time to be read.
#[repr(align(4))]
struct Part {
    bytes: [u8; PART],
    length: usize,
}

impl Part {
    const fn new() -> Self {
        Self { bytes: [0; PART], length: 0 }
    }

    /// The answer is the number of bytes that it took of the file.
    fn read(&mut self, file: &File, at: usize) -> Result<usize, FileError> {
        let mut length = [0; 2];
        file.read_at(at, &mut length)?;
        self.length = u16::from_be_bytes(length).into();
        let bytes = self.bytes.get_mut(..self.length).ok_or(FileError::TooLong)?;
        file.read_at(at + 2, bytes)?;
        Ok(2 + self.length)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
