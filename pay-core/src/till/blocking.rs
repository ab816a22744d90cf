//! A till for threads that may block: same names, same contract as [`super::Till`], which does the work. Its parts
//! never wait, so nothing is ever polled twice.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use super::super::drive::{Blocking, Routes, journal::blocking::Journal, transport::blocking::Transport};
use super::super::model::{Amount, CreateOrder, Customer, OpenOrder, OrderId, method::PaymentMethod};
use super::super::sale::{Buffers, Millis, Outcome};
use super::device::Device;
use super::ended::{Ended, Recovered, Refunded, Status};
use super::error::TillError;
use super::job::Word;
use super::life::Life;
use super::observer::Observer;
use super::refund_ref::RefundRef;
use super::shop::blocking::Shop;
use super::terms::Terms;

/// A till: it sells, and settles open sales of its journal while a sale waits. See [`super::Till`].
#[derive(Debug)]
pub struct Till<'b, P, A, J, O>(super::Till<'b, Blocking<P>, Blocking<A>, Blocking<J>, O>);

type Result<T, J> = core::result::Result<T, TillError<<J as Journal>::Error>>;

fn done<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

impl<'b, P, A, J, O> Till<'b, P, A, J, O> {
    /// See [`super::Till::new`].
    pub fn new(
        routes: Routes<P, A>,
        device: Device<J>,
        terms: Terms,
        seed: [u8; 32],
        buffers: Buffers<'b>,
        observer: O,
    ) -> Self {
        let Device { secret, journal, incarnation, epoch } = device;
        let device = Device { secret, journal: Blocking(journal), incarnation, epoch };
        Self(super::Till::new(routes.blocking(), device, terms, seed, buffers, observer))
    }
}

impl<P: Transport, A: Transport, J: Journal, O: Observer> Till<'_, P, A, J, O> {
    /// See [`super::Till::ended`].
    pub fn ended(&self) -> Option<Ended> {
        self.0.ended()
    }

    /// See [`super::Till::life`].
    pub const fn life(&mut self) -> &mut Life {
        self.0.life()
    }

    /// See [`super::Till::journal`].
    pub const fn journal(&mut self) -> &mut J {
        &mut self.0.journal().0
    }

    /// See [`super::Till::create`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn create(&mut self, amount: Amount, customer: Customer, shop: &mut impl Shop) -> Result<OpenOrder, J> {
        done(self.0.create(amount, customer, &mut Blocking(shop)))
    }

    /// See [`super::Till::create_by`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn create_by(&mut self, request: &CreateOrder, shop: &mut impl Shop) -> Result<OpenOrder, J> {
        done(self.0.create_by(request, &mut Blocking(shop)))
    }

    /// See [`super::Till::sell`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn sell(
        &mut self,
        order: OpenOrder,
        method: impl Into<PaymentMethod>,
        shop: &mut impl Shop,
    ) -> Result<Outcome, J> {
        done(self.0.sell(order, method, &mut Blocking(shop)))
    }

    /// See [`super::Till::sell_by_choice`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn sell_by_choice(&mut self, order: &OpenOrder, shop: &mut impl Shop) -> Result<Outcome, J> {
        done(self.0.sell_by_choice(order, &mut Blocking(shop)))
    }

    /// See [`super::Till::bring_on`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn bring_on(&mut self, order_id: &OrderId, word: Word, shop: &mut impl Shop) -> Result<Outcome, J> {
        done(self.0.bring_on(order_id, word, &mut Blocking(shop)))
    }

    /// See [`super::Till::settle_open`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn settle_open(&mut self, until: Millis, shop: &mut impl Shop) -> Result<u32, J> {
        done(self.0.settle_open(until, &mut Blocking(shop)))
    }

    /// See [`super::Till::recover`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn recover(&mut self, shop: &mut impl Shop) -> Result<Recovered, J> {
        done(self.0.recover(&mut Blocking(shop)))
    }

    /// See [`super::Till::refund`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn refund(
        &mut self,
        order_id: &OrderId,
        amount: Amount,
        name: &RefundRef,
        shop: &mut impl Shop,
    ) -> Result<Refunded, J> {
        done(self.0.refund(order_id, amount, name, &mut Blocking(shop)))
    }

    /// See [`super::Till::status`].
    ///
    /// # Errors
    /// [`TillError`].
    pub fn status(&mut self, order_id: &OrderId, shop: &mut impl Shop) -> Result<Status, J> {
        done(self.0.status(order_id, &mut Blocking(shop)))
    }
}
