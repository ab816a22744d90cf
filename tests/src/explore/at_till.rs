//! What can happen next at a terminal.

use std::sync::Arc;

use pay_core::sale::{Delivery, Millis, NOT_ATTEMPTED_MS, Record, Release, Stage};
use pay_core::till::canonical::NOON;
use pay_core::till::{Event, Goods, Wish, Word};

use super::gateway::{Answer, Call, Status};
use super::rules::Rules;
use super::step::Step;
use super::terminal::{Doing, ORDER, SHOWN, Tell, Terminal, Wants, choice, typed, vended};
use super::world::{Next, Outside, World};

const HOUR_MS: u64 = 3_600_000;
/// So many passwords are typed for one payment, or asked for again.
const MOST_OTPS: u8 = 2;

impl World {
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

    pub(super) fn till_moves(&self, rules: &Rules, index: usize, all: &mut Vec<Next>) {
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
