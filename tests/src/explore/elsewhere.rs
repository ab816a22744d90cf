//! What the gateway, strangers, and the merchant can do next.

use crate::laws::Payer;

use super::gateway::{Call, Gateway, Kind, Payment, State, Status};
use super::merchant::{Fault, Merchant};
use super::rules::Rules;
use super::step::Step;
use super::world::{Next, Outside, World};

impl World {
    /// What becomes of the merchant's book.
    pub(super) fn merchant_moves(&self, rules: &Rules, all: &mut Vec<Next>) {
        let Some(merchant) = &self.outside.merchant else { return };
        if !merchant.is_at_rest() {
            let faults = [Fault::Lost, Fault::Dies].into_iter().filter(|_| rules.refuses);
            for fault in [Fault::None].into_iter().chain(faults) {
                self.after(rules, Step::MerchantWorks(fault), all, |world| {
                    let Outside { gateway, merchant } = &mut world.outside;
                    merchant.as_mut().map_or(Ok(()), |merchant| merchant.works(gateway, fault))
                });
            }
        }
        if rules.tells {
            self.hooks(rules, merchant, all);
        }
        if !self.tills.is_empty() {
            return;
        }
        for (index, payment) in self.outside.gateway.payments.iter().enumerate() {
            let id = Gateway::id(index);
            if payment.status != Status::Success || payment.refunded || merchant.reported() == Some(false) {
                continue;
            }
            let says = |released| Call::Report { till: 1, released, payment: Some(id) };
            let report = |released, all: &mut Vec<Next>| {
                self.after(rules, Step::Reports { released, payment: id }, all, |world| {
                    world.outside.on(&says(Some(released))).map(drop)
                });
            };
            if self.outside.gateway.goods.contains(&id) {
                report(true, all);
                continue;
            }
            // Goods go out once the book has granted the right to it.
            self.after(rules, Step::Claims { payment: id }, all, |world| {
                if world.outside.on(&says(None))?.status == 200 {
                    world.outside.gateway.goods.push(id);
                    world.outside.gateway.facts().handed_out(1)?;
                }
                Ok(())
            });
            if self.outside.gateway.goods.is_empty() {
                report(false, all);
            }
        }
    }

    /// Webhooks that tell something new.
    fn hooks(&self, rules: &Rules, merchant: &Merchant, all: &mut Vec<Next>) {
        for (index, payment) in self.outside.gateway.payments.iter().enumerate() {
            let id = Gateway::id(index);
            let mut heard = merchant.clone();
            if heard.hears(id, Gateway::word(payment)) {
                self.after(rules, Step::Hook(id), all, |world| {
                    world.outside.merchant = Some(heard);
                    Ok(())
                });
            }
        }
    }

    pub(super) fn gateway_moves(&self, rules: &Rules, all: &mut Vec<Next>) {
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
}
