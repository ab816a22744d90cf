//! What a soak comes to, and what must not grow.

use core::fmt;
use std::collections::BTreeMap;
use std::time::Duration;
use std::{fs, str};

use crate::gateway::Books;
use crate::kiosk::Told;

/// Memory may still grow by so much from the first half to the second: allocators keep what they were given in a peak.
const SLACK_KIB: u64 = 8 * 1024;

pub struct Figures {
    sales: u32,
    kiosks: u32,
    ends: BTreeMap<&'static str, u32>,
    cuts: u32,
    refunds: u64,
    took: Duration,
    slowest: Duration,
    rounds: Vec<Rest>,
}

/// What is held after a round, when no sale is under way.
#[derive(Clone, Copy)]
struct Rest {
    /// Of memory.
    kib: u64,
    /// Open ones.
    files: usize,
}

impl Figures {
    pub fn new(sales: u32, kiosks: u32) -> Self {
        let (ends, zero) = (BTreeMap::new(), Duration::ZERO);
        Self { sales, kiosks, ends, cuts: 0, refunds: 0, took: zero, slowest: zero, rounds: Vec::new() }
    }

    pub fn round(&mut self, told: &[Told], books: &Books, took: Duration) {
        for sale in told {
            *self.ends.entry(sale.end).or_insert(0) += 1;
            self.cuts += sale.cuts;
            self.slowest = self.slowest.max(sale.took);
        }
        self.refunds += books.values().map(|book| book.refunds).sum::<u64>();
        self.took += took;
        self.rounds.push(Rest { kib: resident_kib(), files: open_files() });
    }

    pub fn line(&self) -> String {
        let (kib, files) = self.rounds.last().map_or((0, 0), |rest| (rest.kib, rest.files));
        format!("{:?}, {} cuts, {kib} KiB, {files} files, {} s", self.ends, self.cuts, self.took.as_secs())
    }

    /// Whether anything grew. The first round is left out: it fills what is filled once.
    pub fn check(&self) -> Result<(), String> {
        let told: u32 = self.ends.values().sum();
        if told != self.sales {
            return Err(format!("{told} of {} sales were told of", self.sales));
        }
        let (first, second) = self.halves();
        if mean(second) > mean(first) + mean(first) / 10 + SLACK_KIB {
            return Err(format!("memory grew from {} to {} KiB", mean(first), mean(second)));
        }
        if most_files(second) > most_files(first) {
            return Err(format!("open files grew from {} to {}", most_files(first), most_files(second)));
        }
        Ok(())
    }

    fn halves(&self) -> (&[Rest], &[Rest]) {
        let rounds = self.rounds.get(1..).unwrap_or_default();
        rounds.split_at(rounds.len() / 2)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.halves();
        let files = most_files(&self.rounds);
        let per_s = f64::from(self.sales) / self.took.as_secs_f64().max(0.001);
        writeln!(f, "{} sales of {} kiosks in {} s ({per_s:.0}/s)", self.sales, self.kiosks, self.took.as_secs())?;
        writeln!(f, "ends: {:?}; {} refunds; no order was charged twice and kept it", self.ends, self.refunds)?;
        writeln!(f, "cut off and resumed: {}; the longest sale took {} ms", self.cuts, self.slowest.as_millis())?;
        write!(
            f,
            "memory: {} KiB in the first half, {} KiB in the second; open files between rounds: {files}; open records: 0",
            mean(first),
            mean(second)
        )
    }
}

fn mean(rounds: &[Rest]) -> u64 {
    rounds.iter().map(|rest| rest.kib).sum::<u64>() / rounds.len().max(1) as u64
}

fn most_files(rounds: &[Rest]) -> usize {
    rounds.iter().map(|rest| rest.files).max().unwrap_or(0)
}

/// Linux only; elsewhere 0, and nothing is seen to grow.
fn resident_kib() -> u64 {
    let status = fs::read("/proc/self/status").unwrap_or_default();
    let line = str::from_utf8(&status).unwrap_or_default().lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
