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

/// A till: it sells, and settles open sales of its journal while a sale waits. A thin loop over [`Life`].
///
/// Cancellation: a dropped future is safe. The till counts a request in flight as unknown, and asks about it. Goods
/// that were being handed out are [`Release::Unknown`](crate::sale::Release::Unknown) after the next boot.
///
/// If a method returns [`TillError`], it says why the call was not carried out, and nothing that could charge was sent.
#[derive(Debug)]
pub struct Till<'b, P, A, J, O> {
    pub(super) life: Life,
    pub(super) routes: Routes<P, A>,
    pub(super) journal: J,
    pub(super) observer: O,
    pub(super) buffers: Buffers<'b>,
}

/// The result of a call.
type Result<T, J> = core::result::Result<T, TillError<<J as Journal>::Error>>;

impl<'b, P, A, J, O> Till<'b, P, A, J, O> {
    /// Makes a till at boot. `seed`: 32 random bytes, fresh for each boot. `observer`: `()` for none.
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
    /// How the last sale ended, with facts for people, logs and receipts.
    pub fn ended(&self) -> Option<Ended> {
        self.life.ended()
    }

    /// The state machine, for settings that change between two sales ([`Life::terms_mut`]).
    pub const fn life(&mut self) -> &mut Life {
        &mut self.life
    }

    /// The journal, for reading.
    pub const fn journal(&mut self) -> &mut J {
        &mut self.journal
    }

    /// Creates an order with a fresh id, and returns once it can be paid. If the id is taken, it makes another id.
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

    /// Creates this order, and returns once it can be paid. If another party's order has the id, the result is
    /// [`Outcome::OrderTaken`]: use another id.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn create_by(&mut self, request: &CreateOrder, shop: &mut impl Shop) -> Result<OpenOrder, J> {
        self.life.create(request, shop.unix(), shop.now(), &mut self.buffers)?;
        created(self.run(shop).await?)
    }

    /// Sells an order by this method, until its outcome is known or the shop leaves it.
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

    /// Sells an order by the methods that [`Shop::choose`] returns.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn sell_by_choice(&mut self, order: &OpenOrder, shop: &mut impl Shop) -> Result<Outcome, J> {
        self.life.sell(order, shop.unix(), shop.now());
        over(self.run(shop).await?)
    }

    /// Resumes one sale of the journal, with what a person says about it, and settles it as far as possible.
    ///
    /// # Errors
    /// [`TillError`]; nothing was changed.
    pub async fn bring_on(&mut self, order_id: &OrderId, word: Word, shop: &mut impl Shop) -> Result<Outcome, J> {
        self.life.recall(order_id.clone(), word);
        over(self.run(shop).await?)
    }

    /// Resumes every open sale of the journal, once each or until `until`. Returns how many are still open. It never
    /// pays.
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

    /// For a terminal that lost its journal or replaces another: asks the backend for this device's open orders, and
    /// stores them as sales whose goods are unknown. The backend begins a new epoch and refuses calls of the old one:
    /// store [`Recovered::epoch`] beside the incarnation. Then call [`Till::settle_open`].
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

    /// Refunds this amount of an order, once per name. Reads payments and refunds first, and refunds no more than was
    /// paid.
    ///
    /// # Errors
    /// [`TillError`]; calling again with the same name is safe: it is the same refund.
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

    /// Reads how an order stands at the gateway.
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
