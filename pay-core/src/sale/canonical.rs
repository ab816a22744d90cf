//! One sale for many that behave alike: what the exploration of all states needs so that it comes to an end.
//!
//! Times are measured from now, ages are cut down to the step of the sale's own limits that they have reached, counters stop
//! where nothing depends on them any more, and what is fresh (seeds, serial numbers) gets a small number in the order of its
//! appearance. What is left out: why nobody could be asked, and what the gateway said last of an order that exists. Both are for people.

use super::super::model::UnixSeconds;
use super::phase::{Phase, Presented, Question, RouteProblem};
use super::record::{Record, Stage};
use super::settle::{FINAL_MS, NOT_ATTEMPTED_MS, ReadAt};
use super::state::Sale;
use super::time::Millis;
use super::token::Token;

/// The moment that every canonical life stands at.
pub const NOON: Millis = Millis(100_000_000);

/// The same on the gateway's clock.
pub const NOON_DATE: UnixSeconds = UnixSeconds(1_900_000_000);

/// How far every limit that lies ahead is: beyond the longest pause (30 minutes), within an hour.
const FAR_MS: u32 = 50 * 60_000;

/// Where counting stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // made by the exploration
pub struct Caps {
    /// Failures in a row, of calls and of the journal.
    pub failures: u8,
    /// One more step of ages, in milliseconds; 0 for none.
    pub age_ms: u64,
}

/// From where a life is looked at.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the exploration
pub struct View {
    /// Its monotonic time.
    pub now: Millis,
    /// The gateway's clock.
    pub date: UnixSeconds,
    /// Where counting stops.
    pub caps: Caps,
}

impl View {
    /// When something is due: at once, or after a pause. A pause of more than a minute counts as the next longer one of whole ten
    /// minutes: else each short wait for a journal that fails would make another state of it.
    pub(crate) fn due(&self, at: Millis) -> Millis {
        let pause = match at.0.saturating_sub(self.now.0) {
            0 => return Millis::default(),
            pause @ ..=60_000 => pause,
            pause => pause.div_ceil(600_000) * 600_000,
        };
        Millis(NOON.0 + pause)
    }

    /// A limit: ahead, or over.
    pub(crate) fn limit(&self, at: Millis) -> Millis {
        if at <= self.now { Millis::default() } else { NOON.after(FAR_MS) }
    }

    /// Since when: the longest of the sale's limits that this is ago.
    pub(crate) fn since(&self, at: Millis) -> Millis {
        Millis(NOON.0 - self.step(self.now.since(at)))
    }

    /// Since when a single limit runs: it is over, or it has just begun.
    pub(crate) fn over(&self, at: Millis, ms: u32) -> Millis {
        if self.now >= at.after(ms) { Millis(NOON.0 - u64::from(ms)) } else { NOON }
    }

    const fn step(&self, age: u64) -> u64 {
        match age {
            NOT_ATTEMPTED_MS.. => NOT_ATTEMPTED_MS,
            FINAL_MS.. => FINAL_MS,
            age if self.caps.age_ms > 0 && age >= self.caps.age_ms => self.caps.age_ms,
            2_000.. => 2_000,
            _ => 0,
        }
    }

    fn read_at(&self, at: ReadAt, power_on: u32, name: u32) -> ReadAt {
        let date = at.date.map(|date| {
            // A `Date` is cut to the second, and one second is taken off where two are compared.
            let step = self.step(self.date.0.saturating_sub(date.0) * 1_000);
            let age = if step == NOT_ATTEMPTED_MS || step == FINAL_MS { step / 1_000 + 1 } else { step / 1_000 };
            UnixSeconds(NOON_DATE.0 - age)
        });
        if at.power_on == power_on {
            ReadAt { power_on: name, now: self.since(at.now), date }
        } else {
            ReadAt { power_on: 0, now: Millis::default(), date }
        }
    }
}

impl Record {
    /// What the journal of a terminal keeps, with no sale of it at work.
    pub(crate) fn canonical(&mut self, view: &View) {
        rank([None, Some(&mut self.seq), Some(&mut self.from), None, None]);
        self.writer = name(self.writer, [0; 8], 0);
        self.unsaid(view, 0, 0);
    }

    fn unsaid(&mut self, view: &View, power_on: u32, name: u32) {
        if self.stage != Stage::Creating {
            // For people; but that a create call was told that the order exists decides how it may be given up.
            self.said = None;
        }
        if let Some(closed) = &mut self.closed {
            closed.since = closed.since.map(|since| view.read_at(since, power_on, name));
        }
    }
}

/// A name for a writer: of the sale at work, or of another.
fn name(writer: [u8; 8], own: [u8; 8], name: u8) -> [u8; 8] {
    match writer {
        [0, 0, 0, 0, 0, 0, 0, 0] => writer,
        _ if writer == own => [name; 8],
        _ => [9; 8],
    }
}

/// Small numbers in the same order.
fn rank(numbers: [Option<&mut u32>; 5]) {
    let was = numbers.each_ref().map(|slot| slot.as_ref().map_or(0, |number| **number));
    for (number, own) in numbers.into_iter().zip(was) {
        let Some(number) = number else { continue };
        let below = |index: usize, other: u32| other < own && !was.iter().take(index).any(|same| *same == other);
        let rank = was.iter().enumerate().filter(|(index, other)| below(*index, **other)).count();
        // Nothing is ranked below one but nought, which says that nothing was stored.
        let zero = usize::from(own > 0 && !was.contains(&0));
        *number = u32::try_from(rank + zero).unwrap_or(u32::MAX);
    }
}

impl Sale {
    /// Brings a sale, what the journal keeps of it and what it waits for to their canonical form. `number`: which of the sales in
    /// memory it is, from 1.
    pub(crate) fn canonical(
        &mut self,
        view: &View,
        number: u8,
        kept: Option<&mut Record>,
        token: Option<&mut Token>,
        power_on: u32,
    ) {
        match token {
            Some(Token::Commit { version }) => *version = u32::from(*version == self.version),
            Some(Token::InFlight { sale, serial, .. }) => {
                (*sale, *serial) = ([number; 16], u32::from(*serial != self.serial));
            }
            Some(Token::Vend { sale }) => *sale = [number; 16],
            None => {}
        }
        self.version = 1;
        self.serial = 0;
        self.seed = [number; 16];
        let (seq, from) = (&mut self.record.seq, &mut self.record.from);
        match kept {
            Some(kept) => {
                rank([Some(&mut kept.seq), Some(&mut kept.from), Some(seq), Some(from), Some(&mut self.from)]);
                kept.writer = name(kept.writer, self.writer, number);
                kept.unsaid(view, self.power_on, power_on);
            }
            None => rank([None, None, Some(seq), Some(from), Some(&mut self.from)]),
        }
        self.record.writer = name(self.record.writer, self.writer, number);
        self.record.unsaid(view, self.power_on, power_on);
        self.writer = [number; 8];
        let read_at = |at| view.read_at(at, self.power_on, power_on);
        self.asking.quiet.since = self.asking.quiet.since.map(read_at);
        self.power_on = power_on;
        // Only how soon is asked again.
        self.asking.waits = self.asking.waits.map(|_| Millis::default());
        self.asking.none_since = self.asking.none_since.map(|at| view.since(at));
        self.asking.paid_since = self.asking.paid_since.map(|at| view.since(at));
        self.asking.unclear_since = self.asking.unclear_since.map(|at| view.since(at));
        self.forget_dead(view);
        self.deadline = self.deadline.map(|at| view.limit(at));
        self.route_problem = self.route_problem.map(|_| RouteProblem::Unreadable);
        match &mut self.phase {
            Phase::Create(at)
            | Phase::Pay(at)
            | Phase::Otp(_, at)
            | Phase::Ask(_, at)
            | Phase::Terminate(at)
            | Phase::Refund(_, at)
            | Phase::ReadRefund(_, at)
            | Phase::Report(_, at)
            | Phase::Claim(_, at) => *at = view.due(*at),
            Phase::Ready(_) | Phase::Present(_) | Phase::Done(_) => {}
        }
        // Of an order that is being created it also shows that no cut came since.
        let creates = self.record.stage == Stage::Creating;
        if !creates && !matches!(self.phase, Phase::Create(_) | Phase::Otp(..) | Phase::Present(_)) {
            self.call_key = None;
        }
    }

    /// What nothing reads any more gets one value.
    fn forget_dead(&mut self, view: &View) {
        let payable = matches!(self.record.stage, Stage::Creating | Stage::Open);
        if !payable {
            // Whether a payment may be sent again is asked of an open order only.
            self.earlier_unknown = false;
            self.throttled = false;
            self.reply = None;
            let refunds = matches!(
                self.phase,
                Phase::Refund(..)
                    | Phase::ReadRefund(..)
                    | Phase::Ask(Question::BeforeRefund | Question::Refunds { .. } | Question::Payment(..), _)
            );
            if !refunds {
                self.repeats = 0;
            }
        }
        // Every third round of an open order asks for something else. Elsewhere rounds only make pauses longer, and how long a pause
        // is does not matter to what may happen in it.
        self.asking.rounds = if self.record.stage == Stage::Open { self.asking.rounds % 3 } else { 0 };
        // The same for failures, but where nothing can have been paid.
        let counts = self.is_cut_creation() || (self.record.stage == Stage::Closing && !self.may_have_charged());
        self.failures = if counts { self.failures.min(view.caps.failures) } else { 0 };
    }

    /// Nobody looks why the route gave no answer.
    pub(crate) const fn forget_problem(&mut self) {
        self.route_problem = None;
    }

    /// So much of `tx` is still to be sent.
    pub(crate) const fn keeps_tx(&self) -> usize {
        if self.wipe { 0 } else { self.body_len }
    }

    /// An action in `rx` is still to be shown.
    pub(crate) const fn keeps_rx(&self) -> bool {
        matches!(self.phase, Phase::Present(Presented::Reply))
    }

    /// Which phase it is in, and how it stands: for the count of what was reached.
    pub(crate) fn place(&self) -> (&'static str, &'static str) {
        let phase = match &self.phase {
            Phase::Create(_) => "Create",
            Phase::Ready(_) => "Ready",
            Phase::Pay(_) => "Pay",
            Phase::Present(_) => "Present",
            Phase::Otp(..) => "Otp",
            Phase::Ask(Question::Order, _) => "Ask Order",
            Phase::Ask(Question::Take, _) => "Ask Take",
            Phase::Ask(Question::TakePayments, _) => "Ask TakePayments",
            Phase::Ask(Question::Payments, _) => "Ask Payments",
            Phase::Ask(Question::Whose, _) => "Ask Whose",
            Phase::Ask(Question::Watch, _) => "Ask Watch",
            Phase::Ask(Question::Late(_), _) => "Ask Late",
            Phase::Ask(Question::Payment(..), _) => "Ask Payment",
            Phase::Ask(Question::BeforeRefund, _) => "Ask BeforeRefund",
            Phase::Ask(Question::Refunds { .. }, _) => "Ask Refunds",
            Phase::Terminate(_) => "Terminate",
            Phase::Refund(..) => "Refund",
            Phase::ReadRefund(..) => "ReadRefund",
            Phase::Report(..) => "Report",
            Phase::Claim(..) => "Claim",
            Phase::Done(_) => "Done",
        };
        let stage = match &self.record.stage {
            Stage::Creating => "Creating",
            Stage::Open => "Open",
            Stage::Closing => "Closing",
            Stage::Paid { watch: false } => "Paid",
            Stage::Paid { watch: true } => "Paid, watched",
            Stage::NotPaid(_) => "NotPaid",
            Stage::Taken => "Taken",
            Stage::PaidElsewhere { watch: false } => "PaidElsewhere",
            Stage::PaidElsewhere { watch: true } => "PaidElsewhere, watched",
            Stage::PaidUnclear => "PaidUnclear",
            Stage::HandedOver => "HandedOver",
            Stage::RefundDue(_) => "RefundDue",
            Stage::Refunded(_) => "Refunded",
        };
        (phase, stage)
    }
}

impl Sale {
    /// Tells this power-on from others.
    pub(crate) const fn power_on(&self) -> u32 {
        self.power_on
    }

    /// There is nothing left in `tx` that would have to be wiped.
    pub(crate) const fn forget_wipe(&mut self) {
        self.wipe = false;
        self.body_len = 0;
    }
}
