//! The current sale: its steps, when it can go on, and its goods.

use core::mem;

use super::super::model::{NextAction, OpenOrder, OrderId, PaymentSessionId};
use super::super::sale::{
    AttemptEnd, Buffers, MAX_ATTEMPTS, Millis, Outcome, Record, Refunds, Release, Sale, SaleError, Stage, Step, Token,
};
use super::super::wire::encode::TERMINATE_ORDER;
use super::super::wire::{Call, Request};
use super::job::Word;
use super::keys::Keys;
use super::shop::Offer;
use super::terms::{Terms, Unclaimed};

/// How often in a row the journal may fail if nothing can have been charged; otherwise until the sale's time is over.
const STORE_TRIES: u8 = 4;

/// How often an order is closed whose record the journal does not store.
pub(super) const CLOSE_TRIES: u8 = 3;

/// A sale at work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Desk {
    pub(super) sale: Sale,
    /// What the shopper sees of it, once needed.
    offer: Option<Offer>,
    /// Whether a shopper is there.
    pub(super) attended: bool,
    /// When it began here.
    pub(super) since: Millis,
    /// The step that has no result yet.
    pub(super) token: Option<Token>,
    /// The sale's last step, until something happens.
    pub(super) said: Said,
    pub(super) store: Store,
    /// An action was shown since the attempt began: no body of it is kept any more.
    pub(super) shown: bool,
    /// OTPs of this attempt.
    pub(super) otps: u16,
    /// The sensor was asked.
    sensed: bool,
    /// A person hands out the goods: no vend is asked for.
    pub(super) by_hand: bool,
    /// Since when the shopper has nothing left to do.
    pub(super) decided: Option<Millis>,
}

/// What a sale said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Said {
    #[default]
    Nothing,
    Ready(Option<AttemptEnd>),
    /// Addressed to no one.
    Present,
    Wait(Millis),
    Done(Outcome),
    /// The goods are to be handed out.
    Vend(Outcome),
    /// The shop is handing them out.
    Vending(Outcome),
    Failed(SaleError),
}

/// The state of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    /// How often in a row it failed.
    pub(super) failures: u8,
    /// When it is tried again.
    pub(super) at: Millis,
    /// When the time of the sale is over.
    pub(super) until: Millis,
    /// The order is to be closed next, past the journal.
    pub(super) close: bool,
    /// That request is on its way.
    pub(super) closing: bool,
    /// How often it was made.
    pub(super) closes: u8,
}

/// Whether a desk can go on.
pub(super) enum Look {
    /// Ask for its [`Turn`].
    Go,
    /// Not before this time.
    Wait(Millis),
    /// Nothing more here. How it stands.
    Over(Outcome),
    /// The journal does not take what is known, and nothing can have been charged.
    NotStored,
    Failed(SaleError),
}

/// What is next at a desk.
#[allow(clippy::large_enum_variant)] // handed on at once
pub(super) enum Turn<'t> {
    Store(&'t Record),
    Exchange(Request<'t>, &'t mut [u8]),
    Show(&'t Offer, NextAction<'t>),
    Choose(&'t PaymentSessionId, Option<&'t AttemptEnd>),
    Vend(&'t Offer),
    Sense(&'t OrderId),
    /// Look again.
    Again,
}

fn offer<'o>(place: &'o mut Option<Offer>, record: &Record) -> &'o Offer {
    place.get_or_insert_with(|| Offer {
        order_id: record.order_id.clone(),
        amount: record.amount,
        currency: record.currency.clone(),
    })
}

impl Desk {
    /// A sale before a shopper, made in its place: nowhere else is there room for it twice.
    #[inline(never)]
    pub(super) fn open(place: &mut Option<Self>, sale: impl FnOnce() -> Sale, terms: &Terms, now: Millis) {
        *place = None;
        *place = Some(Self {
            sale: sale(),
            offer: None,
            attended: true,
            since: now,
            token: None,
            said: Said::Nothing,
            store: Store { until: now.after(terms.policy.deadline_ms), ..Store::default() },
            shown: false,
            otps: 0,
            sensed: false,
            by_hand: false,
            decided: None,
        });
    }

    /// A sale from the journal, whose shopper has gone.
    pub(super) fn take_up(place: &mut Option<Self>, record: &Record, terms: &Terms, keys: &mut Keys, now: Millis) {
        let seed = keys.seed();
        Self::open(place, || Sale::resume(record.clone(), terms.policy, seed, now), terms, now);
        if let Some(desk) = place {
            desk.remind(terms, keys);
            desk.attended = false;
        }
    }

    /// The same for a shopper who comes back to it: it can be paid if every attempt has ended. The sale in this place
    /// has the session, if there is one.
    pub(super) fn come_back(place: &mut Option<Self>, record: &Record, terms: &Terms, keys: &mut Keys, now: Millis) {
        let (seed, session) = (keys.seed(), place.as_ref().and_then(Self::session).cloned());
        Self::open(place, || Sale::come_back(record.clone(), session, terms.policy, seed, now), terms, now);
        if let Some(desk) = place {
            desk.remind(terms, keys);
        }
    }

    /// What a record does not keep.
    fn remind(&mut self, terms: &Terms, keys: &Keys) {
        self.sale.introduce(keys.power_on, terms.client, None);
        // A backend makes the orders with a mark of its own.
        if self.record().stage == Stage::Creating && terms.policy.refunds != Refunds::ByBackend {
            let Record { order_id, amount, currency, .. } = self.record();
            let mark = keys.mark(order_id, *amount, currency);
            self.sale.remember_mark(&mark);
        }
    }

    pub(super) const fn record(&self) -> &Record {
        self.sale.record()
    }

    pub(super) const fn order_id(&self) -> &OrderId {
        &self.sale.record().order_id
    }

    pub(super) fn session(&self) -> Option<&PaymentSessionId> {
        self.sale.session()
    }

    /// It is at work on this order, which can be paid now.
    pub(super) fn is_ready_for(&self, order: &OpenOrder) -> bool {
        let record = self.record();
        let same =
            record.order_id == order.order_id && record.amount == order.amount && record.currency == order.currency;
        same && self.can_be_paid()
    }

    /// The order can be paid now.
    pub(super) fn can_be_paid(&self) -> bool {
        matches!(self.said, Said::Ready(_)) && self.session().is_some()
    }

    /// How to pay, where it can be paid now? And how the attempt before ended.
    pub(super) fn question(&self) -> Option<(&PaymentSessionId, Option<&AttemptEnd>)> {
        match &self.said {
            Said::Ready(ended) => self.session().map(|session| (session, ended.as_ref())),
            _ => None,
        }
    }

    /// The order, where it can be paid now.
    pub(super) fn order(&self) -> Option<OpenOrder> {
        let (record, session) = (self.record(), self.session()?.clone());
        self.can_be_paid().then(|| OpenOrder {
            order_id: record.order_id.clone(),
            amount: record.amount,
            currency: record.currency.clone(),
            session,
        })
    }

    /// The shopper is gone; it goes on beside other sales.
    pub(super) fn leave_to_itself(&mut self) {
        self.attended = false;
        self.said = Said::Nothing;
    }

    /// Ends what never left this terminal. `false`: it is ended, or nothing can end it.
    pub(super) fn give_up(&mut self, now: Millis) -> bool {
        if matches!(self.said, Said::Done(_)) || matches!(self.record().stage, Stage::Closing) {
            return false;
        }
        self.sale.cancel(now);
        self.said = Said::Nothing;
        true
    }

    /// Applies what a person says about it.
    ///
    /// # Errors
    /// The sale is not at a point where this can be said.
    pub(super) fn say(&mut self, now: Millis, word: Word) -> Result<(), SaleError> {
        self.said = Said::Nothing;
        match word {
            Word::BringOn => Ok(()),
            Word::Goods { out: true } if self.record().release == Release::Due => {
                self.by_hand = true;
                Ok(())
            }
            Word::Goods { out } => self.sale.settle_release(out),
            Word::Attest { paid } => self.sale.attest(paid),
            Word::Refunded => self.sale.refunded(),
            Word::ReportSettled => self.sale.report_settled(),
            Word::Cancel => {
                self.sale.cancel(now);
                Ok(())
            }
        }
    }

    /// Another sale may write to `tx`: this one keeps no body there that it may have to send again.
    pub(super) const fn spares_tx(&self) -> bool {
        self.shown && self.otps == 0
    }

    /// Whether its state is not stored yet, and the journal has not failed.
    pub(super) fn wants_store(&self) -> bool {
        self.said == Said::Nothing && self.sale.is_dirty() && self.store.failures == 0
    }

    /// Whether it can go on. Does what needs no one else.
    pub(super) fn look(&mut self, now: Millis, terms: &Terms) -> Look {
        self.decide(now, terms);
        match &self.said {
            Said::Failed(error) => Look::Failed(*error),
            Said::Done(_) if self.record().release == Release::Unknown && !self.sensed => Look::Go,
            Said::Done(outcome) => Look::Over(outcome.clone()),
            Said::Wait(at) => match self.lingers_until(terms) {
                Some(end) if now >= end => Look::Over(self.sale.standing()),
                Some(end) => Look::Wait(end.min(*at)),
                None => Look::Wait(*at),
            },
            Said::Nothing if self.store.failures > 0 && !self.store.close => self.look_at_store(now, terms),
            Said::Nothing | Said::Ready(_) | Said::Present | Said::Vend(_) | Said::Vending(_) => Look::Go,
        }
    }

    /// The journal failed: when to try again, or whether to give up.
    fn look_at_store(&self, now: Millis, terms: &Terms) -> Look {
        let standing = self.sale.standing();
        let (tried, late) = (self.store.failures >= STORE_TRIES, now >= self.store.until);
        match standing {
            Outcome::NotPaid(_) if tried => Look::NotStored,
            _ if now < self.store.at => Look::Wait(self.store.at),
            // Whoever could still pay was closed out, or nobody hears of it.
            Outcome::Pending | Outcome::Unknown
                if self.store.closes >= CLOSE_TRIES || (late && !terms.policy.can_ask) =>
            {
                Look::Over(standing)
            }
            Outcome::Pending | Outcome::Unknown => Look::Go,
            _ if tried && late => Look::Over(standing),
            _ => Look::Go,
        }
    }

    /// How long a shopper who has nothing left to do stands here.
    fn lingers_until(&self, terms: &Terms) -> Option<Millis> {
        self.decided.filter(|_| self.attended).map(|since| since.after(terms.linger_ms))
    }

    fn decide(&mut self, now: Millis, terms: &Terms) {
        if self.decided.is_none() && !matches!(self.record().stage, Stage::Creating | Stage::Open) {
            self.decided = Some(now);
        }
        self.said = match mem::take(&mut self.said) {
            Said::Wait(at) if now >= at => Said::Nothing,
            Said::Wait(_) if self.is_abandoned(now, terms) => {
                self.sale.cancel(now);
                Said::Nothing
            }
            Said::Ready(end) => self.ready(now, end),
            Said::Present => {
                self.sale.shown(now);
                Said::Nothing
            }
            Said::Done(outcome) => self.hand_out(outcome, terms),
            // Nobody said what became of them, and they are not handed out twice.
            Said::Vending(outcome) => {
                self.token = None;
                Said::Done(outcome)
            }
            other => other,
        };
    }

    /// No shopper is there, and the order can still be paid.
    fn is_abandoned(&self, now: Millis, terms: &Terms) -> bool {
        !self.attended && self.record().stage == Stage::Open && now.since(self.since) >= u64::from(terms.abandoned_ms)
    }

    fn ready(&mut self, now: Millis, end: Option<AttemptEnd>) -> Said {
        let full = self.record().attempt_count() >= MAX_ATTEMPTS;
        if self.attended && self.session().is_some() && !full {
            return Said::Ready(end);
        }
        // Nobody to ask, or nothing left to try: what is open is asked about, or the order is closed.
        if !full || self.sale.ask(now).is_err() {
            self.sale.cancel(now);
        }
        Said::Nothing
    }

    /// The outcome is known: what becomes of the goods.
    fn hand_out(&mut self, outcome: Outcome, terms: &Terms) -> Said {
        let changed = match self.record().release {
            Release::Due if self.attended || self.by_hand => self.sale.begin_release().is_ok(),
            Release::Due if terms.unclaimed == Unclaimed::Return => self.sale.settle_release(false).is_ok(),
            Release::Releasing => match self.sale.vend_token() {
                Some(token) if self.by_hand => self.sale.released(token, true).is_ok(),
                Some(token) => {
                    self.token = Some(token.into());
                    return Said::Vend(outcome);
                }
                None => false,
            },
            Release::Due
            | Release::Untracked
            | Release::Unknown
            | Release::Released
            | Release::NotReleased
            | Release::Returned => false,
        };
        if changed { Said::Nothing } else { Said::Done(outcome) }
    }

    /// What is next. After [`Look::Go`].
    pub(super) fn next<'t>(
        &'t mut self,
        now: Millis,
        terms: &Terms,
        keys: &mut Keys,
        buffers: &'t mut Buffers<'_>,
    ) -> Turn<'t> {
        if let Said::Vend(outcome) = &mut self.said {
            let outcome = mem::replace(outcome, Outcome::Unknown);
            self.said = Said::Vending(outcome);
            return Turn::Vend(offer(&mut self.offer, self.sale.record()));
        }
        if matches!(self.said, Said::Done(_)) {
            self.sensed = true;
            return Turn::Sense(self.order_id());
        }
        if matches!(self.said, Said::Ready(_)) {
            return self.question().map_or(Turn::Again, |(session, ended)| Turn::Choose(session, ended));
        }
        if mem::take(&mut self.store.close) {
            self.store.closes = self.store.closes.saturating_add(1);
            self.store.closing = true;
            let record = self.sale.record();
            let call = Call::TerminateOrder(&record.order_id);
            let request = Request::new(call, record.api_version, keys.request_id())
                .with_timeout_ms(terms.policy.exchange_ms)
                .with_body(TERMINATE_ORDER);
            return Turn::Exchange(request, buffers.rx);
        }
        let offer = offer(&mut self.offer, self.sale.record());
        match self.sale.step(now, buffers) {
            Ok(Step::Commit(token, record)) => {
                self.token = Some(token.into());
                return Turn::Store(record);
            }
            Ok(Step::Exchange(token, request, rx)) => {
                self.token = Some(token.into());
                return Turn::Exchange(request, rx);
            }
            Ok(Step::Present(action)) if self.attended => return Turn::Show(offer, action),
            Ok(Step::Present(_)) => self.said = Said::Present,
            Ok(Step::Ready(end)) => self.said = Said::Ready(end),
            Ok(Step::Wait(at)) => self.said = Said::Wait(at),
            Ok(Step::Done(outcome)) => self.said = Said::Done(outcome),
            Err(error) => self.said = Said::Failed(error),
        }
        Turn::Again
    }
}
