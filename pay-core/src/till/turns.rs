//! The life's turns: what is next, and what an answer means for whoever waits for it.

use core::mem;

use super::super::sale::{Buffers, Connection, Millis, Outcome, Record, Release, SaleError};
use super::desk::{Desk, Look, Turn};
use super::ended::{Done, Trouble};
use super::job::{Goal, Job, Word};
use super::life::{Asked, Life, News};
use super::shop::{Choice, Wish};
use super::step::{Do, Event, Note, Unreadable};

/// The shortest limit of an exchange that is made in a wait of the shopper's sale, in milliseconds.
const BESIDE_MS: u32 = 5_000;

impl Life {
    /// What to do next. `buffers`: the same two from the beginning of a job to its end.
    pub fn next<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        self.asked = Asked::Nobody;
        if let Some(route) = self.disconnect.take() {
            return Do::Disconnect(route);
        }
        if self.news.is_some() {
            return self.tell();
        }
        if self.job == Job::None {
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
        self.job == Job::Serve(Goal::Create) && self.front.as_ref().is_some_and(|desk| desk.order().is_some())
    }

    fn refuse(&mut self, now: Millis, trouble: Trouble) -> Do<'static> {
        self.leave_front();
        self.finish(Done::Refused(trouble));
        Do::Sleep(now)
    }

    /// The shopper's sale.
    fn serve<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        let Some(desk) = &mut self.front else { return Do::Sleep(now) };
        self.asked = Asked::Front;
        match desk.next(now, &self.terms, &mut self.keys, buffers) {
            Turn::Exchange(request, rx) => {
                self.route = request.call.route();
                Do::Exchange(request, rx)
            }
            turn => plain(turn, now),
        }
    }

    /// The shopper's sale is over, or can be brought on without the shopper.
    fn served(&mut self, outcome: Outcome) {
        let Some(mut desk) = self.front.take() else { return };
        self.ended = Some(Self::ended_of(&desk, outcome.clone()));
        // What is left of it is done beside the next one. What nobody can bring on waits in the journal.
        let waits = matches!(desk.record().release, Release::Due | Release::Releasing | Release::Unknown);
        if desk.record().is_open() && desk.store.failures == 0 && self.terms.policy.can_ask && !waits {
            desk.leave_to_itself();
            self.back.put_by(true);
            self.back.desk = Some(desk);
        }
        self.finish(Done::Over(outcome));
    }

    /// What the journal has open, while the shopper's sale, if there is one, waits until `until`.
    fn look_after<'t>(&'t mut self, now: Millis, until: Option<Millis>, buffers: &'t mut Buffers<'_>) -> Do<'t> {
        let settles = match self.job {
            Job::Settle { until } if now >= until => {
                self.back.put_by(true);
                self.back.round_over = true;
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
            Look::Wait(at) if super::back::Back::is_idle(now, at) => {
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
                if beside {
                    let left = u32::try_from(end.since(now)).unwrap_or(u32::MAX);
                    request.timeout_ms = request.timeout_ms.min(left.max(BESIDE_MS));
                }
                Do::Exchange(request, rx)
            }
            turn => plain(turn, now),
        }
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

    /// Somebody was told, or a connection closed.
    fn told(&mut self) {
        if let Some(News::Settled(_)) = self.news.take() {
            let open = self.back.desk.as_ref().is_some_and(|desk| desk.record().is_open());
            self.back.put_by(open);
        }
    }

    /// What came of the last [`Do`]. `buffers`: the same as there.
    ///
    /// # Errors
    /// [`Trouble::Sale`]: what the shopper chose cannot be sent. Nothing was; the job is over, and the order can still be sold.
    pub fn on(&mut self, now: Millis, event: Event<'_>, buffers: &mut Buffers<'_>) -> Result<(), Trouble> {
        let asked = mem::take(&mut self.asked);
        match event {
            Event::Told => self.told(),
            Event::Recalled(found) => match asked {
                Asked::Job => self.recalled(now, found, buffers),
                Asked::Back => self.next_open(now, found),
                Asked::Front | Asked::Nobody => {}
            },
            Event::Stored(stored) => {
                let terms = &self.terms;
                if let Some(desk) = desk(&mut self.front, &mut self.back.desk, asked) {
                    desk.stored(now, stored, terms);
                }
                if !stored && asked == Asked::Back {
                    self.back.pause(now);
                }
            }
            Event::Exchanged(result) => {
                let Some(desk) = desk(&mut self.front, &mut self.back.desk, asked) else { return Ok(()) };
                let before = desk.sale.route_problem();
                if desk.exchanged(now, result, buffers.rx, &self.terms) == Connection::Drop {
                    self.disconnect = Some(self.route);
                }
                self.news = desk
                    .sale
                    .route_problem()
                    .filter(|problem| before != Some(*problem))
                    .map(|problem| News::Problem(asked, problem));
            }
            Event::Seen(seen) => {
                if let Some(desk) = desk(&mut self.front, &mut self.back.desk, asked) {
                    desk.seen(now, seen, &self.keys, buffers)?;
                }
            }
            Event::Chosen(Choice::Leave) => self.leave(now),
            Event::Chosen(choice) => {
                let Some(desk) = &mut self.front else { return Ok(()) };
                if let Err(error) = desk.chosen(now, &choice, &self.terms, &self.keys, buffers) {
                    self.finish(Done::Refused(Trouble::Sale(error)));
                    return Err(Trouble::Sale(error));
                }
            }
            Event::Vended(goods) => {
                if let Some(desk) = desk(&mut self.front, &mut self.back.desk, asked) {
                    desk.vended(goods);
                }
            }
            Event::Sensed(goods) => {
                if let Some(desk) = desk(&mut self.front, &mut self.back.desk, asked) {
                    desk.sensed(goods);
                }
            }
            Event::Wished(Wish::Leave) => self.leave(now),
            Event::Wished(wish) => {
                if let Some(desk) = &mut self.front {
                    desk.wished(now, wish);
                }
            }
        }
        Ok(())
    }

    /// The caller turns to something else. What can have charged nobody is ended at once.
    fn leave(&mut self, now: Millis) {
        if let Job::Settle { .. } = self.job {
            self.back.put_by(true);
            let open = self.back.open;
            return self.finish(Done::Settled(open));
        }
        let Some(desk) = &mut self.front else { return };
        let standing = desk.sale.standing();
        if matches!(standing, Outcome::NotPaid(_)) && desk.give_up(now) {
            return;
        }
        self.leave_front();
        self.finish(Done::Over(standing));
    }

    /// The journal has answered the job.
    fn recalled(&mut self, now: Millis, found: Result<Option<&Record>, Unreadable>, buffers: &mut Buffers<'_>) {
        let Ok(found) = found else {
            self.leave_front();
            return self.finish(Done::Refused(Trouble::Journal));
        };
        match mem::replace(&mut self.job, Job::None) {
            Job::Admit { mut sum, now: unix, then, .. } => {
                let Some(desk) = &self.front else { return };
                if let Some(record) = found {
                    if record.order_id != *desk.order_id() {
                        sum.add(record);
                    }
                    let after = Some(record.order_id.clone());
                    self.job = Job::Admit { after, sum, now: unix, then };
                } else if let Err(limit) = self.terms.limits.admit(&sum, desk.record().amount, unix) {
                    self.front = None;
                    self.finish(Done::Refused(Trouble::Limit(limit)));
                } else {
                    self.job = Job::Known(then);
                }
            }
            Job::Known(then) => self.known(now, found, then, buffers),
            Job::Recall { order_id, word } => match found {
                Some(record) => self.take_up(now, record, word),
                None => self.finish(Done::Refused(Trouble::NoOrder(order_id))),
            },
            other => self.job = other,
        }
    }

    /// Whether the journal has the order that is to be sold.
    fn known(&mut self, now: Millis, found: Option<&Record>, then: Goal, buffers: &mut Buffers<'_>) {
        let Some(desk) = &self.front else { return };
        let new = desk.record();
        let Some(record) = found else {
            self.job = Job::Serve(then);
            return;
        };
        let same =
            record.amount == new.amount && record.currency == new.currency && record.environment == new.environment;
        if !same {
            let order_id = record.order_id.clone();
            self.front = None;
            return self.finish(Done::Refused(Trouble::Changed(order_id)));
        }
        // What was encoded for an order that is there already is not sent.
        zeroize::Zeroize::zeroize(buffers.tx);
        let session = desk.session().cloned();
        let desk = Desk::come_back(record, session, &self.terms, &mut self.keys, now);
        if record.is_open() {
            self.front = Some(desk);
            self.news = Some(News::Resumed(Asked::Front));
            self.job = Job::Serve(then);
        } else {
            let outcome = desk.sale.standing();
            self.ended = Some(Self::ended_of(&desk, outcome.clone()));
            self.front = None;
            self.finish(Done::Refused(Trouble::Over(outcome)));
        }
    }

    /// A sale of the journal, and what somebody says about it.
    fn take_up(&mut self, now: Millis, record: &Record, word: Word) {
        if record.environment != self.terms.environment {
            return self.finish(Done::Refused(Trouble::Changed(record.order_id.clone())));
        }
        if self.back.desk.as_ref().is_some_and(|desk| *desk.order_id() == record.order_id) {
            self.back.put_by(true);
        }
        let mut desk = Desk::take_up(record, &self.terms, &mut self.keys, now);
        match desk.say(now, word) {
            Ok(()) => {
                self.front = Some(desk);
                self.news = Some(News::Resumed(Asked::Front));
                self.job = Job::BringOn;
            }
            Err(error) => {
                self.ended = Some(Self::ended_of(&desk, desk.sale.standing()));
                self.finish(Done::Refused(Trouble::Sale(error)));
            }
        }
    }

    /// The next sale that the journal has open.
    fn next_open(&mut self, now: Millis, found: Result<Option<&Record>, Unreadable>) {
        match found {
            Err(Unreadable) => self.back.pause(now),
            Ok(None) => self.back.end_round(now),
            Ok(Some(record)) => {
                let at_work = self.front.as_ref().is_some_and(|desk| *desk.order_id() == record.order_id);
                self.back.after = Some(record.order_id.clone());
                if record.environment != self.terms.environment {
                    self.back.open += 1;
                } else if !at_work {
                    self.back.desk = Some(Desk::take_up(record, &self.terms, &mut self.keys, now));
                    self.news = Some(News::Resumed(Asked::Back));
                }
            }
        }
    }
}

fn desk<'d>(front: &'d mut Option<Desk>, back: &'d mut Option<Desk>, asked: Asked) -> Option<&'d mut Desk> {
    match asked {
        Asked::Front => front.as_mut(),
        Asked::Back => back.as_mut(),
        Asked::Job | Asked::Nobody => None,
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
