//! A world: a gateway, terminals, and everything that can happen next.

use std::sync::Arc;

use pay_core::sale::{Record, Stage};
use pay_core::till::canonical::NOON;

use super::gateway::{Answer, Call, Gateway, Kind, Payment, State, Status};
use super::merchant::{Fault, Merchant};
use super::reactions::Reactions;
use super::rules::Rules;
use super::step::Step;
use super::terminal::{Doing, ORDER, Terminal};
use crate::laws::Payer;

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
    pub(super) fn on(&mut self, call: &Call) -> Result<Answer, String> {
        self.relay(call, Fault::None)
    }

    /// The same where something goes wrong at the backend.
    pub(super) fn relay(&mut self, call: &Call, fault: Fault) -> Result<Answer, String> {
        match &mut self.merchant {
            Some(merchant) => merchant.pass(&mut self.gateway, call, fault),
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
        let mut tills: Vec<_> = (0..rules.terminals).map(|_| Terminal::new()).collect();
        for (index, till) in tills.iter_mut().enumerate() {
            till.switch_on(&rules.terms, false);
            if rules.creates && index == 0 {
                till.create(NOON);
            } else {
                till.sell(rules.session, NOON);
            }
            till.run(index as u8 + 1, NOON, rules.flash_fails, &mut |_| Ok(())).expect("nothing is said yet");
            till.canonical(NOON, rules.caps);
        }
        let outside = Outside { gateway: Gateway::new(state, rules.relays == Some(true)), merchant: None };
        Self { outside, tills: tills.into_iter().map(Arc::new).collect() }.with_merchant(rules)
    }

    /// The book, and two payments of a till that are under way.
    fn with_merchant(mut self, rules: &Rules) -> Self {
        if rules.backend {
            self.outside.merchant = Some(Merchant::new(!rules.creates, rules.relays.is_some()));
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
        self.outside.gateway.swap();
        true
    }

    /// Everything that can happen next.
    pub fn next(&self, rules: &Rules, reactions: &Reactions) -> Vec<Next> {
        let mut all = Vec::new();
        self.gateway_moves(rules, &mut all);
        self.merchant_moves(rules, &mut all);
        for index in 0..self.tills.len() {
            self.till_moves(rules, reactions, index, &mut all);
        }
        all
    }

    pub(super) fn after(
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
}

fn stage(record: &Record) -> String {
    let stage = format!("{:?}", record.stage);
    stage.split(['(', '{']).next().unwrap_or_default().trim().to_owned()
}
