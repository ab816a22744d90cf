//! A reconciliation from its first page to its last difference.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io;

use pay_core::model::{CfPaymentId, OrderId};
use pay_core::wire::Call;

use super::difference::{Difference, Kind, Step};
use super::doubt::{Doubt, doubts};
use super::judge::{Verdict, judge};
use super::listed::{Listed, Shown};
use super::page::{self, Page};
use super::reading::{self, Payments, Reading};
use super::recorded::Recorded;
use super::shelf::Shelf;
use super::window::Window;
use crate::answer::Answer;
use crate::book::{Entry, Event, Terms};
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::rules::{VERSION, maker, seen_refunds};

/// How often a call without an answer is made, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// After this many 429 in a row, despite waiting, somebody else uses up the limits.
const THROTTLED: u32 = 60;
/// The pause between looks at the book for what backends have read.
const LOOK: Duration = Duration::from_secs(2);
/// If more orders than this, and more than one in ten, are doubtful, the fault is not in the orders.
const DOUBTFUL: usize = 200;

/// What to compare, and what to do about differences.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) window: Window,
    /// Orders that the book does not know are read only if their ids begin so. If empty, all of them are.
    pub(crate) ids: Vec<String>,
    pub(crate) terms: Terms,
    /// Store nothing.
    pub(crate) is_rehearsal: bool,
    /// How long to wait at the end for backends to read the orders that differ.
    pub(crate) wait: Duration,
}

/// The result of a reconciliation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconciled {
    /// Pages read.
    pub pages: u64,
    /// Events about orders on these pages.
    pub events: u64,
    /// Orders of the book compared.
    pub orders: u64,
    /// Single readings: an order, its payments, its refunds.
    pub readings: u64,
    /// Differences reported.
    pub differences: u64,
    /// Those of them that remain.
    pub left: u64,
    /// Differences not reported, because a person has dealt with them.
    pub seen_to: u64,
    /// What could not be compared, and why. If there is any, the reconciliation did not finish.
    pub not_compared: Vec<String>,
}

/// Why a reconciliation did not finish.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)] // there is no other reason
pub enum ReconcileError {
    /// The days are invalid: the reason.
    Days(&'static str),
    /// The connection to the gateway cannot be set up.
    Setup(String),
    /// The gateway gave no page: its answer.
    Page(String),
    /// So many orders differ that the pages belong to another book, or are not complete yet.
    TooMany {
        /// Orders that differ.
        differ: usize,
        /// What to do.
        advice: &'static str,
    },
    /// The database cannot be read or written.
    Io(io::Error),
}

/// An order to be read.
struct Case {
    order: OrderId,
    shown: Shown,
    doubts: BTreeSet<Doubt>,
}

/// Where pages and book disagree.
#[derive(Default)]
struct Doubtful {
    /// Orders of the book.
    cases: Vec<Case>,
    /// Orders that the book does not know.
    unknown: Vec<(OrderId, Shown)>,
}

/// One reconciliation.
pub(crate) struct Run<'r, S> {
    gateway: &'r Gateway,
    clock: &'r Clock,
    shelf: &'r S,
    plan: &'r Plan,
    came_to: Reconciled,
}

impl<'r, S: Shelf> Run<'r, S> {
    pub(crate) fn new(gateway: &'r Gateway, clock: &'r Clock, shelf: &'r S, plan: &'r Plan) -> Self {
        Self { gateway, clock, shelf, plan, came_to: Reconciled::default() }
    }

    /// Compares, and reports each difference once it is known whether it remains.
    ///
    /// # Errors
    /// [`ReconcileError`]. Differences reported before it remain valid.
    pub(crate) fn go(mut self, tell: &mut dyn FnMut(&Difference)) -> Result<Reconciled, ReconcileError> {
        let mut listed = self.pages()?;
        let Doubtful { cases, unknown } = self.compare(&mut listed)?;
        let mut waiting = Vec::new();
        for case in cases {
            self.settle(&case, tell, &mut waiting)?;
        }
        self.unknown(unknown, tell)?;
        self.await_backends(waiting, tell)?;
        Ok(self.came_to)
    }

    /// Reads all pages.
    fn pages(&mut self) -> Result<Listed, ReconcileError> {
        let (from, to) = self.plan.window.pages();
        let (mut listed, mut cursors) = (Listed::default(), BTreeSet::new());
        let mut cursor: Option<String> = None;
        loop {
            let body = page::request(from.as_str(), to.as_str(), cursor.as_deref());
            let answer = self.ask(Call::Recon, &body);
            let page = if answer.is_success() { Page::read(&answer.body) } else { None };
            let page = page.ok_or_else(|| ReconcileError::Page(said(&answer)))?;
            self.came_to.pages += 1;
            self.came_to.events += page.events.len() as u64;
            if page.unreadable > 0 {
                self.came_to.not_compared.push(format!("{} events on one page cannot be read", page.unreadable));
            }
            page.events.into_iter().for_each(|event| listed.add(event));
            match page.cursor {
                // A gateway that returns the same cursor means that there are no more pages.
                Some(next) if cursor.as_ref() != Some(&next) => {
                    if !cursors.insert(next.clone()) {
                        return Err(ReconcileError::Page("its pages come round again".to_owned()));
                    }
                    cursor = Some(next);
                }
                _ => return Ok(listed),
            }
        }
    }

    /// Compares the book with the pages. Returns the doubtful orders, and those that the book does not know.
    fn compare(&mut self, listed: &mut Listed) -> Result<Doubtful, ReconcileError> {
        let Doubtful { mut cases, mut unknown } = Doubtful::default();
        let mut after = None;
        loop {
            let (orders, last) = self.shelf.orders(self.plan.window.orders(), after.as_ref())?;
            for recorded in orders {
                let shown = listed.take(recorded.entry.order());
                cases.extend(self.case(&recorded, shown));
            }
            if last.is_none() {
                break;
            }
            after = last;
        }
        for (order, shown) in core::mem::take(listed).rest() {
            match self.shelf.order(&order)? {
                Some(recorded) => cases.extend(self.case(&recorded, shown)),
                None => unknown.push((order, shown)),
            }
        }
        let too_many = |count: usize| count > DOUBTFUL && count as u64 > self.came_to.orders / 10;
        if too_many(cases.iter().filter(|case| case.is_read()).count()) {
            let advice = "the pages may not be whole yet, or this is not this account's book: compare days that lie further back";
            return Err(ReconcileError::TooMany { differ: cases.len(), advice });
        }
        let is_ours = |id: &OrderId| {
            self.plan.ids.is_empty() || self.plan.ids.iter().any(|begin| id.as_str().starts_with(begin.as_str()))
        };
        unknown.retain(|(order, shown)| shown.is_of_money() && is_ours(order));
        if too_many(unknown.len()) {
            let advice =
                "they are not in the book: if other systems make orders on this account, say how yours begin (--ids)";
            return Err(ReconcileError::TooMany { differ: unknown.len(), advice });
        }
        Ok(Doubtful { cases, unknown })
    }

    fn case(&mut self, recorded: &Recorded, shown: Shown) -> Option<Case> {
        self.came_to.orders += 1;
        let doubts = doubts(recorded, &shown, self.plan.window, self.plan.terms);
        (!doubts.is_empty()).then(|| Case { order: recorded.entry.order().clone(), shown, doubts })
    }

    /// Reads an order, and reports what differs.
    fn settle(
        &mut self,
        case: &Case,
        tell: &mut dyn FnMut(&Difference),
        waiting: &mut Vec<Difference>,
    ) -> Result<(), ReconcileError> {
        let read = self.read(case);
        // Use its present state: a backend may have read it meanwhile.
        let Some(recorded) = self.shelf.order(&case.order)? else { return Ok(()) };
        let mut entry = recorded.entry;
        let found: Vec<Verdict> = case.doubts.iter().map(|doubt| judge(doubt, &entry, &case.shown, &read)).collect();
        let mut told = (false, false);
        for verdict in found {
            let kind = match verdict {
                Verdict::Same => continue,
                Verdict::Unknown => {
                    let why = format!("order {}: the gateway gave no answer that says how it stands", case.order);
                    self.came_to.not_compared.push(why);
                    continue;
                }
                Verdict::Differs(kind) => kind,
            };
            if entry.is_done(&kind.name()) {
                self.came_to.seen_to += 1;
                continue;
            }
            match kind.step() {
                Step::Look if !told.0 && !self.plan.is_rehearsal => {
                    self.look(&entry)?;
                    told.0 = true;
                }
                Step::TellRefunds if !told.1 && !self.plan.is_rehearsal => {
                    if let Some(list) = read.refunds.clone() {
                        self.shelf.say(&case.order, &Event::Refunds { list }, self.clock.moment())?;
                    }
                    told.1 = true;
                    entry = self.entry(&case.order)?.unwrap_or(entry);
                }
                Step::Look | Step::TellRefunds | Step::TakeUp | Step::Person => {}
            }
            let is_left = self.plan.is_rehearsal || !kind.is_settled_in(&entry);
            let difference = Difference { order: case.order.clone(), kind, is_left };
            if difference.kind.step() == Step::Look && !self.plan.is_rehearsal {
                waiting.push(difference);
            } else {
                self.name(&difference, tell);
            }
        }
        Ok(())
    }

    /// Has a backend read an order again. If only the answer to its creation was lost, first stores that the order exists.
    fn look(&mut self, entry: &Entry) -> Result<(), ReconcileError> {
        let (order, at) = (entry.order(), self.clock.moment());
        if !entry.is_made() {
            let answer = self.reading(Call::ReadOrder(order));
            if maker(&[*entry.owner()], order, &answer).is_some_and(|(_, amount)| amount == entry.amount()) {
                self.shelf.say(order, &Event::Made { at }, at)?;
            }
        }
        Ok(self.shelf.look(order, at)?)
    }

    /// Makes the single readings that an order's doubts need, each once.
    fn read(&mut self, case: &Case) -> Reading {
        let order = &case.order;
        let mut read = Reading::default();
        if case.doubts.contains(&Doubt::Amount) {
            let answer = self.reading(Call::ReadOrder(order));
            read.amount = reading::amount(order, &answer.body).filter(|_| answer.is_success());
        }
        let payments = case.doubts.iter().filter_map(|doubt| match doubt {
            Doubt::Payment(id) => Some(*id),
            Doubt::Amount | Doubt::Refund(_) | Doubt::Dispute(_) => None,
        });
        let payments: Vec<u64> = payments.collect();
        if !payments.is_empty() {
            read.payments = Some(self.payments(order, &payments));
        }
        if case.doubts.iter().any(|doubt| matches!(doubt, Doubt::Refund(_))) {
            let answer = self.reading(Call::ListRefunds(order));
            read.refunds = match () {
                () if answer.is_success() => seen_refunds(answer.body),
                () if is_no_order(&answer) => Some(Vec::new()),
                () => None,
            };
        }
        read
    }

    /// Reads the list. If it lacks one of these payments, or is too long, reads that payment by its number.
    fn payments(&mut self, order: &OrderId, wanted: &[u64]) -> Payments {
        let answer = self.reading(Call::ListPayments(order));
        let mut list = match () {
            () if answer.is_success() => Payments::of_list(order, &answer.body),
            () if is_no_order(&answer) => Payments::of_list(order, b"[]"),
            () => Payments::default(),
        };
        for id in wanted {
            if list.is_silent_of(*id) {
                let answer = self.reading(Call::ReadPayment(order, CfPaymentId::new(*id)));
                if answer.is_success() {
                    list.add(Payments::of_list(order, &[b"[".as_slice(), &answer.body, b"]"].concat()));
                } else if answer.status == 404 {
                    list.lacks(*id);
                }
            }
        }
        list
    }

    /// Handles orders that the book does not know. Those of our devices are added to the book; others belong to another system.
    fn unknown(
        &mut self,
        unknown: Vec<(OrderId, Shown)>,
        tell: &mut dyn FnMut(&Difference),
    ) -> Result<(), ReconcileError> {
        let owners = if unknown.is_empty() { Vec::new() } else { self.shelf.owners()? };
        for (order, shown) in unknown {
            if self.shelf.is_forgotten(&order)? {
                continue;
            }
            let answer = self.reading(Call::ReadOrder(&order));
            if !answer.is_success() {
                let why = format!("order {order}, which the book does not know: {}", said(&answer));
                self.came_to.not_compared.push(why);
                continue;
            }
            let Some((owner, amount)) = maker(&owners, &order, &answer) else { continue };
            let at = self.clock.moment();
            let is_rehearsal = self.plan.is_rehearsal;
            if !is_rehearsal && !self.shelf.take_up(&order, owner, amount, at)? {
                continue;
            }
            self.name(&Difference { order: order.clone(), kind: Kind::UnknownOrder, is_left: is_rehearsal }, tell);
            for id in shown.open_disputes() {
                let kind = Kind::Dispute(id.to_owned());
                self.name(&Difference { order: order.clone(), kind, is_left: true }, tell);
            }
        }
        Ok(())
    }

    /// Waits for backends to read the orders that differ, and reports the result.
    fn await_backends(
        &mut self,
        mut waiting: Vec<Difference>,
        tell: &mut dyn FnMut(&Difference),
    ) -> Result<(), ReconcileError> {
        let end = self.clock.now() + self.plan.wait;
        loop {
            let mut left = Vec::new();
            for mut difference in waiting {
                let entry = self.entry(&difference.order)?;
                if entry.is_some_and(|entry| difference.kind.is_settled_in(&entry)) {
                    difference.is_left = false;
                    self.name(&difference, tell);
                } else {
                    left.push(difference);
                }
            }
            if left.is_empty() || self.clock.now() >= end {
                left.iter().for_each(|difference| self.name(difference, tell));
                return Ok(());
            }
            waiting = left;
            self.clock.wait(LOOK);
        }
    }

    fn name(&mut self, difference: &Difference, tell: &mut dyn FnMut(&Difference)) {
        self.came_to.differences += 1;
        self.came_to.left += u64::from(difference.is_left);
        tell(difference);
    }

    fn entry(&self, order: &OrderId) -> io::Result<Option<Entry>> {
        Ok(self.shelf.order(order)?.map(|recorded| recorded.entry))
    }

    fn reading(&mut self, call: Call<'_>) -> Answer {
        self.came_to.readings += 1;
        self.ask(call, &[])
    }

    /// Makes a call within the limits: waits for its turn, and repeats it if no answer came.
    fn ask(&self, call: Call<'_>, body: &[u8]) -> Answer {
        let (mut tries, mut throttled) = (0, 0);
        loop {
            let answer = match self.gateway.reserve(call.kind()) {
                Ok(permit) => self.gateway.call(permit, call, VERSION, body),
                Err(answer) => {
                    let wait = answer.rate.map_or(1, |rate| rate.retry_s.max(1));
                    self.clock.wait(Duration::from_secs(wait));
                    continue;
                }
            };
            match answer.status {
                // The budget now knows how long to wait.
                429 if throttled < THROTTLED => throttled += 1,
                500.. if tries < TRIES - 1 => {
                    tries += 1;
                    self.clock.wait(PAUSE);
                }
                _ => return answer,
            }
        }
    }
}

impl Case {
    /// Whether it needs a reading.
    fn is_read(&self) -> bool {
        self.doubts.iter().any(|doubt| !matches!(doubt, Doubt::Dispute(_)))
    }
}

/// Whether the gateway has no such order, and so nothing about it.
fn is_no_order(answer: &Answer) -> bool {
    let body = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    answer.status == 404 && body.is_some_and(|body| body["code"] == "order_not_found")
}

/// Why an answer cannot be used, for people.
fn said(answer: &Answer) -> String {
    let message = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let message = message.as_ref().and_then(|body| body.get("message")).and_then(serde_json::Value::as_str);
    format!("{} {}", answer.status, message.unwrap_or("the answer is no page"))
}

impl fmt::Display for ReconcileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(why) => f.write_str(why),
            Self::Setup(why) => write!(f, "the gateway: {why}"),
            Self::Page(said) => write!(f, "the gateway gives no page: {said}"),
            Self::TooMany { differ, advice } => write!(f, "{differ} orders differ: {advice}"),
            Self::Io(error) => write!(f, "the database: {error}"),
        }
    }
}

impl core::error::Error for ReconcileError {}

impl From<io::Error> for ReconcileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
