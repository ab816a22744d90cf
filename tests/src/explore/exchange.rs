//! What can happen to a request of a terminal.

use pay_core::sale::Delivery;
use pay_core::till::canonical::NOON;

use super::gateway::{Answer, Call, State};
use super::merchant::Fault;
use super::spot::{Spot, nothing};
use super::step::Step;
use super::terminal::{ORDER, Tell, Terminal};
use super::world::{Next, Outside, World};

/// What a terminal is answered, and whether a payment may still move then.
#[derive(Hash)]
struct Heard {
    answer: Answer,
    moves: bool,
}

impl World {
    pub(super) fn exchange(&self, spot: Spot<'_>, call: &Call, all: &mut Vec<Next>) {
        let Spot { rules, number, .. } = spot;
        let sends = |till: &mut Terminal| till.check_sends(call, rules.terms.policy.can_ask);
        let fails = |till: &mut Terminal, (): ()| {
            sends(till)?;
            till.tell(NOON, Tell::Failed(Delivery::Unknown));
            Ok(())
        };
        let hears = |till: &mut Terminal, heard: Heard| {
            sends(till)?;
            till.note_answer(call, &heard.answer, heard.moves);
            till.tell(NOON, Tell::Answer(&heard.answer));
            Ok(())
        };
        let acts = |outside: &mut Outside, _: &Terminal| outside.on(call).map(drop);
        let answers = |outside: &mut Outside, _: &Terminal| {
            let answer = outside.on(call)?;
            Ok(Heard { answer, moves: outside.gateway.moves() })
        };
        self.to_till(spot, NOON, Step::Answered(number, call.clone()), all, answers, hears);
        if rules.refuses && matches!(call, Call::Pay { .. } | Call::Create { .. }) {
            self.to_till(spot, NOON, Step::NotSent(number, call.clone()), all, nothing, |till, ()| {
                till.tell(NOON, Tell::Failed(Delivery::NotSent));
                Ok(())
            });
        }
        let is_lost = rules.refuses || !matches!(call, Call::Refund { .. } | Call::ReadRefund { .. } | Call::Refunds);
        if is_lost {
            self.to_till(spot, NOON, Step::LostBefore(number, call.clone()), all, nothing, fails);
        }
        let tells = self.outside.merchant.as_ref().is_some_and(|merchant| rules.tells && merchant.tells_of_payments());
        if tells && matches!(call, Call::Order) {
            let was = |outside: &mut Outside, _: &Terminal| {
                Ok(Answer { waited: true, ..outside.gateway.order_in(State::Active, &ORDER) })
            };
            self.to_till(spot, NOON, Step::ToldOfNews(number), all, was, |till, answer| {
                till.tell(NOON, Tell::Answer(&answer));
                Ok(())
            });
        }
        if rules.hides && matches!(call, Call::Payments) {
            for hidden in 0..self.outside.gateway.payments.len() {
                let lists = |outside: &mut Outside, _: &Terminal| Ok(outside.gateway.list(&ORDER, Some(hidden)));
                let step = Step::AnsweredWithout(number, hidden);
                self.to_till(spot, NOON, step, all, lists, |till, answer| {
                    till.tell(NOON, Tell::Answer(&answer));
                    Ok(())
                });
            }
        }
        if !call.acts() {
            return;
        }
        self.to_till(spot, NOON, Step::LostAfter(number, call.clone()), all, acts, fails);
        self.to_till(spot, NOON, Step::CutAfter(number, call.clone()), all, acts, |till, ()| {
            sends(till)?;
            till.cut();
            Ok(())
        });
        if rules.backend && matches!(call, Call::Create { .. } | Call::Terminate) {
            let dies = |outside: &mut Outside, _: &Terminal| match &mut outside.merchant {
                Some(merchant) => merchant.pass(&mut outside.gateway, call, Fault::Dies).map(drop),
                None => Ok(()),
            };
            self.to_till(spot, NOON, Step::BackendDies(number, call.clone(), Fault::Dies), all, dies, fails);
        }
        if rules.relays.is_some() && matches!(call, Call::Pay { .. }) {
            // That it dies before the forward is kept is the same as a call that does not arrive.
            for fault in [Fault::DiesUnsent, Fault::Dies] {
                let dies = |outside: &mut Outside, _: &Terminal| outside.relay(call, fault).map(drop);
                self.to_till(spot, NOON, Step::BackendDies(number, call.clone(), fault), all, dies, fails);
            }
            for fault in [Fault::Lost, Fault::Unreached, Fault::Unheard] {
                let answers = |outside: &mut Outside, _: &Terminal| {
                    let answer = outside.relay(call, fault)?;
                    Ok(Heard { answer, moves: outside.gateway.moves() })
                };
                self.to_till(spot, NOON, Step::Relayed(number, call.clone(), fault), all, answers, hears);
            }
        }
        if rules.late && !self.outside.gateway.late.contains(call) {
            let delays = |outside: &mut Outside, _: &Terminal| {
                outside.gateway.late.push(call.clone());
                Ok(())
            };
            self.to_till(spot, NOON, Step::Delayed(number, call.clone()), all, delays, fails);
        }
        if matches!(call, Call::Pay { .. }) && rules.refuses {
            let refuses = |step: Step, status: u16, code: &str, done: bool, all: &mut Vec<Next>| {
                let outside = |outside: &mut Outside, _: &Terminal| {
                    if done {
                        outside.on(call)?;
                    }
                    Ok(Answer::refusal(status, code))
                };
                self.to_till(spot, NOON, step, all, outside, |till, answer| {
                    sends(till)?;
                    till.tell(NOON, Tell::Answer(&answer));
                    Ok(())
                });
            };
            refuses(Step::Refused(number, call.clone()), 400, "method_not_allowed", false, all);
            refuses(Step::Throttled(number, call.clone()), 429, "too_many", false, all);
            refuses(Step::FailedAfter(number, call.clone()), 502, "bank_processing_failure", true, all);
        }
    }
}
