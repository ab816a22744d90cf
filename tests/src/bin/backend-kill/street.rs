//! The gateway, and who pays there: shoppers at their phones, and strangers who pay the same order.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sandbox::{PaymentStatus, Server};

/// Who pays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The shopper before the kiosk, whatever the kiosk or the order make of it by then.
    Shopper,
    /// Somebody else.
    Stranger,
}

pub struct Street {
    gateway: Arc<Server>,
    under_way: Mutex<Vec<JoinHandle<()>>>,
}

impl Street {
    pub fn new(gateway: Server) -> Self {
        Self { gateway: Arc::new(gateway), under_way: Mutex::default() }
    }

    pub fn gateway(&self) -> &Server {
        &self.gateway
    }

    /// Somebody pays this order after a while.
    pub fn pays(&self, who: Who, order: &str, after_ms: u64) {
        let (gateway, order) = (Arc::clone(&self.gateway), order.to_owned());
        let shopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(after_ms));
            let now = gateway.now();
            let mut gateway = gateway.gateway();
            if who == Who::Stranger {
                gateway.stranger_pays(&order, PaymentStatus::Success, now);
                return;
            }
            let shown = gateway.payments().iter().rev().find(|payment| payment.order_id == order && !payment.stranger);
            if let Some(id) = shown.map(|payment| payment.id) {
                gateway.set_payment(id, PaymentStatus::Success, now);
            }
        });
        self.under_way.lock().expect("no panic").push(shopper);
    }

    /// Waits until all have paid.
    pub fn empty(&self) {
        let under_way = core::mem::take(&mut *self.under_way.lock().expect("no panic"));
        under_way.into_iter().for_each(|shopper| shopper.join().expect("a shopper"));
    }

    /// A payment of this order by somebody else that took money.
    pub fn other_charge(&self, order: &str) -> Option<u64> {
        self.gateway.gateway().charges(order).find(|payment| payment.stranger).map(|payment| payment.id)
    }
}
