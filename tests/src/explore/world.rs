//! A world: a gateway, terminals, and everything that can happen next.

use core::fmt;
use std::sync::Arc;

use pay_core::sale::{Delivery, Millis, NOT_ATTEMPTED_MS, Record, Refunds, Release, Stage};
use pay_core::till::canonical::{Caps, NOON};
use pay_core::till::{Event, Goods, Terms, Wish, Word};

use super::gateway::{Answer, Call, Gateway, Kind, Payment, State, Status};
use super::merchant::Merchant;
use super::terminal::{Doing, ORDER, SHOWN, Tell, Terminal, Wants, choice, terms, typed, vended};
use crate::laws::Payer;

const HOUR_MS: u64 = 3_600_000;
/// So many passwords are typed for one payment, or asked for again.
const MOST_OTPS: u8 = 2;

/// What can happen in a world, and what is in it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its name.
    pub name: &'static str,
    /// How many terminals have the order.
    pub terminals: u8,
    /// The first terminal creates the order; else all are given it.
    pub creates: bool,
    /// What is typed in as its session.
    pub session: &'static str,
    /// Ways to pay.
    pub kinds: &'static [Kind],
    /// The most attempts of one sale.
    pub attempts: usize,
    /// Payments by strangers.
    pub strangers: usize,
    /// A payment that nobody completed is dropped when the order ends; else it stays as it is for ever.
    pub drops: bool,
    /// Lists may have an element that cannot be read.
    pub hides: bool,
    /// The journal may fail.
    pub flash_fails: bool,
    /// The journal may be lost with the terminal.
    pub loses_journal: bool,
    /// Requests may arrive after their sender has given up.
    pub late: bool,
    /// Requests may be refused, throttled, fail at the bank or not leave, beside being lost.
    pub refuses: bool,
    /// Somebody may wait for an hour, with the power or without.
    pub hours: bool,
    /// A payment may fail.
    pub fails: bool,
    /// The shopper may want another method while one is open.
    pub switches: bool,
    /// The merchant's backend creates and closes orders, gives the right to hand out, and refunds.
    pub backend: bool,
    /// Where counting stops.
    pub caps: Caps,
    /// What the merchant decided.
    pub terms: Terms,
    /// What the merchant decides otherwise, at any boot; then the device has another secret too.
    pub other: Option<Terms>,
}

impl Rules {
    /// One terminal, one method, nobody else.
    pub fn small(name: &'static str) -> Self {
        Self {
            name,
            terminals: 1,
            creates: false,
            session: super::gateway::SESSION,
            kinds: &[Kind::Link],
            attempts: 1,
            strangers: 0,
            drops: false,
            hides: false,
            flash_fails: false,
            loses_journal: false,
            late: false,
            refuses: true,
            hours: true,
            fails: true,
            switches: false,
            backend: false,
            caps: Caps { failures: 3, age_ms: 0 },
            terms: terms(Refunds::ByKeys),
            other: None,
        }
    }
}

impl Rules {
    fn terms(&self, other: bool) -> &Terms {
        self.other.as_ref().filter(|_| other).unwrap_or(&self.terms)
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    On {
        till: u8,
        after_hour: bool,
        other: bool,
    },
    Cut(u8),
    LosesJournal(u8),
    Looks {
        till: u8,
        after_hour: bool,
    },
    Person {
        till: u8,
        out: bool,
    },
    Attests {
        till: u8,
        paid: bool,
    },
    SaysRefunded(u8),
    Stores(u8),
    StoreFails {
        till: u8,
        stored: bool,
    },
    Answered(u8, Call),
    AnsweredWithout(u8, usize),
    Refused(u8, Call),
    Throttled(u8, Call),
    FailedAfter(u8, Call),
    NotSent(u8, Call),
    LostBefore(u8, Call),
    LostAfter(u8, Call),
    CutAfter(u8, Call),
    /// The backend dies when the gateway has acted, before it has noted so.
    BackendDies(u8, Call),
    Delayed(u8, Call),
    Arrives(Call),
    NeverArrives(Call),
    Shown(u8),
    NotShown(u8),
    /// A password, right or not; `None`: another is asked for.
    Types(u8, Option<bool>),
    Chooses(u8, Option<Kind>),
    Vends {
        till: u8,
        goods: Goods,
        cut: bool,
        out: bool,
    },
    Senses {
        till: u8,
        goods: Goods,
    },
    Waits(u8),
    WaitsLong(u8),
    Cancels(u8),
    Switches(u8),
    Succeeds(u64),
    Fails(u64),
    Dropped(u64),
    StrangerBegins,
    Expires,
    MerchantWorks {
        lost: bool,
    },
    Reports {
        released: bool,
        payment: u64,
    },
    Claims {
        payment: u64,
    },
}

impl Step {
    /// It is no fault, nor somebody's whim: on a fair network it comes in the end, if it can.
    pub const fn is_fair(&self, rules: &Rules) -> bool {
        match self {
            Self::On { other: false, .. }
            | Self::Looks { .. }
            | Self::Person { .. }
            | Self::Attests { .. }
            | Self::SaysRefunded(_)
            | Self::Stores(_)
            | Self::Answered(..)
            | Self::Arrives(_)
            | Self::NeverArrives(_)
            | Self::Shown(_)
            | Self::Types(..)
            | Self::Chooses(..)
            | Self::Vends { cut: false, .. }
            | Self::Senses { .. }
            | Self::Waits(_)
            | Self::WaitsLong(_)
            | Self::Succeeds(_)
            | Self::Fails(_)
            | Self::Dropped(_)
            | Self::MerchantWorks { lost: false }
            | Self::Expires => true,
            Self::On { other: true, .. }
            | Self::Cut(_)
            | Self::LosesJournal(_)
            | Self::StoreFails { .. }
            | Self::AnsweredWithout(..)
            | Self::Refused(..)
            | Self::Throttled(..)
            | Self::FailedAfter(..)
            | Self::NotSent(..)
            | Self::LostBefore(..)
            | Self::LostAfter(..)
            | Self::CutAfter(..)
            | Self::BackendDies(..)
            | Self::Delayed(..)
            | Self::NotShown(_)
            | Self::Vends { .. }
            | Self::Switches(_)
            | Self::MerchantWorks { lost: true }
            | Self::Reports { .. }
            | Self::Claims { .. }
            | Self::StrangerBegins => false,
            // It stands for the end of the shopper's time, where nobody waits for so long.
            Self::Cancels(_) => !rules.hours,
        }
    }
}

/// Everything that is.
#[derive(Clone, Debug)]
pub struct World {
    pub outside: Outside,
    pub tills: Vec<Arc<Terminal>>,
}

/// What terminals talk to.
#[derive(Clone, Debug, Hash)]
pub struct Outside {
    pub gateway: Gateway,
    /// The merchant's book, where it is in this world.
    pub merchant: Option<Merchant>,
}

impl Outside {
    /// What a call does, and its answer.
    fn on(&mut self, call: &Call) -> Result<Answer, String> {
        match &mut self.merchant {
            Some(merchant) => merchant.pass(&mut self.gateway, call),
            None => self.gateway.on(&ORDER, call),
        }
    }
}

/// What may come next.
pub struct Next {
    /// What happens.
    pub step: Step,
    /// The world after it, or the law that it breaks.
    pub result: Result<World, String>,
    /// The two terminals have changed their places in it.
    pub swapped: bool,
}

impl World {
    /// At the beginning.
    pub fn new(rules: &Rules) -> Self {
        let state = if rules.creates { State::Absent } else { State::Active };
        let mut tills: Vec<_> = (1..=rules.terminals).map(Terminal::new).collect();
        for till in &mut tills {
            till.switch_on(&rules.terms, false);
            if rules.creates && till.number == 1 {
                till.create(NOON);
            } else {
                till.sell(rules.session, NOON);
            }
            till.run(NOON, rules.flash_fails, &mut |_| Ok(())).expect("nothing is said yet");
            till.canonical(NOON, rules.caps);
        }
        let outside = Outside { gateway: Gateway::new(state), merchant: None };
        Self { outside, tills: tills.into_iter().map(Arc::new).collect() }.with_merchant(rules)
    }

    /// The book, and two payments of a till that are under way.
    fn with_merchant(mut self, rules: &Rules) -> Self {
        if rules.backend {
            self.outside.merchant = Some(Merchant::new(!rules.creates));
        }
        if rules.terminals == 0 {
            for _ in 0..rules.attempts {
                let payer = Payer::Till(1);
                let (kind, status) = (Kind::Collect, Status::Pending);
                self.outside.gateway.payments.push(Payment {
                    payer,
                    kind,
                    status,
                    seen: false,
                    done: 0,
                    refunded: false,
                    unnamed: false,
                    otps: 0,
                });
            }
        }
        self
    }

    /// What becomes of the merchant's book.
    fn merchant_moves(&self, rules: &Rules, all: &mut Vec<Next>) {
        let Some(merchant) = &self.outside.merchant else { return };
        let change = |world: &mut Self, run: &dyn Fn(&mut Merchant, &mut Gateway) -> Result<(), String>| {
            let Outside { gateway, merchant } = &mut world.outside;
            merchant.as_mut().map_or(Ok(()), |merchant| run(merchant, gateway))
        };
        if !merchant.is_at_rest() {
            for lost in [false, true].into_iter().take(1 + usize::from(rules.refuses)) {
                self.after(rules, Step::MerchantWorks { lost }, all, |world| {
                    change(world, &|merchant, gateway| merchant.works(gateway, lost))
                });
            }
        }
        if !self.tills.is_empty() {
            return;
        }
        for (index, payment) in self.outside.gateway.payments.iter().enumerate() {
            let id = Gateway::id(index);
            if payment.status != Status::Success || payment.refunded || merchant.reported() == Some(false) {
                continue;
            }
            if self.outside.gateway.goods.contains(&id) {
                self.after(rules, Step::Reports { released: true, payment: id }, all, |world| {
                    change(world, &|merchant, _| {
                        merchant.report(true, Some(id));
                        Ok(())
                    })
                });
                continue;
            }
            // Goods go out once the book has granted the right to it.
            self.after(rules, Step::Claims { payment: id }, all, |world| {
                change(world, &|merchant, gateway| {
                    if merchant.claim(id) {
                        gateway.goods.push(id);
                        gateway.facts().handed_out(1)?;
                    }
                    Ok(())
                })
            });
            if self.outside.gateway.goods.is_empty() {
                self.after(rules, Step::Reports { released: false, payment: Gateway::id(index) }, all, |world| {
                    change(world, &|merchant, _| {
                        merchant.report(false, Some(Gateway::id(index)));
                        Ok(())
                    })
                });
            }
        }
    }

    /// Nobody but a person has anything left to do, and nothing can move.
    pub fn is_end(&self) -> bool {
        let is_paid = self.outside.gateway.payments.iter().any(|payment| payment.status == Status::Success);
        // Money came, and whose it is cannot be told.
        let is_unclear = |record: &Record| {
            record.needs_person() && matches!(record.stage, Stage::PaidUnclear | Stage::Closing) && is_paid
        };
        let waits = |till: &Arc<Terminal>| till.doing == Doing::Idle && till.record().is_some_and(is_unclear);
        self.tills.iter().all(|till| till.doing == Doing::Over || waits(till))
            && self.outside.merchant.as_ref().is_none_or(Merchant::is_at_rest)
            && self.outside.gateway.facts().is_at_rest()
    }

    /// Nobody has anything left to do.
    fn is_over(&self) -> bool {
        self.is_end()
            && self.outside.merchant.as_ref().is_none_or(Merchant::is_settled)
            && self.tills.iter().all(|till| till.doing == Doing::Over)
    }

    /// What cannot go on by itself: every till waits for a person, or is over.
    pub fn kind_of_end(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for till in &self.tills {
            parts.push(till.record().map_or_else(
                || "nothing was begun".to_owned(),
                |record| format!("{} {:?}", stage(record), record.release),
            ));
        }
        if let Some(merchant) = &self.outside.merchant {
            parts.push(if merchant.is_settled() { "settled".to_owned() } else { "left to a person".to_owned() });
        }
        let facts = self.outside.gateway.facts();
        format!("{}; {} kept, {} goods", parts.join(" | "), facts.kept(), facts.goods.len())
    }

    /// Laws of a state, whatever led to it.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn check(&self) -> Result<(), String> {
        if self.tills.iter().filter_map(|till| till.record()).any(|record| !record.is_open() && record.needs_person()) {
            return Err("a sale is over, and its record calls for a person".to_owned());
        }
        if !self.is_over() {
            return Ok(());
        }
        let facts = self.outside.gateway.facts();
        let untold = |merchant: &Merchant| facts.kept() > 0 && facts.goods.is_empty() && !merchant.tells();
        if self.outside.merchant.as_ref().is_some_and(untold) {
            return Err("money stays at the end, nothing came out for it, and nobody is told".to_owned());
        }
        facts.at_the_end()
    }

    /// Two terminals that began alike are the same two in any order.
    fn sort(&mut self, rules: &Rules) -> bool {
        let [one, two] = &mut self.tills[..] else { return false };
        if rules.creates || one.print <= two.print {
            return false;
        }
        core::mem::swap(one, two);
        Arc::make_mut(one).number = 1;
        Arc::make_mut(two).number = 2;
        self.outside.gateway.swap();
        true
    }

    /// Everything that can happen next.
    pub fn next(&self, rules: &Rules) -> Vec<Next> {
        let mut all = Vec::new();
        self.gateway_moves(rules, &mut all);
        self.merchant_moves(rules, &mut all);
        for index in 0..self.tills.len() {
            self.till_moves(rules, index, &mut all);
        }
        all
    }

    fn after(
        &self,
        rules: &Rules,
        step: Step,
        all: &mut Vec<Next>,
        change: impl FnOnce(&mut Self) -> Result<(), String>,
    ) {
        let mut world = self.clone();
        let result = change(&mut world).and_then(|()| world.check());
        world.outside.gateway.canonical();
        let swapped = world.sort(rules);
        all.push(Next { step, result: result.map(|()| world), swapped });
    }

    fn gateway_moves(&self, rules: &Rules, all: &mut Vec<Next>) {
        let gateway = &self.outside.gateway;
        for (index, payment) in gateway.payments.iter().enumerate() {
            let id = Gateway::id(index);
            if gateway.may_succeed(payment) {
                self.after(rules, Step::Succeeds(id), all, |world| {
                    world.outside.gateway.succeed(index);
                    Ok(())
                });
                if rules.fails {
                    self.after(rules, Step::Fails(id), all, |world| {
                        world.outside.gateway.payments[index].status = Status::Failed;
                        Ok(())
                    });
                }
            }
            if rules.drops && gateway.state != State::Active && payment.status == Status::NotAttempted {
                self.after(rules, Step::Dropped(id), all, |world| {
                    world.outside.gateway.payments[index].status = Status::Dropped;
                    Ok(())
                });
            }
        }
        let strangers = gateway.payments.iter().filter(|payment| payment.payer == Payer::Stranger).count();
        if gateway.state == State::Active && strangers < rules.strangers {
            self.after(rules, Step::StrangerBegins, all, |world| {
                world.outside.gateway.payments.push(Payment {
                    payer: Payer::Stranger,
                    kind: Kind::Collect,
                    status: Status::Pending,
                    seen: true,
                    done: 0,
                    refunded: false,
                    unnamed: false,
                    otps: 0,
                });
                Ok(())
            });
        }
        if gateway.state == State::Active {
            self.after(rules, Step::Expires, all, |world| {
                world.outside.gateway.state = State::Expired;
                Ok(())
            });
        }
        for (index, call) in gateway.late.iter().enumerate() {
            self.after(rules, Step::NeverArrives(call.clone()), all, |world| {
                world.outside.gateway.late.remove(index);
                Ok(())
            });
            self.after(rules, Step::Arrives(call.clone()), all, |world| {
                let call = world.outside.gateway.late.remove(index);
                world.outside.on(&call).map(drop)
            });
        }
    }

    /// Something happens to a terminal at `now`; then it runs on until there is a choice.
    fn to_till(
        &self,
        rules: &Rules,
        index: usize,
        at: Millis,
        step: Step,
        all: &mut Vec<Next>,
        change: impl FnOnce(&mut Outside, &mut Terminal) -> Result<(), String>,
    ) {
        self.after(rules, step, all, |world| {
            let World { outside, tills } = world;
            let till = Arc::make_mut(&mut tills[index]);
            change(outside, till)?;
            let gateway = &mut outside.gateway;
            if gateway.is_closed() && at.since(NOON) * 4 >= NOT_ATTEMPTED_MS * 3 {
                gateway.stale = true;
            }
            let facts = gateway.facts();
            let number = till.number;
            till.run(at, rules.flash_fails, &mut |said| facts.said(number, said))?;
            till.canonical(at, rules.caps);
            Ok(())
        });
    }

    fn till_moves(&self, rules: &Rules, index: usize, all: &mut Vec<Next>) {
        let till = &self.tills[index];
        let number = till.number;
        let hour = NOON.after(HOUR_MS as u32);
        match till.doing {
            Doing::Over => return,
            Doing::Off => {
                for (at, after_hour) in [(NOON, false), (hour, true)].into_iter().take(1 + usize::from(rules.hours)) {
                    for other in [false, true].into_iter().take(1 + usize::from(rules.other.is_some())) {
                        let step = Step::On { till: number, after_hour, other };
                        self.to_till(rules, index, at, step, all, |_, till| {
                            till.canonical(at, rules.caps);
                            till.switch_on(rules.terms(other), other);
                            till.settle(NOON);
                            Ok(())
                        });
                    }
                }
                return;
            }
            Doing::Idle => {
                for (at, after_hour) in [(NOON, false), (hour, true)].into_iter().take(1 + usize::from(rules.hours)) {
                    self.to_till(rules, index, at, Step::Looks { till: number, after_hour }, all, |_, till| {
                        till.settle(at);
                        Ok(())
                    });
                }
                let facts = self.outside.gateway.facts();
                let paid = facts.has_paid(number);
                // A person says "not paid" of what was not and will not be.
                let known = paid || !facts.may_pay(number);
                let asks_people = |record: &Record| {
                    record.stage == Stage::PaidUnclear || (!rules.terms.policy.can_ask && record.is_open())
                };
                if known && till.record().is_some_and(asks_people) {
                    self.to_till(rules, index, NOON, Step::Attests { till: number, paid }, all, |_, till| {
                        till.word(Word::Attest { paid });
                        Ok(())
                    });
                }
                // A person sees in the gateway's books that the money went back, or sends it back where the till cannot.
                let by_hand = !rules.terms.policy.can_ask;
                let is_back = by_hand || rules.other.is_some() && facts.kept() <= facts.goods.len();
                if is_back && till.record().is_some_and(|record| record.refund_due().is_some()) {
                    self.to_till(rules, index, NOON, Step::SaysRefunded(number), all, |outside, till| {
                        for payment in outside.gateway.payments.iter_mut().filter(|_| by_hand) {
                            payment.refunded |= payment.status == Status::Success;
                        }
                        till.word(Word::Refunded);
                        Ok(())
                    });
                }
                if till.record().is_some_and(|record| record.release == Release::Unknown) {
                    let out = till.facts.out;
                    self.to_till(rules, index, NOON, Step::Person { till: number, out }, all, |_, till| {
                        till.word(Word::Goods { out });
                        Ok(())
                    });
                }
            }
            Doing::Works => self.works(rules, index, all),
        }
        self.to_till(rules, index, NOON, Step::Cut(number), all, |_, till| {
            till.cut();
            Ok(())
        });
        if rules.loses_journal && till.lost == 0 {
            self.to_till(rules, index, NOON, Step::LosesJournal(number), all, |outside, till| {
                outside.gateway.lose(number);
                till.cut();
                till.journal.clear();
                till.lost += 1;
                // A till with a new journal begins anew, with the order that it had.
                till.switch_on(&rules.terms, false);
                if rules.creates {
                    till.create(NOON);
                } else {
                    till.sell(rules.session, NOON);
                }
                Ok(())
            });
        }
    }

    fn works(&self, rules: &Rules, index: usize, all: &mut Vec<Next>) {
        let number = self.tills[index].number;
        let mut asked = self.clone();
        let wants = Arc::make_mut(&mut asked.tills[index]).wants(NOON);
        let event = |event: Event<'static>| {
            move |_: &mut Outside, till: &mut Terminal| {
                till.tell(NOON, Tell::Event(event));
                Ok(())
            }
        };
        match wants {
            Wants::Store(record) => {
                asked.to_till(rules, index, NOON, Step::Stores(number), all, |_, till| {
                    let stored = till.store(&record);
                    till.tell(NOON, Tell::Event(Event::Stored(stored)));
                    Ok(())
                });
                for stored in [false, true] {
                    asked.to_till(rules, index, NOON, Step::StoreFails { till: number, stored }, all, |_, till| {
                        if stored {
                            till.store(&record);
                        }
                        till.tell(NOON, Tell::Event(Event::Stored(false)));
                        Ok(())
                    });
                }
            }
            Wants::Exchange(call) => asked.exchange(rules, index, &call, all),
            Wants::Show(payment) => {
                asked.to_till(rules, index, NOON, Step::Shown(number), all, |outside, till| {
                    if let Some(payment) = payment.and_then(|id| outside.gateway.payment(id)) {
                        payment.seen = true;
                    }
                    till.tell(NOON, Tell::Event(SHOWN));
                    Ok(())
                });
                asked.to_till(
                    rules,
                    index,
                    NOON,
                    Step::NotShown(number),
                    all,
                    event(Event::Seen(pay_core::till::Seen::GiveUp)),
                );
            }
            Wants::Type => {
                let typed_before = asked.outside.gateway.payments.iter().map(|payment| payment.otps).max();
                let ways = [Some(true), Some(false), None].into_iter().filter(|_| typed_before < Some(MOST_OTPS));
                for right in ways {
                    let step = Step::Types(number, right);
                    asked.to_till(rules, index, NOON, step, all, event(typed(right)));
                }
                asked.to_till(rules, index, NOON, Step::Shown(number), all, event(SHOWN));
                let step = Step::NotShown(number);
                asked.to_till(rules, index, NOON, step, all, event(Event::Seen(pay_core::till::Seen::GiveUp)));
            }
            Wants::Choose(session) => {
                let attempts = asked.tills[index].record().map_or(0, Record::attempt_count);
                let kinds = rules.kinds.iter().copied().map(Some).filter(|_| attempts < rules.attempts);
                for kind in kinds.chain([None]) {
                    let step = Step::Chooses(number, kind);
                    asked.to_till(rules, index, NOON, step, all, event(Event::Chosen(choice(kind, &session))));
                }
            }
            Wants::Vend => asked.vend(rules, index, all),
            Wants::Sense => {
                let truth = if asked.tills[index].facts.out { Goods::Out } else { Goods::Inside };
                for goods in [Goods::Unknown, truth] {
                    asked.to_till(
                        rules,
                        index,
                        NOON,
                        Step::Senses { till: number, goods },
                        all,
                        event(Event::Sensed(goods)),
                    );
                }
            }
            Wants::Sleep(at) => asked.sleep(rules, index, at, all),
            Wants::NextOpen(_) | Wants::Recall(_) | Wants::Nothing | Wants::Told(..) | Wants::Idle(_) => {
                let result = Err("it goes on for ever without a choice".to_owned());
                all.push(Next { step: Step::Waits(number), result, swapped: false });
            }
        }
    }

    fn exchange(&self, rules: &Rules, index: usize, call: &Call, all: &mut Vec<Next>) {
        let number = self.tills[index].number;
        let failed = |delivery| {
            move |_: &mut Outside, till: &mut Terminal| {
                till.tell(NOON, Tell::Failed(delivery));
                Ok(())
            }
        };
        let pays = matches!(call, Call::Pay { .. });
        let before = |till: &mut Terminal| till.check_sends(call, rules.terms.policy.can_ask);
        self.to_till(rules, index, NOON, Step::Answered(number, call.clone()), all, |outside, till| {
            before(till)?;
            let answer = outside.on(call)?;
            till.note_answer(&outside.gateway, call, &answer);
            till.tell(NOON, Tell::Answer(&answer));
            Ok(())
        });
        if rules.refuses && matches!(call, Call::Pay { .. } | Call::Create { .. }) {
            self.to_till(rules, index, NOON, Step::NotSent(number, call.clone()), all, failed(Delivery::NotSent));
        }
        let is_lost = rules.refuses || !matches!(call, Call::Refund { .. } | Call::ReadRefund { .. } | Call::Refunds);
        if is_lost {
            self.to_till(rules, index, NOON, Step::LostBefore(number, call.clone()), all, |_, till| {
                before(till)?;
                till.tell(NOON, Tell::Failed(Delivery::Unknown));
                Ok(())
            });
        }
        if rules.hides && matches!(call, Call::Payments) {
            for hidden in 0..self.outside.gateway.payments.len() {
                let step = Step::AnsweredWithout(number, hidden);
                self.to_till(rules, index, NOON, step, all, |outside, till| {
                    let answer = outside.gateway.list(&ORDER, Some(hidden));
                    till.tell(NOON, Tell::Answer(&answer));
                    Ok(())
                });
            }
        }
        if !call.acts() {
            return;
        }
        self.to_till(rules, index, NOON, Step::LostAfter(number, call.clone()), all, |outside, till| {
            before(till)?;
            outside.on(call)?;
            till.tell(NOON, Tell::Failed(Delivery::Unknown));
            Ok(())
        });
        self.to_till(rules, index, NOON, Step::CutAfter(number, call.clone()), all, |outside, till| {
            before(till)?;
            outside.on(call)?;
            till.cut();
            Ok(())
        });
        if rules.backend && matches!(call, Call::Create { .. } | Call::Terminate) {
            self.to_till(rules, index, NOON, Step::BackendDies(number, call.clone()), all, |outside, till| {
                before(till)?;
                if let Some(merchant) = &mut outside.merchant {
                    merchant.dies_after(&mut outside.gateway, call)?;
                }
                till.tell(NOON, Tell::Failed(Delivery::Unknown));
                Ok(())
            });
        }
        if rules.late && !self.outside.gateway.late.contains(call) {
            self.to_till(rules, index, NOON, Step::Delayed(number, call.clone()), all, |outside, till| {
                before(till)?;
                outside.gateway.late.push(call.clone());
                till.tell(NOON, Tell::Failed(Delivery::Unknown));
                Ok(())
            });
        }
        if pays && rules.refuses {
            type Kind<'k> = (Step, Answer, bool);
            let kinds: [Kind<'_>; 3] = [
                (Step::Refused(number, call.clone()), Answer::refusal(400, "method_not_allowed"), false),
                (Step::Throttled(number, call.clone()), Answer::refusal(429, "too_many"), false),
                (Step::FailedAfter(number, call.clone()), Answer::refusal(502, "bank_processing_failure"), true),
            ];
            for (step, answer, done) in kinds {
                self.to_till(rules, index, NOON, step, all, |outside, till| {
                    before(till)?;
                    if done {
                        outside.on(call)?;
                    }
                    till.tell(NOON, Tell::Answer(&answer));
                    Ok(())
                });
            }
        }
    }

    fn vend(&self, rules: &Rules, index: usize, all: &mut Vec<Next>) {
        let number = self.tills[index].number;
        for (goods, cut, out) in [
            (Goods::Out, false, true),
            (Goods::Inside, false, false),
            (Goods::Unknown, false, true),
            (Goods::Unknown, false, false),
            (Goods::Unknown, true, true),
        ] {
            let step = Step::Vends { till: number, goods, cut, out };
            self.to_till(rules, index, NOON, step, all, |outside, till| {
                if out {
                    till.facts.out = true;
                    // For which payment, the till has said when it named the payer.
                    outside.gateway.goods.push(till.payer().unwrap_or(0));
                    outside.gateway.facts().handed_out(number)?;
                }
                if cut {
                    till.cut();
                } else {
                    till.tell(NOON, Tell::Event(vended(goods)));
                }
                Ok(())
            });
        }
    }

    fn sleep(&self, rules: &Rules, index: usize, at: Millis, all: &mut Vec<Next>) {
        let number = self.tills[index].number;
        let wish = |at: Millis, wish: Wish| {
            move |_: &mut Outside, till: &mut Terminal| {
                till.tell(at, Tell::Event(Event::Wished(wish)));
                Ok(())
            }
        };
        self.to_till(rules, index, at, Step::Waits(number), all, wish(at, Wish::Nothing));
        let long = NOON.after(HOUR_MS as u32);
        if at < long && rules.hours {
            self.to_till(rules, index, long, Step::WaitsLong(number), all, wish(long, Wish::Nothing));
        }
        self.to_till(rules, index, NOON, Step::Cancels(number), all, wish(NOON, Wish::Cancel));
        if rules.switches {
            let go_on = Wish::Switch(pay_core::sale::Switch::GoOn);
            self.to_till(rules, index, NOON, Step::Switches(number), all, wish(NOON, go_on));
        }
    }
}

fn stage(record: &Record) -> String {
    let stage = format!("{:?}", record.stage);
    stage.split(['(', '{']).next().unwrap_or_default().trim().to_owned()
}

impl Step {
    /// The same of the other terminal, where two have changed their places.
    #[must_use]
    pub fn swapped(mut self) -> Self {
        match &mut self {
            Self::On { till, .. }
            | Self::Cut(till)
            | Self::LosesJournal(till)
            | Self::Looks { till, .. }
            | Self::Person { till, .. }
            | Self::Attests { till, .. }
            | Self::SaysRefunded(till)
            | Self::Stores(till)
            | Self::StoreFails { till, .. }
            | Self::AnsweredWithout(till, _)
            | Self::Shown(till)
            | Self::NotShown(till)
            | Self::Types(till, _)
            | Self::Chooses(till, _)
            | Self::Vends { till, .. }
            | Self::Senses { till, .. }
            | Self::Waits(till)
            | Self::WaitsLong(till)
            | Self::Cancels(till)
            | Self::Switches(till) => *till = 3 - *till,
            Self::Answered(till, call)
            | Self::Refused(till, call)
            | Self::Throttled(till, call)
            | Self::FailedAfter(till, call)
            | Self::NotSent(till, call)
            | Self::LostBefore(till, call)
            | Self::LostAfter(till, call)
            | Self::CutAfter(till, call)
            | Self::BackendDies(till, call)
            | Self::Delayed(till, call) => {
                *till = 3 - *till;
                call.swap();
            }
            Self::Arrives(call) | Self::NeverArrives(call) => call.swap(),
            Self::Succeeds(_)
            | Self::Fails(_)
            | Self::Dropped(_)
            | Self::StrangerBegins
            | Self::Expires
            | Self::MerchantWorks { .. }
            | Self::Reports { .. }
            | Self::Claims { .. } => {}
        }
        self
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
