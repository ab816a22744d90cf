//! A scenario under way: which act comes next, and what the gateway makes of it.

use crate::calls::route::Route;
use crate::scenario::act::Act;
use crate::scenario::entry::Scenario;
use std::collections::BTreeSet;

/// The scenario of an order, and how far it is.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) scenario: &'static Scenario,
    /// Calls that each rule has met.
    pub(crate) met: Vec<u32>,
    /// Whether each rule has acted.
    pub(crate) acted: Vec<bool>,
    /// The body of the first answer to Order Pay.
    pub(crate) first_answer: Option<Vec<u8>>,
    /// Payments whose shopper has begun.
    pub(crate) begun: BTreeSet<u64>,
}

impl Play {
    pub(crate) fn new(scenario: &'static Scenario) -> Self {
        let rules = scenario.rules.len();
        Self { scenario, met: vec![0; rules], acted: vec![false; rules], first_answer: None, begun: BTreeSet::new() }
    }

    /// What happens to this call: each rule counts the calls it is about, the first whose turn it is acts.
    pub(crate) fn next(&mut self, route: Option<&Route<'_>>) -> Option<Act> {
        let mut act = None;
        for ((rule, met), acted) in self.scenario.rules.iter().zip(&mut self.met).zip(&mut self.acted) {
            if rule.on.takes(route) {
                *met += 1;
                if act.is_none() && (rule.from..=rule.to).contains(met) {
                    act = Some(rule.act);
                    *acted = true;
                }
            }
        }
        act
    }
}
