//! One life of the terminal, from power on to the end of its work, and the points at which it can end sooner.

use core::cell::{Cell, RefCell};

use pay_core::model::CallKind;
use pay_core::sale::{Millis, Record};

use super::case::Case;
use super::explore::{Explorer, Kind, cut};
use super::fault::{Fault, Net};
use super::outside::Outside;
use super::story::{Lost, PROLOGUE};
use super::terminal;

pub(super) struct Boot<'e> {
    explorer: &'e RefCell<Explorer>,
    pub(super) case: Case,
    pub(super) outside: RefCell<Outside>,
    script: &'e [(u32, Net)],
    depth: usize,
    began: u64,
    points: Cell<u32>,
    pub(super) exchanges: Cell<u32>,
    /// What each of them is.
    pub(super) calls: RefCell<Vec<CallKind>>,
    broken: RefCell<Option<String>>,
    pub(super) stores: Cell<u32>,
    trace: bool,
}

impl<'e> Boot<'e> {
    pub(super) fn new(
        explorer: &'e RefCell<Explorer>,
        outside: Outside,
        script: &'e [(u32, Net)],
        depth: usize,
    ) -> Self {
        let began = outside.now;
        let (case, trace) = (explorer.borrow().case, explorer.borrow().trace);
        Self {
            explorer,
            case,
            outside: RefCell::new(outside),
            script,
            depth,
            began,
            points: Cell::new(0),
            exchanges: Cell::new(0),
            calls: RefCell::new(Vec::new()),
            broken: RefCell::new(None),
            stores: Cell::new(0),
            trace,
        }
    }

    /// Runs the terminal to its end; nothing in it waits for anything but this world.
    pub(super) fn run(&self) -> Result<(), String> {
        if self.trace {
            println!("--- boot {}", self.outside.borrow().boots);
        }
        let ended = match self.case.word {
            1 => terminal::live::<1>(self),
            2 => terminal::live::<2>(self),
            4 => terminal::live::<4>(self),
            8 => terminal::live::<8>(self),
            16 => terminal::live::<16>(self),
            _ => terminal::live::<32>(self),
        };
        if let Some(what) = self.broken.borrow_mut().take() {
            return Err(what);
        }
        ended?;
        // The sale before the case's ends with the power going.
        if core::ptr::eq(self.outside.borrow().story, &raw const PROLOGUE) {
            return Ok(());
        }
        self.outside.borrow_mut().check_end(&self.case)
    }

    /// Whether nothing more can go wrong in this life.
    pub(super) const fn is_last(&self) -> bool {
        self.depth == 0
    }

    /// The power can go here.
    pub(super) fn point(&self, kind: Kind) {
        self.point_with(kind, |_, _| {});
    }

    /// The power can go here, and does this to the world. The number depends on the schedule.
    pub(super) fn point_with(&self, kind: Kind, tear: impl FnOnce(&mut Outside, u64)) {
        let number = self.points.get();
        self.points.set(number + 1);
        assert!(number < 1_000_000, "it stores for ever");
        let after_script = self.script.last().is_none_or(|(exchange, _)| *exchange < self.exchanges.get());
        if self.depth == 0 || !after_script || !self.explorer.borrow().wants(Fault::Cut(number), kind) {
            return;
        }
        self.say(|| format!("point {number} {kind:?}: the power goes"));
        let mut outside = self.outside.borrow().clone();
        tear(&mut outside, self.number(7) ^ u64::from(number));
        cut(self.explorer, outside, Fault::Cut(number), kind, self.depth);
    }

    /// What becomes of the next exchange.
    pub(super) fn next_exchange(&self, call: CallKind) -> Option<Net> {
        let number = self.exchanges.get();
        self.calls.borrow_mut().push(call);
        self.exchanges.set(number + 1);
        assert!(number < 2_000, "it asks for ever, without a pause");
        self.script.iter().find(|(exchange, _)| *exchange == number).map(|(_, net)| *net)
    }

    /// Something is wrong: what, and the schedule is reported.
    pub(super) fn broken(&self, what: String) {
        self.say(|| format!("!!! {what}"));
        self.broken.borrow_mut().get_or_insert(what);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }

    /// Monotonic time of this boot.
    pub(super) fn clock(&self) -> Millis {
        Millis(self.outside.borrow().now - self.began)
    }

    /// Lets time pass until then, in the terminal's time.
    pub(super) fn pass(&self, until: Millis) {
        let to = self.began.saturating_add(until.0);
        self.outside.borrow_mut().advance(to);
    }

    /// A number that depends on the schedule up to here and on `salt`.
    pub(super) fn number(&self, salt: u64) -> u64 {
        self.explorer.borrow().number(salt)
    }

    /// The journal was given this.
    pub(super) fn storing(&self, record: &Record) {
        self.say(|| format!("store {} {:?} {:?} {:?}", record.seq, record.stage, record.release, states(record)));
        let mut outside = self.outside.borrow_mut();
        let book = outside.book(&record.order_id);
        book.busy = true;
        book.storing.push(record.clone());
    }

    /// The journal said that it has it.
    pub(super) fn stored(&self, record: &Record) {
        let mut outside = self.outside.borrow_mut();
        let book = outside.book(&record.order_id);
        book.busy = false;
        book.storing.clear();
        let due = book.acked.replace(record.clone()).is_some_and(|before| before.report_due) && !record.report_due;
        let lost = due && !outside.story.world.changes && !outside.merchant.has_report(&record.order_id);
        if outside.story.world.loses == Some(Lost::Older) && outside.stores == 2 {
            outside.older = Some((outside.flash.clone(), record.clone()));
        }
        outside.stores += 1;
        drop(outside);
        if lost {
            self.broken("a report was said to be taken, and the backend has none".to_owned());
        }
    }

    /// This store fails, as the story has it; the power stays on.
    pub(super) fn flash_fails(&self) -> bool {
        let number = self.stores.get() + 1;
        self.stores.set(number);
        let outside = self.outside.borrow();
        let fails = outside.story.world.flash.filter(|_| outside.boots == 0);
        fails.is_some_and(|(from, times)| number >= from && number - from < times)
    }

    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>9} {}", self.outside.borrow().now - super::outside::START, what());
        }
    }
}

fn states(record: &Record) -> Vec<String> {
    record.attempts().map(|attempt| format!("{:?} {:?}", attempt.state, attempt.cf_payment_id)).collect()
}
