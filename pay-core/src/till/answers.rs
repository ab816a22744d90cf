//! What the result of a step changes in a life.

use core::mem;

use super::super::sale::{Buffers, Connection, Delivery, ErrorKind, Failure, Millis, Outcome, Record, RouteProblem};
use super::desk::Desk;
use super::ended::{Done, Trouble};
use super::job::{Goal, Job, Word};
use super::life::{Asked, Life, News};
use super::shop::{Choice, Wish};
use super::step::{Event, Unreadable};

impl Life {
    /// The observer was told, or a connection closed.
    fn told(&mut self) {
        if let Some(News::Settled(_)) = self.news.take() {
            let open = self.back.desk.as_ref().is_some_and(|desk| desk.record().is_open());
            self.back.put_by(open);
        }
    }

    /// Takes the result of the last [`Do`](crate::till::Do). `buffers`: the same as there.
    ///
    /// # Errors
    /// [`Trouble::Sale`]: the chosen request cannot be sent. Nothing was sent; the job is over, and the order can still
    /// be sold.
    #[inline(never)]
    pub fn on(&mut self, now: Millis, event: Event<'_>, buffers: &mut Buffers<'_>) -> Result<(), Trouble> {
        let asked = mem::take(&mut self.asked);
        match event {
            Event::Told => self.told(),
            Event::Recalled(found) => match asked {
                Asked::Job => self.recalled(now, found, buffers),
                Asked::Back => self.next_open(now, found),
                Asked::Front | Asked::Nobody => {}
            },
            Event::Stored(stored) if matches!(self.job, Job::Recover(_)) => self.recovery_stored(stored, buffers.rx),
            Event::Stored(stored) => {
                let terms = &self.terms;
                if let Some(desk) = desk(&mut self.front, &mut self.back.desk, asked) {
                    desk.stored(now, stored, terms);
                }
                if !stored && asked == Asked::Back {
                    self.back.pause(now);
                }
            }
            Event::Exchanged(result) if asked == Asked::Job => match &mut self.job {
                Job::Errand(errand) => errand.exchanged(now, result, buffers.rx),
                _ => self.recovery_exchanged(now, result, buffers.rx),
            },
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
            // The order stays as it is.
            Event::Chosen(Choice::Leave) => {
                let standing = self.front.as_ref().map_or(Outcome::Unknown, |desk| desk.sale.standing());
                self.leave_front();
                self.finish(Done::Over(standing));
            }
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

    /// The caller leaves the sale. A sale that cannot have charged ends at once.
    fn leave(&mut self, now: Millis) {
        if let Job::Settle { until } = &mut self.job {
            *until = now;
            return;
        }
        if let Job::Errand(_) | Job::Recover(_) = self.job {
            let failure = Failure { kind: ErrorKind::Abandoned, delivery: Delivery::Unknown };
            return self.finish(Done::Refused(Trouble::Route(RouteProblem::Failed(failure))));
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
    fn recalled(&mut self, now: Millis, found: Result<Option<&Record>, &Unreadable>, buffers: &mut Buffers<'_>) {
        match (&mut self.job, found) {
            (Job::Recover(_), found) => self.recovery_recalled(found, buffers.rx),
            // It blocks its own order only, and may be of any amount: people hear of it, limits do not count it.
            (Job::Admit { after, .. }, Err(Unreadable::Record(order_id))) => *after = Some(order_id.clone()),
            (_, Err(Unreadable::Record(_) | Unreadable::Journal)) => {
                self.leave_front();
                self.finish(Done::Refused(Trouble::Journal));
            }
            (Job::Admit { after, sum, .. }, Ok(Some(record))) => {
                if self.front.as_ref().is_some_and(|desk| *desk.order_id() != record.order_id) {
                    sum.add(record);
                }
                *after = Some(record.order_id.clone());
            }
            (Job::Admit { sum, now, then, .. }, Ok(None)) => {
                let Some(desk) = &self.front else { return };
                if let Err(limit) = self.terms.limits.admit(sum, desk.record().amount, *now) {
                    self.front = None;
                    self.finish(Done::Refused(Trouble::Limit(limit)));
                } else {
                    self.job = Job::Known(*then);
                }
            }
            (Job::Known(then), Ok(None)) => self.job = Job::Serve(*then),
            (Job::Known(then), Ok(Some(record))) => {
                let then = *then;
                self.known(now, record, then, buffers);
            }
            (Job::Recall { word, .. }, Ok(Some(record))) => {
                let word = *word;
                self.take_up(now, record, word);
            }
            (Job::Recall { order_id, .. }, Ok(None)) => {
                let trouble = Trouble::NoOrder(order_id.clone());
                self.finish(Done::Refused(trouble));
            }
            (Job::None | Job::Serve(_) | Job::BringOn | Job::Settle { .. } | Job::Errand(_), Ok(_)) => {}
        }
    }

    /// The journal has the order that is to be sold.
    fn known(&mut self, now: Millis, record: &Record, then: Goal, buffers: &mut Buffers<'_>) {
        let Some(desk) = &self.front else { return };
        let new = desk.record();
        let same =
            record.amount == new.amount && record.currency == new.currency && record.environment == new.environment;
        if !same {
            self.front = None;
            return self.finish(Done::Refused(Trouble::Changed(record.order_id.clone())));
        }
        // What was encoded for an order that is there already is not sent.
        zeroize::Zeroize::zeroize(buffers.tx);
        Desk::come_back(&mut self.front, record, &self.terms, &mut self.keys, now);
        if record.is_open() {
            self.news = Some(News::Resumed(Asked::Front));
            self.job = Job::Serve(then);
        } else if let Some(desk) = &self.front {
            let outcome = desk.sale.standing();
            self.ended = Some(Self::ended_of(desk, outcome.clone()));
            self.front = None;
            self.finish(Done::Refused(Trouble::Over(outcome)));
        }
    }

    /// A sale of the journal, and what a person says about it.
    fn take_up(&mut self, now: Millis, record: &Record, word: Word) {
        if record.environment != self.terms.environment {
            return self.finish(Done::Refused(Trouble::Changed(record.order_id.clone())));
        }
        if self.back.desk.as_ref().is_some_and(|desk| *desk.order_id() == record.order_id) {
            self.back.put_by(true);
        }
        Desk::take_up(&mut self.front, record, &self.terms, &mut self.keys, now);
        let Some(desk) = &mut self.front else { return };
        match desk.say(now, word) {
            Ok(()) => {
                self.news = Some(News::Resumed(Asked::Front));
                self.job = Job::BringOn;
            }
            Err(error) => {
                self.ended = Some(Self::ended_of(desk, desk.sale.standing()));
                self.front = None;
                self.finish(Done::Refused(Trouble::Sale(error)));
            }
        }
    }

    /// The next sale that the journal has open.
    fn next_open(&mut self, now: Millis, found: Result<Option<&Record>, &Unreadable>) {
        let time_is_over = matches!(self.job, Job::Settle { until } if now >= until);
        match found {
            Err(Unreadable::Journal) => self.back.pause(now),
            Err(Unreadable::Record(order_id)) => {
                self.back.after = Some(order_id.clone());
                self.back.open += 1;
            }
            Ok(None) => {
                self.back.end_round(now);
                if time_is_over {
                    self.back.expect();
                }
            }
            Ok(Some(record)) => {
                let at_work = self.front.as_ref().is_some_and(|desk| *desk.order_id() == record.order_id);
                self.back.after = Some(record.order_id.clone());
                if record.environment != self.terms.environment || time_is_over {
                    self.back.open += 1;
                } else if !at_work {
                    Desk::take_up(&mut self.back.desk, record, &self.terms, &mut self.keys, now);
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
