//! The next step of a life.

use core::mem;

use super::super::sale::{Buffers, Millis, Outcome, Release, SaleError};
use super::back::Back;
use super::desk::{Desk, Look, Turn};
use super::ended::{Done, Trouble};
use super::job::{Goal, Job};
use super::life::{Asked, Life, News};
use super::step::{Do, Note};

/// The shortest limit of an exchange that is made in a wait of the shopper's sale, in milliseconds.
const BESIDE_MS: u32 = 5_000;

impl Life {
    /// Says what to do next. `buffers`: the same two from the beginning of a job to its end.
    #[inline(never)]
    pub fn next<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        self.asked = Asked::Nobody;
        if let Some(route) = self.disconnect.take() {
            return Do::Disconnect(route);
        }
        if self.news.is_some() {
            return self.tell();
        }
        if matches!(self.job, Job::None) {
            return Do::Idle(mem::replace(&mut self.done, Done::Nothing));
        }
        if self.job.asks_journal() {
            self.asked = Asked::Job;
            return match (&self.job, &self.front) {
                (Job::Admit { after, .. }, _) => Do::NextOpen(after.as_ref()),
                (Job::Recall { order_id, .. }, _) => Do::Recall(order_id),
                (_, Some(desk)) => Do::Recall(desk.order_id()),
                (_, None) => Do::Sleep(now),
            };
        }
        match self.job {
            Job::Errand(_) => return self.run_errand(now, buffers),
            Job::Recover(_) => return self.run_recovery(now, buffers),
            _ => {}
        }
        let Some(front) = &mut self.front else { return self.look_after(now, None, buffers) };
        match front.look(now, &self.terms) {
            Look::Go if self.is_created() => {
                let order = self.front.as_ref().and_then(Desk::order);
                self.finish(order.map_or(Done::Refused(Trouble::Sale(SaleError::NotNow)), Done::Created));
                Do::Sleep(now)
            }
            Look::Go => self.serve(now, buffers),
            Look::Wait(at) => self.look_after(now, Some(at), buffers),
            Look::Over(outcome) => {
                self.served(outcome);
                Do::Sleep(now)
            }
            Look::NotStored => self.refuse(now, Trouble::Journal),
            Look::Failed(error) => self.refuse(now, Trouble::Sale(error)),
        }
    }

    /// The order that was to be created is there.
    fn is_created(&self) -> bool {
        matches!(self.job, Job::Serve(Goal::Create)) && self.front.as_ref().is_some_and(Desk::can_be_paid)
    }

    fn refuse(&mut self, now: Millis, trouble: Trouble) -> Do<'static> {
        self.leave_front();
        self.finish(Done::Refused(trouble));
        Do::Sleep(now)
    }

    /// The shopper's sale.
    fn serve<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        let Some(desk) = &mut self.front else { return Do::Sleep(now) };
        let looks_beside = desk.spares_tx() && self.terms.policy.can_ask && self.back.wants(now);
        if looks_beside && self.back.desk.is_none() {
            // The journal is at hand. Where it has nothing else open, the answer may be held.
            self.asked = Asked::Back;
            return Do::NextOpen(self.back.after.as_ref());
        }
        self.asked = Asked::Front;
        match desk.next(now, &self.terms, &mut self.keys, buffers) {
            Turn::Exchange(mut request, rx) => {
                self.route = request.call.route();
                // A sale beside it has its turn in the pause between two questions. After an answer that was held there is no pause.
                if looks_beside && self.back.is_due(now.after(u32::from(request.wait_s) * 1_000)) {
                    request.wait_s = 0;
                }
                Do::Exchange(request.with_epoch(self.epoch.as_ref()), rx)
            }
            turn => plain(turn, now),
        }
    }

    /// The shopper's sale is over, or can be brought on without the shopper.
    fn served(&mut self, outcome: Outcome) {
        let Some(desk) = &mut self.front else { return };
        self.ended = Some(Self::ended_of(desk, outcome.clone()));
        // What is left of it is done beside the next one. What nobody can bring on waits in the journal.
        let waits = matches!(desk.record().release, Release::Due | Release::Releasing | Release::Unknown);
        if desk.record().is_open() && desk.store.failures == 0 && self.terms.policy.can_ask && !waits {
            desk.leave_to_itself();
            self.back.put_by(true);
            mem::swap(&mut self.front, &mut self.back.desk);
        }
        self.front = None;
        self.finish(Done::Over(outcome));
    }

    /// What the journal has open, while the shopper's sale, if there is one, waits until `until`.
    fn look_after<'t>(&'t mut self, now: Millis, until: Option<Millis>, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        let settles = match self.job {
            Job::Settle { until } if now >= until => {
                if let Some(desk) = &self.back.desk {
                    if desk.wants_store() {
                        // What was learnt last is on record before anybody hears of it.
                        return self.bring_on(now, until, false, buffers);
                    }
                    // Whoever listens hears how it stands.
                    self.news = Some(News::Settled(desk.sale.standing()));
                    return Do::Sleep(now);
                }
                if !self.back.round_over {
                    // What it did not come to is open, too.
                    self.asked = Asked::Back;
                    return Do::NextOpen(self.back.after.as_ref());
                }
                Some(until)
            }
            Job::Settle { until } => Some(until),
            _ => None,
        };
        if settles.is_some() && self.back.round_over && self.back.desk.is_none() {
            let open = self.back.open;
            self.finish(Done::Settled(open));
            return Do::Sleep(now);
        }
        let end = until.or(settles).unwrap_or(now);
        let spares_tx = self.front.as_ref().is_none_or(Desk::spares_tx);
        if end <= now || !spares_tx || !self.back.wants(now) || (!self.terms.policy.can_ask && settles.is_none()) {
            return Do::Sleep(end);
        }
        let Some(desk) = &mut self.back.desk else {
            self.asked = Asked::Back;
            return Do::NextOpen(self.back.after.as_ref());
        };
        let look = desk.look(now, &self.terms);
        let troubled = desk.sale.route_problem().is_some();
        match look {
            // A vend is for a shopper, and none stands there.
            Look::Go => self.bring_on(now, end, until.is_some(), buffers),
            // Nobody answers: the next ones would find the same.
            Look::Wait(_) if troubled && until.is_some() => {
                self.back.pause(now);
                Do::Sleep(now)
            }
            // One look a round at what neither ends nor can be hastened: others wait.
            Look::Wait(at) if Back::is_idle(now, at) || desk.record().is_moving() => {
                self.news = Some(News::Settled(desk.sale.standing()));
                Do::Sleep(now)
            }
            Look::Wait(at) => Do::Sleep(at.min(end)),
            Look::Over(outcome) => {
                self.news = Some(News::Settled(outcome));
                Do::Sleep(now)
            }
            Look::NotStored | Look::Failed(_) => {
                self.back.put_by(true);
                Do::Sleep(now)
            }
        }
    }

    /// A sale of the journal.
    fn bring_on<'t>(&'t mut self, now: Millis, end: Millis, beside: bool, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        let Some(desk) = &mut self.back.desk else { return Do::Sleep(now) };
        self.asked = Asked::Back;
        let turn = desk.next(now, &self.terms, &mut self.keys, buffers);
        match turn {
            Turn::Exchange(mut request, rx) => {
                self.route = request.call.route();
                // No shopper stands there whom it would tell at once.
                request.wait_s = 0;
                if beside {
                    let left = u32::try_from(end.since(now)).unwrap_or(u32::MAX);
                    request.timeout_ms = request.timeout_ms.min(left.max(BESIDE_MS));
                }
                Do::Exchange(request.with_epoch(self.epoch.as_ref()), rx)
            }
            turn => plain(turn, now),
        }
    }

    /// Single calls.
    fn run_errand<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        if matches!(&self.job, Job::Errand(errand) if errand.is_done()) {
            if let Job::Errand(errand) = &mut self.job {
                self.done = errand.answer().unwrap_or(Done::Nothing);
            }
            self.job = Job::None;
            return Do::Sleep(now);
        }
        let Job::Errand(errand) = &mut self.job else { return Do::Sleep(now) };
        if now < errand.due() {
            return Do::Sleep(errand.due());
        }
        self.asked = Asked::Job;
        self.key = errand.key();
        let Some((request, rx)) = errand.request(&self.terms, &mut self.keys, buffers) else {
            return Do::Sleep(now);
        };
        self.route = request.call.route();
        Do::Exchange(
            match &self.key {
                Some(key) => request.with_key(key),
                None => request,
            },
            rx,
        )
    }

    fn tell(&mut self) -> Do<'_> {
        self.asked = Asked::Job;
        let desk = |asked| match asked {
            Asked::Back => self.back.desk.as_ref(),
            _ => self.front.as_ref(),
        };
        let note = match &self.news {
            Some(News::Resumed(asked)) => desk(*asked).map(|desk| Note::Resumed(desk.order_id())),
            Some(News::Problem(asked, problem)) => desk(*asked).map(|desk| Note::Problem(desk.order_id(), *problem)),
            Some(News::Settled(outcome)) => {
                self.back.desk.as_ref().map(|desk| Note::Settled(desk.record(), outcome.clone()))
            }
            None => None,
        };
        match note {
            Some(note) => Do::Tell(note),
            None => Do::Sleep(Millis::default()),
        }
    }
}

/// A turn as it is.
fn plain(turn: Turn<'_>, now: Millis) -> Do<'_> {
    match turn {
        Turn::Store(record) => Do::Store(record),
        Turn::Exchange(request, rx) => Do::Exchange(request, rx),
        Turn::Show(offer, action) => Do::Show(offer, action),
        Turn::Choose(session, ended) => Do::Choose(session, ended),
        Turn::Vend(offer) => Do::Vend(offer),
        Turn::Sense(order_id) => Do::Sense(order_id),
        Turn::Again => Do::Sleep(now),
    }
}
