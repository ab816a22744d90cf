//! Sales that stand where a chapter begins: paid in time, paid late, paid by one of two links.

use pay_core::model::CfPaymentId;
use pay_core::sale::{Millis, Outcome, Policy, Refunds, Switch};

use crate::methods;
use crate::rig::{Asked, Rig, Told, card_reply, link_reply, list, order_is};

pub const SESSION: &str = "session_abcdefghijklmnop";

/// Keeps track of goods.
pub fn policy(refunds: Refunds) -> Policy {
    let mut policy = Policy::with_ask();
    policy.release = true;
    policy.refunds = refunds;
    policy
}

pub fn keys() -> Policy {
    policy(Refunds::ByKeys)
}

/// A card that was paid.
pub fn paid(policy: Policy) -> Rig {
    paid_at(Rig::new(policy))
}

/// The same at this terminal.
pub fn paid_at(rig: Rig) -> Rig {
    let mut rig = card(rig);
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    rig
}

/// A card of a sale that was given up, and whose order was paid all the same.
pub fn paid_late(policy: Policy) -> Rig {
    let mut rig = card(Rig::new(policy));
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    rig
}

fn card(mut rig: Rig) -> Rig {
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig
}

/// A card on an order that another party may have made; its answer was lost, and then the sale was given up.
pub fn given_up_unheard() -> Rig {
    let mut rig = Rig::taking(keys());
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost);
    rig.sale.cancel(Millis(rig.now));
    rig
}

/// The same; a person says that it took money.
pub fn attested() -> Rig {
    let mut rig = given_up_unheard();
    assert_eq!(rig.rounds("PAID", &[(12, "SUCCESS")]), Asked::Done(Outcome::PaidUnclear));
    rig.sale.attest(true).unwrap();
    rig
}

/// Two links of one order are out, 11 and 12; the order is asked about next.
pub fn two_links(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::link(SESSION), "k1").unwrap();
    rig.tell("pay", link_reply(12)).shown();
    rig
}

/// Of two links the first is paid; the other is watched.
pub fn watched(policy: Policy) -> Rig {
    let mut rig = two_links(policy);
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    let outcome = Outcome::Paid { cf_payment_id: Some(CfPaymentId::new(11)), watch: true };
    assert_eq!(rig.next(), Asked::Done(outcome));
    rig
}

/// The goods go out.
pub fn hand_out(rig: &mut Rig) {
    rig.sale.begin_release().unwrap();
    rig.next();
    let token = rig.sale.vend_token().unwrap();
    rig.sale.released(token, true).unwrap();
    rig.next();
}
