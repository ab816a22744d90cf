//! What can happen next at a terminal.

use core::hash::{Hash, Hasher};
use std::sync::Arc;

use pay_core::sale::{Millis, Record, Release, Return, Returned, Stage};
use pay_core::till::canonical::NOON;
use pay_core::till::{Event, Goods, Seen, Wish, Word};

use super::gateway::{Payment, Status};
use super::mix::Mix;
use super::reactions::Reactions;
use super::rules::Rules;
use super::spot::{Spot, nothing};
use super::step::Step;
use super::terminal::{Doing, SHOWN, Tell, Terminal, Wants, choice, typed, vended};
use super::world::{Next, Outside, World};
use crate::laws::Payer;

const HOUR_MS: u64 = 3_600_000;
/// So many passwords are typed for one payment, or asked for again.
const MOST_OTPS: u8 = 2;

impl World {
    pub(super) fn till_moves(&self, rules: &Rules, reactions: &Reactions, index: usize, all: &mut Vec<Next>) {
        let till = &self.tills[index];
        let number = index as u8 + 1;
        let spot = Spot { rules, reactions, index, number };
        let hour = NOON.after(HOUR_MS as u32);
        match till.doing {
            Doing::Over => return,
            Doing::Off => {
                for (at, after_hour) in [(NOON, false), (hour, true)].into_iter().take(1 + usize::from(rules.hours)) {
                    for other in [false, true].into_iter().take(1 + usize::from(rules.other.is_some())) {
                        let step = Step::On { till: number, after_hour, other };
                        self.to_till(spot, at, step, all, nothing, |till, ()| {
                            till.canonical(at, rules.caps);
                            till.switch_on(rules.terms(other), other);
                            till.settle(NOON);
                            Ok(())
                        });
                    }
                }
                return;
            }
            Doing::Idle => self.idle(spot, till, all),
            Doing::Works => self.works(spot, all),
        }
        self.to_till(spot, NOON, Step::Cut(number), all, nothing, |till, ()| {
            till.cut();
            Ok(())
        });
        if rules.loses_journal && till.lost == 0 {
            let loses = |outside: &mut Outside, _: &Terminal| {
                outside.gateway.lose(number);
                Ok(())
            };
            self.to_till(spot, NOON, Step::LosesJournal(number), all, loses, |till, ()| {
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

    fn idle(&self, spot: Spot<'_>, till: &Terminal, all: &mut Vec<Next>) {
        let Spot { rules, number, .. } = spot;
        let hour = NOON.after(HOUR_MS as u32);
        for (at, after_hour) in [(NOON, false), (hour, true)].into_iter().take(1 + usize::from(rules.hours)) {
            self.to_till(spot, at, Step::Looks { till: number, after_hour }, all, nothing, |till, ()| {
                till.settle(at);
                Ok(())
            });
        }
        let word = |word: Word| {
            move |till: &mut Terminal, (): ()| {
                till.word(word);
                Ok(())
            }
        };
        let facts = self.outside.gateway.facts();
        // Of a sale that was given up a person says whether it charged: the till sees by itself whether the money went back.
        let is_given_up = till.record().is_some_and(|record| record.stage == Stage::Closing);
        let paid = if is_given_up { facts.has_charged(number) } else { facts.has_paid(number) };
        // A person says "not paid" of what was not and will not be.
        let known = paid || !facts.may_pay(number);
        let asks_people = |record: &Record| record.needs_person() || (!rules.terms.policy.can_ask && record.is_open());
        if known && till.record().is_some_and(asks_people) {
            let step = Step::Attests { till: number, paid };
            self.to_till(spot, NOON, step, all, nothing, word(Word::Attest { paid }));
        }
        // A person sees in the gateway's books that the money went back, or sends it back where the till cannot: it has no keys, or
        // cannot tell which payment is its own.
        let unnamed = |due: &Return| !due.back && matches!(due.what, Returned::Reason(..));
        let by_hand = !rules.terms.policy.can_ask || till.record().is_some_and(|record| record.returns().any(unnamed));
        let is_back = by_hand || rules.other.is_some() && facts.kept() <= facts.goods.len();
        if is_back && till.record().is_some_and(|record| record.refund_due().is_some()) {
            let sends = |outside: &mut Outside, _: &Terminal| {
                let own = |payment: &&mut Payment| by_hand && payment.payer == Payer::Till(number);
                for payment in outside.gateway.payments.iter_mut().filter(own) {
                    payment.refunded |= payment.status == Status::Success;
                }
                Ok(())
            };
            self.to_till(spot, NOON, Step::SaysRefunded(number), all, sends, word(Word::Refunded));
        }
        if till.record().is_some_and(|record| record.release == Release::Unknown) {
            let out = till.facts.out;
            let step = Step::Person { till: number, out };
            self.to_till(spot, NOON, step, all, nothing, word(Word::Goods { out }));
        }
    }

    fn works(&self, spot: Spot<'_>, all: &mut Vec<Next>) {
        let Spot { rules, reactions, index, number } = spot;
        let mut print = Mix::default();
        (self.tills[index].print, number).hash(&mut print);
        let asked = reactions.wants(print.finish(), || {
            let mut till = Arc::clone(&self.tills[index]);
            let wants = Arc::make_mut(&mut till).wants(number, NOON);
            (till, wants)
        });
        let (till, wants) = asked.as_ref();
        let mut asked = self.clone();
        asked.tills[index] = Arc::clone(till);
        let event = |event: Event<'static>| {
            move |till: &mut Terminal, (): ()| {
                till.tell(NOON, Tell::Event(event));
                Ok(())
            }
        };
        match wants {
            Wants::Store(record) => {
                asked.to_till(spot, NOON, Step::Stores(number), all, nothing, |till, ()| {
                    let stored = till.store(record);
                    till.tell(NOON, Tell::Event(Event::Stored(stored)));
                    Ok(())
                });
                for stored in [false, true] {
                    let step = Step::StoreFails { till: number, stored };
                    asked.to_till(spot, NOON, step, all, nothing, |till, ()| {
                        if stored {
                            till.store(record);
                        }
                        till.tell(NOON, Tell::Event(Event::Stored(false)));
                        Ok(())
                    });
                }
            }
            Wants::Exchange(call) => asked.exchange(spot, call, all),
            Wants::Show(payment) => {
                let sees = |outside: &mut Outside, _: &Terminal| {
                    if let Some(payment) = payment.and_then(|id| outside.gateway.payment(id)) {
                        payment.seen = true;
                    }
                    Ok(())
                };
                asked.to_till(spot, NOON, Step::Shown(number), all, sees, event(SHOWN));
                asked.to_till(spot, NOON, Step::NotShown(number), all, nothing, event(Event::Seen(Seen::GiveUp)));
            }
            Wants::Type => {
                let typed_before = asked.outside.gateway.payments.iter().map(|payment| payment.otps).max();
                let ways = [Some(true), Some(false), None].into_iter().filter(|_| typed_before < Some(MOST_OTPS));
                for right in ways {
                    asked.to_till(spot, NOON, Step::Types(number, right), all, nothing, event(typed(right)));
                }
                asked.to_till(spot, NOON, Step::Shown(number), all, nothing, event(SHOWN));
                asked.to_till(spot, NOON, Step::NotShown(number), all, nothing, event(Event::Seen(Seen::GiveUp)));
            }
            Wants::Choose(session) => {
                let attempts = asked.tills[index].record().map_or(0, Record::attempt_count);
                let kinds = rules.kinds.iter().copied().map(Some).filter(|_| attempts < rules.attempts);
                for kind in kinds.chain([None]) {
                    let chosen = event(Event::Chosen(choice(kind, session)));
                    asked.to_till(spot, NOON, Step::Chooses(number, kind), all, nothing, chosen);
                }
            }
            Wants::Vend => asked.vend(spot, all),
            Wants::Sense => {
                let truth = if asked.tills[index].facts.out { Goods::Out } else { Goods::Inside };
                for goods in [Goods::Unknown, truth] {
                    let step = Step::Senses { till: number, goods };
                    asked.to_till(spot, NOON, step, all, nothing, event(Event::Sensed(goods)));
                }
            }
            Wants::Sleep(at) => asked.sleep(spot, *at, all),
            Wants::NextOpen(_) | Wants::Recall(_) | Wants::Nothing | Wants::Told(..) | Wants::Idle(_) => {
                let result = Err("it goes on for ever without a choice".to_owned());
                all.push(Next { step: Step::Waits(number), result, swapped: false });
            }
        }
    }

    fn vend(&self, spot: Spot<'_>, all: &mut Vec<Next>) {
        let number = spot.number;
        for (goods, cut, out) in [
            (Goods::Out, false, true),
            (Goods::Inside, false, false),
            (Goods::Unknown, false, true),
            (Goods::Unknown, false, false),
            (Goods::Unknown, true, true),
        ] {
            let hands_out = |outside: &mut Outside, till: &Terminal| {
                if out {
                    // For which payment, the till has said when it named the payer.
                    outside.gateway.goods.push(till.payer().unwrap_or(0));
                    outside.gateway.facts().handed_out(number)?;
                }
                Ok(())
            };
            let step = Step::Vends { till: number, goods, cut, out };
            self.to_till(spot, NOON, step, all, hands_out, |till, ()| {
                till.facts.out |= out;
                if cut {
                    till.cut();
                } else {
                    till.tell(NOON, Tell::Event(vended(goods)));
                }
                Ok(())
            });
        }
    }

    fn sleep(&self, spot: Spot<'_>, at: Millis, all: &mut Vec<Next>) {
        let Spot { rules, number, .. } = spot;
        let wish = |at: Millis, wish: Wish| {
            move |till: &mut Terminal, (): ()| {
                till.tell(at, Tell::Event(Event::Wished(wish)));
                Ok(())
            }
        };
        self.to_till(spot, at, Step::Waits(number), all, nothing, wish(at, Wish::Nothing));
        let long = NOON.after(HOUR_MS as u32);
        if at < long && rules.hours {
            self.to_till(spot, long, Step::WaitsLong(number), all, nothing, wish(long, Wish::Nothing));
        }
        self.to_till(spot, NOON, Step::Cancels(number), all, nothing, wish(NOON, Wish::Cancel));
        if rules.switches {
            let go_on = Wish::Switch(pay_core::sale::Switch::GoOn);
            self.to_till(spot, NOON, Step::Switches(number), all, nothing, wish(NOON, go_on));
        }
    }
}
