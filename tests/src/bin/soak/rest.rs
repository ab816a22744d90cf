//! What this process holds at a moment.

use core::fmt;
use std::fs;
use std::path::Path;

use crate::heap;

#[derive(Clone, Copy)]
pub struct Rest {
    /// Allocated, and not given back.
    pub bytes: u64,
    /// Open ones, connections among them. Linux only; elsewhere 0, and nothing is seen to grow.
    pub files: usize,
    /// All journals together.
    pub journals_kib: u64,
    /// Linux only.
    pub threads: u64,
    /// As the system counts, with what the allocator keeps by. Not compared: it grows for a long time while not a byte
    /// more is allocated. Linux only.
    resident_kib: u64,
}

impl Rest {
    pub fn now(journals: &Path) -> Self {
        // First, before looking takes memory of its own.
        let bytes = heap::live();
        let (threads, resident_kib) = (status("Threads:"), status("VmRSS:"));
        Self { bytes, files: open_files(), journals_kib: size_kib(journals), threads, resident_kib }
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, files, journals_kib, threads, resident_kib } = self;
        write!(
            f,
            "{bytes} bytes, {files} files, {threads} threads, journals {journals_kib} KiB, resident {resident_kib} KiB"
        )
    }
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn size_kib(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum::<u64>() / 1024
}

/// What the system says of this process under this name.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    value.unwrap_or(0)
}
