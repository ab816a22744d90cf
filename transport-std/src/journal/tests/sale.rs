//! Records to keep.

use pay_core::model::method::Upi;
use pay_core::model::{
    Amount, ApiVersion, Currency, Environment, IdempotencyKey, OpenOrder, OrderId, OrderPay, PaymentSessionId,
    UnixSeconds,
};
use pay_core::sale::{Buffers, Millis, Policy, Record, Sale, Setup, Step};

/// The record of a sale with one attempt, all of whose fields follow from the number.
pub(super) fn record(order_id: &str, number: u32) -> Record {
    sale(order_id, number, Some(number))
}

/// The record that follows that one, once somebody has said that the sale was paid.
pub(super) fn closed(record: Record) -> Record {
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 4096]);
    let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let mut sale = Sale::resume(record, Policy::session_only(), [7; 16], Millis(0));
    sale.attest(true).unwrap();
    let Step::Commit(_, record) = sale.step(Millis(0), &mut buffers).unwrap() else { panic!("no commit") };
    record.clone()
}

/// The same with another key, or without an attempt.
pub(super) fn sale(order_id: &str, number: u32, key: Option<u32>) -> Record {
    let session = PaymentSessionId::parse("session_1").unwrap();
    let order = OpenOrder {
        order_id: OrderId::parse(order_id).unwrap(),
        amount: Amount::from_minor(1_015 + u64::from(number)).unwrap(),
        currency: Currency::inr(),
        session: session.clone(),
    };
    let setup = Setup {
        environment: Environment::Sandbox,
        api_version: ApiVersion::default(),
        policy: Policy::session_only(),
        seed: [7; 16],
    };
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 16 * 1024]);
    let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let mut sale = Sale::new(order, setup).with_created(UnixSeconds(1_700_000_000 + u64::from(number)));
    let request = OrderPay::new(session, Upi::link());
    let Some(key) = key else { return sale.record().clone() };
    let key = IdempotencyKey::from_time(u64::from(key), [9; 10]);
    sale.pay(&request, key, Millis(0), &mut buffers).unwrap();
    let Step::Commit(_, record) = sale.step(Millis(0), &mut buffers).unwrap() else { panic!("no commit") };
    record.clone()
}
