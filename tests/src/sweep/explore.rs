//! Walks the tree of schedules: a trunk without faults, a branch for each fault, branches of branches.

use core::fmt;
use std::collections::BTreeMap;

use pay_core::model::CallKind;

use super::boot::Boot;
use super::case::{Case, Mode, mix};
use super::fault::{Fault, Net};
use super::outside::Outside;
use super::story::PROLOGUE;

/// Where a fault comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The power goes while a word is programmed, or between two.
    Program,
    /// The power goes while a sector is erased.
    Erase,
    /// The power goes around an exchange.
    Network,
    /// The power goes while the terminal waits, or shows something.
    Wait,
    /// The power goes around the movement of the goods.
    Goods,
    /// An answer is lost, wrong, late or somebody else's.
    Answer,
}

/// How far to walk.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Faults in one schedule.
    pub depth: usize,
    /// Of the first, second and third fault one in so many is tried: in the flash, and elsewhere. 1 tries all.
    pub keep: [(u64, u64); 3],
    /// This share of the first faults, of so many: to divide a case among threads.
    pub part: (u64, u64),
}

impl Plan {
    /// All schedules of so many faults at most.
    #[must_use]
    pub const fn all(depth: usize) -> Self {
        Self { depth, keep: [(1, 1); 3], part: (0, 1) }
    }
}

/// Schedules by number of faults and by the last one's kind.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// `[faults][kind]`; without faults there is one, under 0.
    pub schedules: [[u64; 6]; 4],
    /// Violations: what was wrong, how often, and the first schedule of it.
    pub failures: BTreeMap<String, (u64, String)>,
    /// Exchanges that the gateway answered or that were lost.
    pub exchanges: u64,
    /// Reboots.
    pub boots: u64,
}

/// The walk through one case.
pub(super) struct Explorer {
    pub(super) case: Case,
    plan: Plan,
    only: Option<Vec<Fault>>,
    /// Each with a hash over all so far.
    path: Vec<(Fault, Kind, u64)>,
    start: u64,
    tally: Tally,
    pub(super) trace: bool,
}

/// Walks all schedules of a case that the plan asks for.
#[must_use]
pub fn explore(case: &Case, plan: &Plan) -> Tally {
    Explorer::run(case, plan.clone(), None)
}

/// Plays one schedule, telling what happens on standard output.
#[must_use]
pub fn replay(case: &Case, faults: &[Fault]) -> Tally {
    let plan = Plan { depth: faults.len(), keep: [(1, 1); 3], part: (0, 1) };
    Explorer::run(case, plan, Some(faults.to_vec()))
}

impl Tally {
    /// How many schedules in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.schedules.iter().flatten().sum()
    }

    /// How many schedules went wrong.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|(times, _)| times).sum()
    }

    fn fail(&mut self, what: String, times: u64, id: String) {
        let entry = self.failures.entry(what).or_insert_with(|| (0, id.clone()));
        entry.0 += times;
        // The shortest is the easiest to read; of those the first, so that threads do not matter.
        if (id.len(), &id) < (entry.1.len(), &entry.1) {
            entry.1 = id;
        }
    }

    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        for (mine, theirs) in self.schedules.iter_mut().flatten().zip(other.schedules.iter().flatten()) {
            *mine += theirs;
        }
        for (what, (times, id)) in other.failures {
            self.fail(what, times, id);
        }
        self.exchanges += other.exchanges;
        self.boots += other.boots;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<8}{:>12}{:>10}{:>10}{:>10}{:>8}{:>10}",
            "", "flash word", "erase", "network", "wait", "goods", "answer"
        )?;
        writeln!(f, "{:<8}{:>12}", "no fault", self.schedules[0][0])?;
        for (name, row) in ["one", "two", "three"].iter().zip(&self.schedules[1..]) {
            let [program, erase, network, wait, goods, answer] = row;
            writeln!(f, "{name:<8}{program:>12}{erase:>10}{network:>10}{wait:>10}{goods:>8}{answer:>10}")?;
        }
        Ok(())
    }
}

impl Explorer {
    fn run(case: &Case, plan: Plan, only: Option<Vec<Fault>>) -> Tally {
        let depth = plan.depth;
        let trace = only.is_some();
        let explorer = core::cell::RefCell::new(Self {
            case: *case,
            plan,
            only,
            path: Vec::new(),
            start: case.number(0),
            tally: Tally::default(),
            trace,
        });
        let walked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let outside = prepare(&explorer);
            walk(&explorer, &outside, &mut Vec::new(), depth);
        }));
        let mut explorer = explorer.into_inner();
        if let Err(panic) = walked {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            explorer.fail(format!("panic: {}", text.unwrap_or_default()));
        }
        explorer.tally
    }

    /// The schedule being played.
    fn id(&self) -> String {
        let faults: String = self.path.iter().map(|(fault, ..)| format!("/{fault}")).collect();
        format!("{}{faults}", self.case)
    }

    /// A number that depends on the schedule and on `salt`.
    pub(super) fn number(&self, salt: u64) -> u64 {
        mix(self.path.last().map_or(self.start, |last| last.2) ^ mix(salt))
    }

    fn push(&mut self, fault: Fault, kind: Kind) {
        let hash = mix(self.number(code(fault)));
        self.path.push((fault, kind, hash));
    }

    /// Whether this fault is to be tried next.
    pub(super) fn wants(&self, fault: Fault, kind: Kind) -> bool {
        let level = self.path.len();
        if level >= self.plan.depth {
            return false;
        }
        if let Some(only) = &self.only {
            let so_far = self.path.iter().zip(only).all(|((mine, ..), wanted)| mine == wanted);
            return so_far && only.get(level) == Some(&fault);
        }
        let number = mix(self.number(code(fault)));
        let (part, parts) = self.plan.part;
        if level == 0 && mix(number) % parts != part {
            return false;
        }
        let (flash, other) = self.plan.keep.get(level).copied().unwrap_or((1, 1));
        number.is_multiple_of(if matches!(kind, Kind::Program | Kind::Erase) { flash } else { other })
    }

    pub(super) fn fail(&mut self, what: String) {
        let id = self.id();
        self.tally.fail(what, 1, id);
    }

    fn count(&mut self, boot: &Boot<'_>) {
        self.tally.exchanges += u64::from(boot.exchanges.get());
        self.tally.boots += 1;
        if self.only.as_ref().is_some_and(|only| only.len() != self.path.len()) {
            return;
        }
        // The trunk belongs to the first part.
        if self.path.is_empty() && self.plan.part.0 != 0 {
            return;
        }
        let kind = self.path.last().map_or(0, |(_, kind, _)| *kind as usize);
        self.tally.schedules[self.path.len().min(3)][kind] += 1;
    }
}

/// The world in which the case begins; in half of all, an earlier sale is still open in the journal.
fn prepare(explorer: &core::cell::RefCell<Explorer>) -> Outside {
    let case = explorer.borrow().case;
    let mut outside = Outside::new(&case);
    if case.seed.is_multiple_of(2) {
        return outside;
    }
    outside.begin_order(&case, &PROLOGUE, 1);
    let boot = Boot::new(explorer, outside, &[], 0);
    if let Err(what) = boot.run() {
        explorer.borrow_mut().fail(format!("the sale before: {what}"));
    }
    let mut outside = boot.outside.into_inner();
    outside.flash.boot(case.number(6));
    outside.begin_order(&case, case.story, 0);
    outside
}

/// Boots the terminal in this world, and again with each fault that the plan wants.
pub(super) fn walk(
    explorer: &core::cell::RefCell<Explorer>,
    start: &Outside,
    script: &mut Vec<(u32, Net)>,
    depth: usize,
) {
    let boot = Boot::new(explorer, start.clone(), script, depth);
    if let Err(what) = boot.run() {
        explorer.borrow_mut().fail(what);
    }
    explorer.borrow_mut().count(&boot);
    if depth == 0 {
        return;
    }
    let first = script.last().map_or(0, |(exchange, _)| exchange + 1);
    let (exchanges, calls, mode) = (boot.exchanges.get(), boot.calls.take(), boot.case.mode);
    for exchange in first..exchanges {
        for net in faults(mode, calls.get(exchange as usize).copied()) {
            let fault = Fault::Net(exchange, net);
            if !explorer.borrow().wants(fault, Kind::Answer) {
                continue;
            }
            explorer.borrow_mut().push(fault, Kind::Answer);
            script.push((exchange, net));
            walk(explorer, start, script, depth - 1);
            script.pop();
            explorer.borrow_mut().path.pop();
        }
    }
}

/// What can become of an exchange.
fn faults(mode: Mode, call: Option<CallKind>) -> impl Iterator<Item = Net> {
    let call = call.filter(|_| mode == Mode::Relayed);
    let backend = Net::BACKEND.into_iter().filter(move |_| call.is_some_and(CallKind::acts));
    let relay = Net::RELAY.into_iter().filter(move |_| call == Some(CallKind::OrderPay));
    Net::ALL.into_iter().chain(backend).chain(relay)
}

/// The power is gone: the world goes on without the terminal for a while, then it boots.
pub(super) fn cut(
    explorer: &core::cell::RefCell<Explorer>,
    mut outside: Outside,
    fault: Fault,
    kind: Kind,
    depth: usize,
) {
    explorer.borrow_mut().push(fault, kind);
    let off_ms = [20, 1_500, 8_000, 33_000, 400_000, 90_000_000];
    let number = explorer.borrow().number(5);
    outside.boots += 1;
    outside.flash.boot(number);
    outside.lose_journal();
    let on = outside.now + off_ms[(number % off_ms.len() as u64) as usize];
    outside.advance(on);
    walk(explorer, &outside, &mut Vec::new(), depth - 1);
    explorer.borrow_mut().path.pop();
}

fn code(fault: Fault) -> u64 {
    match fault {
        Fault::Cut(point) => u64::from(point) << 8,
        Fault::Net(exchange, net) => (u64::from(exchange) << 8) | (1 + net as u64),
    }
}
