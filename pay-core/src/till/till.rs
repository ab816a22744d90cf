//! A till that waits without blocking: for microcontrollers and async programs.

use zeroize::Zeroize;

use super::super::drive::{Journal, Routes, Transport};
use super::super::model::{Amount, CreateOrder, Customer, OpenOrder, OrderId, method::PaymentMethod};
use super::super::sale::{Buffers, Millis, Outcome};
use super::device::Device;
use super::ended::{Done, Ended, Recovered, Refunded, Status};
use super::error::{TillError, created, over, refused};
use super::first::First;
use super::job::Word;
use super::life::{FRESH_IDS, Life};
use super::observer::Observer;
use super::refund_ref::RefundRef;
use super::shop::Shop;
use super::terms::Terms;

/// A till: it sells, and settles what it has open in the waits of its sales. A thin loop over [`Life`].
///
/// Cancellation: a dropped future is safe. A request that was on its way counts as unknown and is asked about; goods that were
/// being handed out are [`Release::Unknown`](crate::sale::Release::Unknown) after the next boot.
///
/// Where a method does not do what it was asked, [`TillError`] says why, and nothing that could charge was sent.
#[derive(Debug)]
pub struct Till<'b, P, A, J, O> {
    pub(super) life: Life,
    pub(super) routes: Routes<P, A>,
    pub(super) journal: J,
    pub(super) observer: O,
    pub(super) buffers: Buffers<'b>,
}

/// What came of something that was begun.
type Result<T, J> = core::result::Result<T, TillError<<J as Journal>::Error>>;

impl<'b, P, A, J, O> Till<'b, P, A, J, O> {
    /// A till that was just switched on. `seed`: 32 random bytes, fresh for each boot. `observer`: `()` for nobody.
    #[inline(never)]
    pub fn new(
        routes: Routes<P, A>,
        device: Device<J>,
        terms: Terms,
        seed: [u8; 32],
        buffers: Buffers<'b>,
        observer: O,
    ) -> Self {
        let Device { secret, journal, incarnation, epoch } = device;
        Self { life: Life::new(terms, secret, incarnation, epoch, seed), routes, journal, observer, buffers }
    }
}

impl<P: Transport, A: Transport, J: Journal, O: Observer> Till<'_, P, A, J, O> {
    /// How the last sale ended, with what people want to know of it.
    pub fn ended(&self) -> Option<Ended> {
        self.life.ended()
    }

    /// The state machine, for what a program decides between two sales.
    pub const fn life(&mut self) -> &mut Life {
        &mut self.life
    }

    /// The journal, to look into.
    pub const fn journal(&mut self) -> &mut J {
        &mut self.journal
    }

    /// Creates an order of a fresh id and goes on until it can be paid. Where the id is taken, by whatever accident, another is minted.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn create(&mut self, amount: Amount, customer: Customer, shop: &mut impl Shop) -> Result<OpenOrder, J> {
        let mut tries = FRESH_IDS;
        loop {
            self.life.create_fresh(amount, &customer, shop.unix(), shop.now(), &mut self.buffers)?;
            let done = self.run(shop).await?;
            tries = tries.saturating_sub(1);
            if tries == 0 || !done.is_taken() {
                return created(done);
            }
        }
    }

    /// Creates this order and goes on until it can be paid. An id that somebody else's order has is
    /// [`Outcome::OrderTaken`]: take another.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn create_by(&mut self, request: &CreateOrder, shop: &mut impl Shop) -> Result<OpenOrder, J> {
        self.life.create(request, shop.unix(), shop.now(), &mut self.buffers)?;
        created(self.run(shop).await?)
    }

    /// Sells an order by this method: to the end, or until the shop leaves it.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn sell(
        &mut self,
        order: OpenOrder,
        method: impl Into<PaymentMethod>,
        shop: &mut impl Shop,
    ) -> Result<Outcome, J> {
        self.sell_by_choice(&order, &mut First { method: Some(method.into()), shop }).await
    }

    /// Sells an order by whatever the shop chooses.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn sell_by_choice(&mut self, order: &OpenOrder, shop: &mut impl Shop) -> Result<Outcome, J> {
        self.life.sell(order, shop.unix(), shop.now());
        over(self.run(shop).await?)
    }

    /// Takes up one sale of the journal, with what somebody says about it, and brings it on as far as it goes.
    ///
    /// # Errors
    /// [`TillError`]; nothing has changed then.
    pub async fn bring_on(&mut self, order_id: &OrderId, word: Word, shop: &mut impl Shop) -> Result<Outcome, J> {
        self.life.recall(order_id.clone(), word);
        over(self.run(shop).await?)
    }

    /// Looks after every sale that the journal has open, until all were or it is `until`. How many are still open.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn settle_open(&mut self, until: Millis, shop: &mut impl Shop) -> Result<u32, J> {
        self.life.settle_open(until);
        match self.run(shop).await? {
            Done::Settled(open) => Ok(open),
            done => Err(refused(done)),
        }
    }

    /// After the journal was lost, or in place of another terminal: asks the backend for the orders that this device has open, and
    /// keeps them as sales whose goods are unknown. Earlier lives of the device are over at the backend: keep
    /// [`Recovered::epoch`] beside the incarnation. Then call [`Till::settle_open`].
    ///
    /// # Errors
    /// [`TillError`]; call again.
    pub async fn recover(&mut self, shop: &mut impl Shop) -> Result<Recovered, J> {
        self.life.recover();
        match self.run(shop).await? {
            Done::Recovered(found) => Ok(found),
            done => Err(refused(done)),
        }
    }

    /// Sends money of an order back, once for each name. Payments and refunds are read before.
    ///
    /// # Errors
    /// [`TillError`]; the same name again is the same refund.
    pub async fn refund(
        &mut self,
        order_id: &OrderId,
        amount: Amount,
        name: &RefundRef,
        shop: &mut impl Shop,
    ) -> Result<Refunded, J> {
        self.life.refund(order_id.clone(), amount, name);
        match self.run(shop).await? {
            Done::Refunded(refund) => Ok(refund),
            done => Err(refused(done)),
        }
    }

    /// How an order stands at the gateway.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn status(&mut self, order_id: &OrderId, shop: &mut impl Shop) -> Result<Status, J> {
        self.life.status(order_id.clone());
        match self.run(shop).await? {
            Done::Status(status) => Ok(status),
            done => Err(refused(done)),
        }
    }
}

impl<P, A, J, O> Drop for Till<'_, P, A, J, O> {
    fn drop(&mut self) {
        self.buffers.tx.zeroize();
        self.buffers.rx.zeroize();
    }
}
