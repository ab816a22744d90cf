//! What a soak comes to, and what must not grow.

use core::fmt;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::gateway::Books;
use crate::kiosk::Told;
use crate::rest::Rest;

/// Bytes that may be held per sale more from round to round, when no sale is under way: for what is held now and then only,
/// a look-up that outlived its exchange.
///
/// Meant to notice: a sale that leaks 1 KiB; in 10,000 sales, 32 bytes.
const PER_SALE: u64 = 16;

/// Bytes that may be held more, however many sales: on a machine with five busy programs beside it 35 and 46 KB were held more after the last
/// round than after the second, and none at all on an idle one. What they are was not found; no thread and no file comes with them.
const UNDER_LOAD: u64 = 64 * 1024;

/// Bytes that a transport may hold after its sales of a round: its one connection with buffers and a TLS session.
///
/// Meant to notice: a transport that keeps 8 KiB of every exchange until it is dropped, which no figure between rounds shows.
const TRANSPORT: u64 = 96 * 1024;

/// Open files of a kiosk at the end of its sales: its journal, and the one connection that its transport keeps.
///
/// Meant to notice: a transport that keeps, until it is dropped, the connections it has done with.
const FILES: usize = 2;

/// By so much an empty journal may differ from an empty journal: pages that were freed stay in the file.
///
/// Meant to notice, in 40,000 sales: a journal that forgets a sale, but not the keys of its attempts.
const JOURNAL_KIB: u64 = 20;

/// Threads more that may still be ending: of look-ups that outlived their exchange.
///
/// Meant to notice: one look-up in 41 whose thread never ends.
const THREADS: u64 = 8;

/// While a round goes on: to and from the sandbox's process.
const PIPES: usize = 2;

pub struct Figures {
    sales: u32,
    kiosks: u32,
    ends: BTreeMap<&'static str, u32>,
    cuts: u32,
    refunds: u64,
    took: Duration,
    slowest: Duration,
    /// At the end of a round's sales, and after the round.
    rests: Vec<(Rest, Rest)>,
    /// By a transport, at most.
    held: u64,
}

impl Figures {
    pub fn new(sales: u32, kiosks: u32, rounds: usize) -> Self {
        let (ends, zero) = (BTreeMap::new(), Duration::ZERO);
        // All the room at once: these figures must not grow either.
        let rests = Vec::with_capacity(rounds);
        Self { sales, kiosks, ends, cuts: 0, refunds: 0, took: zero, slowest: zero, rests, held: 0 }
    }

    pub fn round(&mut self, told: &[Told], books: &Books, took: Duration) {
        for sale in told {
            *self.ends.entry(sale.end).or_insert(0) += 1;
            self.cuts += sale.cuts;
            self.slowest = self.slowest.max(sale.took);
        }
        self.refunds += books.values().map(|book| book.refunds).sum::<u64>();
        self.took += took;
    }

    /// What was held at the end of the round's sales, what is after it, and what any transport held so far.
    pub fn rest(&mut self, busy: Rest, idle: Rest, held: u64) {
        self.rests.push((busy, idle));
        self.held = held;
    }

    pub fn line(&self) -> String {
        let held = self.rests.last().map_or_else(String::new, |(busy, idle)| format!("{idle} (busy: {busy})"));
        format!("{:?}, {} cuts, {} s; {held}", self.ends, self.cuts, self.took.as_secs())
    }

    /// Whether anything grew. The first round is left out: it fills what is filled once; so fewer than three show nothing.
    pub fn check(&self) -> Result<(), String> {
        let told: u32 = self.ends.values().sum();
        if told != self.sales {
            return Err(format!("{told} of {} sales were told of", self.sales));
        }
        let (Some((_, first)), Some((_, last))) = (self.rests.get(1), self.rests.last()) else { return Ok(()) };
        if last.threads > first.threads + THREADS {
            return Err(format!("threads grew from {} to {}", first.threads, last.threads));
        }
        let sold = u64::from(self.sales) * (self.rests.len() as u64 - 2) / self.rests.len() as u64;
        if last.bytes > first.bytes + sold * PER_SALE + UNDER_LOAD {
            return Err(format!("memory grew from {} to {} bytes in {sold} sales", first.bytes, last.bytes));
        }
        // Meant to notice: a connection that is never closed.
        if last.files > first.files {
            return Err(format!("open files grew from {} to {}", first.files, last.files));
        }
        if last.journals_kib > first.journals_kib + JOURNAL_KIB * u64::from(self.kiosks) {
            return Err(format!("empty journals grew from {} to {} KiB", first.journals_kib, last.journals_kib));
        }
        if self.held > TRANSPORT {
            return Err(format!("a transport held {} bytes, {TRANSPORT} at most", self.held));
        }
        let most = last.files + PIPES + FILES * self.kiosks as usize;
        match self.rests.iter().find(|(busy, _)| busy.files > most) {
            Some((busy, _)) => Err(format!("{} files open after the sales of a round, {most} at most", busy.files)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_s = f64::from(self.sales) / self.took.as_secs_f64().max(0.001);
        writeln!(f, "{} sales of {} kiosks in {} s ({per_s:.0}/s)", self.sales, self.kiosks, self.took.as_secs())?;
        writeln!(f, "ends: {:?}; {} refunds; no order was charged twice and kept it", self.ends, self.refunds)?;
        writeln!(f, "cut off and resumed: {}; the longest sale took {} ms", self.cuts, self.slowest.as_millis())?;
        for (name, round) in [("second", self.rests.get(1)), ("last", self.rests.last())] {
            let Some((busy, idle)) = round else { continue };
            writeln!(f, "{name} round, all sold: {busy}; after it: {idle}")?;
        }
        write!(f, "held by a transport at most: {} bytes; records left in a journal: 0", self.held)
    }
}
