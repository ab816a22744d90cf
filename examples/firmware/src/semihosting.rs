//! The way out of the emulator: arguments, host files, output and the exit code.
//!
//! Calls follow Arm's "Semihosting for AArch32 and AArch64" (release 2.0). A product has none of this: it has its own
//! storage and screen.

use core::arch::asm;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Longest path of a host file, in bytes.
pub const PATH_MAX: usize = 255;

/// What went wrong with a host file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// The path is longer than [`PATH_MAX`] or contains a NUL.
    Path,
    /// The host could not open it.
    Open,
    /// The host could not read it.
    Read,
    /// The host could not write it.
    Write,
    /// It has more bytes than the buffer.
    TooLong,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "path is too long or contains a NUL",
            Self::Open => "cannot be opened",
            Self::Read => "cannot be read",
            Self::Write => "cannot be written",
            Self::TooLong => "is too long",
        })
    }
}

/// The words given to the emulator by `arg=`, joined by single blanks, the program's name first.
/// `None` if they do not fit in `buffer` or are not UTF-8.
pub fn command_line(buffer: &mut [u8]) -> Option<&str> {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the block names a buffer that is exclusively ours and its true length.
    let failed = unsafe { call(GET_CMDLINE, block.as_mut_ptr() as usize) };
    if failed != 0 {
        return None;
    }
    core::str::from_utf8(buffer.get(..block[1])?).ok()
}

/// Ends the emulator with this exit status.
pub fn exit(code: u8) -> ! {
    let block = [APPLICATION_EXIT, usize::from(code)];
    loop {
        // SAFETY: the block has the two words that SYS_EXIT_EXTENDED reads.
        unsafe { call(EXIT_EXTENDED, block.as_ptr() as usize) };
    }
}

/// Overwrites the whole RAM with zeros, stack and variables, and ends the emulator with [`PANICKED`].
pub fn wipe_and_exit() -> ! {
    static BLOCK: [usize; 2] = [APPLICATION_EXIT, PANICKED as usize];
    cortex_m::interrupt::disable();
    // SAFETY: interrupts are off and control never returns, so nobody sees the RAM again; the loop keeps all its state
    // in registers, and the parameter block of the exit call lies in flash.
    unsafe {
        asm!(
            "2:",
            // What every Cortex-M has, as the rest of this program.
            "stm r2!, {{r4}}",
            "cmp r2, r3",
            "blo 2b",
            "3:",
            "movs r0, #0x20",
            "bkpt #0xAB",
            "b 3b",
            in("r1") &raw const BLOCK,
            in("r2") &raw const _wipe_start,
            in("r3") &raw const _wipe_end,
            in("r4") 0,
            options(noreturn),
        )
    }
}

/// Exit status after a panic or a fault: none of the kiosk's own, so that nobody takes it for an outcome.
pub const PANICKED: u8 = 101;

/// The host's standard output, gathered into lines so that one line is one call.
pub struct Stdout {
    line: [u8; 256],
    used: usize,
}

impl Stdout {
    /// Nothing written yet.
    pub const fn new() -> Self {
        Self { line: [0; 256], used: 0 }
    }

    fn flush(&mut self) {
        write_out(&self.line[..self.used]);
        self.used = 0;
    }
}

impl fmt::Write for Stdout {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.used == self.line.len() {
                self.flush();
            }
            self.line[self.used] = byte;
            self.used += 1;
            if byte == b'\n' {
                self.flush();
            }
        }
        Ok(())
    }
}

impl Drop for Stdout {
    fn drop(&mut self) {
        self.flush();
    }
}

unsafe extern "C" {
    /// First byte of the RAM, by memory.x.
    static _wipe_start: u32;
    /// First byte after the RAM, by memory.x.
    static _wipe_end: u32;
}

const OPEN: u32 = 0x01;
const CLOSE: u32 = 0x02;
const WRITE: u32 = 0x05;
const READ: u32 = 0x06;
const GET_CMDLINE: u32 = 0x15;
const EXIT_EXTENDED: u32 = 0x20;
/// ADP_Stopped_ApplicationExit: the second word is the exit status.
const APPLICATION_EXIT: usize = 0x2_0026;
/// Mode "r+b".
const CHANGE_BINARY: usize = 3;
/// Mode "w"; of the file ":tt" it means standard output.
const WRITE_TEXT: usize = 4;

/// An open file of the host.
pub struct File(pub usize);

impl File {
    /// Opens a file that exists, to read and write it in place.
    pub fn open_to_change(path: &str) -> Result<Self, FileError> {
        Self::open(path, CHANGE_BINARY)
    }

    /// Writes all of it where the last call ended.
    pub fn write(&self, bytes: &[u8]) -> Result<(), FileError> {
        let block = [self.0, bytes.as_ptr() as usize, bytes.len()];
        // SAFETY: the block names bytes that stay borrowed during the call and their true length.
        let unwritten = unsafe { call(WRITE, block.as_ptr() as usize) };
        if unwritten == 0 { Ok(()) } else { Err(FileError::Write) }
    }

    /// Opens a file in a mode of SYS_OPEN.
    pub fn open(path: &str, mode: usize) -> Result<Self, FileError> {
        let mut name = [0; PATH_MAX + 1];
        let bytes = path.as_bytes();
        if bytes.len() > PATH_MAX || bytes.contains(&0) {
            return Err(FileError::Path);
        }
        name[..bytes.len()].copy_from_slice(bytes);
        let block = [name.as_ptr() as usize, mode, bytes.len()];
        // SAFETY: the block names a NUL-terminated string of that length.
        let handle = unsafe { call(OPEN, block.as_ptr() as usize) };
        usize::try_from(handle).map(Self).map_err(|_| FileError::Open)
    }

    /// Reads until `buffer` is full or the file ends; the answer is the number of bytes.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, FileError> {
        let mut length = 0;
        while length < buffer.len() {
            let rest = &mut buffer[length..];
            let block = [self.0, rest.as_mut_ptr() as usize, rest.len()];
            // SAFETY: the block names a buffer that is exclusively ours and its true length.
            let unread = unsafe { call(READ, block.as_ptr() as usize) };
            let unread = usize::try_from(unread).map_err(|_| FileError::Read)?;
            match rest.len().checked_sub(unread) {
                None => return Err(FileError::Read),
                Some(0) => break,
                Some(more) => length += more,
            }
        }
        Ok(length)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let block = [self.0];
        // SAFETY: the block has the one word that SYS_CLOSE reads.
        unsafe { call(CLOSE, block.as_ptr() as usize) };
    }
}

/// Writes to standard output; what the host refuses is lost, as with any console.
fn write_out(bytes: &[u8]) {
    /// The handle plus one; 0 until the first use. One core, and interrupt handlers do not write.
    static HANDLE: AtomicUsize = AtomicUsize::new(0);
    if bytes.is_empty() {
        return;
    }
    if HANDLE.load(Ordering::Relaxed) == 0 {
        let Ok(file) = File::open(":tt", WRITE_TEXT) else { return };
        HANDLE.store(file.0 + 1, Ordering::Relaxed);
        // Stays open for good.
        core::mem::forget(file);
    }
    let out = core::mem::ManuallyDrop::new(File(HANDLE.load(Ordering::Relaxed) - 1));
    let _ = out.write(bytes);
}

/// One semihosting call.
///
/// # Safety
/// `argument` must be what `operation` asks for: mostly the address of a parameter block whose pointers are valid.
pub unsafe fn call(operation: u32, argument: usize) -> i32 {
    let answer;
    // SAFETY: `bkpt 0xAB` hands r0 and r1 to the emulator, which writes r0 and what the parameter block names;
    // no option promises the compiler that memory stays as it is.
    unsafe {
        asm!("bkpt #0xAB", inlateout("r0") operation => answer, in("r1") argument, options(nostack));
    }
    answer
}
