//! Runs a sale until it needs the caller: a method, the shopper or time.

use core::fmt;

use zeroize::Zeroize;

use super::super::model::{Authenticate, IdempotencyKey, NextAction, OrderPay};
use super::super::sale::{AttemptEnd, Buffers, Connection, Millis, Outcome, Sale, SaleError, Step, Switch, VendToken};
use super::journal::{self, Journal};
use super::routes::Routes;
use super::trace::trace;
use super::transport::{self, Transport};

/// A sale with its routes, journal and buffers. The buffers are wiped when it is dropped.
///
/// [`Driver::drive`] and [`Driver::drive_blocking`] are the same few lines over the same [`Sale`]; take the one that
/// fits.
#[derive(Debug)]
pub struct Driver<'b, P, A, J> {
    sale: Sale,
    routes: Routes<P, A>,
    journal: J,
    buffers: Buffers<'b>,
}

/// What a sale needs from its caller to go on.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums)]
pub enum Need<'a> {
    /// An attempt: call [`Driver::pay`], or give up with [`Driver::cancel`]. With the end of the previous attempt.
    Attempt(Option<AttemptEnd>),
    /// The shopper: show this, then call [`Driver::shown`] or [`Driver::submit_otp`].
    Shopper(NextAction<'a>),
    /// Time: drive again at this moment.
    Time(Millis),
    /// Nothing: it is over.
    Nothing(Outcome),
}

/// Why a drive stopped. The sale is unchanged; drive again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum DriveError<E> {
    /// The journal could not store the record: nothing was sent.
    Journal(E),
    /// The step was not possible.
    Sale(SaleError),
}

impl<'b, P, A, J> Driver<'b, P, A, J> {
    /// Makes a driver. `buffers`: those that the sale was made with.
    pub const fn new(sale: Sale, routes: Routes<P, A>, journal: J, buffers: Buffers<'b>) -> Self {
        Self { sale, routes, journal, buffers }
    }

    /// The sale.
    pub const fn sale(&self) -> &Sale {
        &self.sale
    }

    /// See [`Sale::pay`].
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn pay(&mut self, request: &OrderPay, key: IdempotencyKey, now: Millis) -> Result<(), SaleError> {
        self.sale.pay(request, key, now, &mut self.buffers)
    }

    /// See [`Sale::submit_otp`].
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn submit_otp(&mut self, request: &Authenticate, key: IdempotencyKey, now: Millis) -> Result<(), SaleError> {
        self.sale.submit_otp(request, key, now, &mut self.buffers)
    }

    /// See [`Sale::shown`].
    pub fn shown(&mut self, now: Millis) {
        self.sale.shown(now);
    }

    /// See [`Sale::switch_method`].
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn switch_method(&mut self, how: Switch, now: Millis) -> Result<(), SaleError> {
        self.sale.switch_method(how, now)
    }

    /// See [`Sale::ask`].
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn ask(&mut self, now: Millis) -> Result<(), SaleError> {
        self.sale.ask(now)
    }

    /// See [`Sale::refunded`]. Then drive once more, so that the journal stores it.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn refunded(&mut self) -> Result<(), SaleError> {
        self.sale.refunded()
    }

    /// See [`Sale::attest`]. Then drive once more, so that the journal stores it.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn attest(&mut self, paid: bool) -> Result<(), SaleError> {
        self.sale.attest(paid)
    }

    /// See [`Sale::report_settled`]. Then drive once more, so that the journal stores it.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn report_settled(&mut self) -> Result<(), SaleError> {
        self.sale.report_settled()
    }

    /// See [`Sale::begin_release`]. Then drive, and take the token.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn begin_release(&mut self) -> Result<(), SaleError> {
        self.sale.begin_release()
    }

    /// See [`Sale::vend_token`].
    pub fn vend_token(&mut self) -> Option<VendToken> {
        self.sale.vend_token()
    }

    /// See [`Sale::released`]. Then drive, so that the journal stores it.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn released(&mut self, token: VendToken, out: bool) -> Result<(), SaleError> {
        self.sale.released(token, out)
    }

    /// See [`Sale::settle_release`]. Then drive, so that the journal stores it.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn settle_release(&mut self, out: bool) -> Result<(), SaleError> {
        self.sale.settle_release(out)
    }

    /// See [`Sale::cancel`].
    pub fn cancel(&mut self, now: Millis) {
        self.sale.cancel(now);
    }

    /// What is left to do, once no step is: the sale is not changed by asking for it again.
    fn need<E>(&mut self, now: Millis) -> Result<Need<'_>, DriveError<E>> {
        match self.sale.step(now, &mut self.buffers).map_err(DriveError::Sale)? {
            Step::Ready(end) => Ok(Need::Attempt(end)),
            Step::Present(action) => Ok(Need::Shopper(action)),
            Step::Done(outcome) => Ok(Need::Nothing(outcome)),
            Step::Wait(at) => Ok(Need::Time(at)),
            // Due between two readings of the clock: at once.
            Step::Commit(..) | Step::Exchange(..) => Ok(Need::Time(now)),
        }
    }
}

impl<P: Transport, A: Transport, J: Journal> Driver<'_, P, A, J> {
    /// Runs the sale until it needs its caller. Waits for the network and the journal, never for the shopper or the
    /// clock.
    ///
    /// `clock` gives monotonic time.
    ///
    /// Cancellation: a dropped future is safe. A request in flight counts as unknown, and the next drive asks.
    ///
    /// # Errors
    /// [`DriveError`]; nothing was sent that the journal has not stored.
    pub async fn drive(&mut self, clock: &mut impl FnMut() -> Millis) -> Result<Need<'_>, DriveError<J::Error>> {
        let now = loop {
            let now = clock();
            match self.sale.step(now, &mut self.buffers).map_err(DriveError::Sale)? {
                Step::Commit(token, record) => {
                    self.journal.store(record).await.map_err(DriveError::Journal)?;
                    self.sale.committed(token);
                }
                Step::Exchange(token, request, rx) => {
                    let route = request.call.route();
                    let result = self.routes.exchange(&request, rx).await;
                    trace!(request, result);
                    if self.sale.on_exchange(token, clock(), result, self.buffers.rx) == Connection::Drop {
                        self.routes.disconnect(route);
                    }
                }
                Step::Ready(_) | Step::Present(_) | Step::Wait(_) | Step::Done(_) => break now,
            }
        };
        self.need(now)
    }
}

impl<P, A, J> Driver<'_, P, A, J>
where
    P: transport::blocking::Transport,
    A: transport::blocking::Transport,
    J: journal::blocking::Journal,
{
    /// [`Driver::drive`] for threads that may block.
    ///
    /// # Errors
    /// [`DriveError`]; nothing was sent that the journal has not stored.
    pub fn drive_blocking(&mut self, clock: &mut impl FnMut() -> Millis) -> Result<Need<'_>, DriveError<J::Error>> {
        let now = loop {
            let now = clock();
            match self.sale.step(now, &mut self.buffers).map_err(DriveError::Sale)? {
                Step::Commit(token, record) => {
                    self.journal.store(record).map_err(DriveError::Journal)?;
                    self.sale.committed(token);
                }
                Step::Exchange(token, request, rx) => {
                    let route = request.call.route();
                    let result = self.routes.exchange_blocking(&request, rx);
                    trace!(request, result);
                    if self.sale.on_exchange(token, clock(), result, self.buffers.rx) == Connection::Drop {
                        self.routes.disconnect_blocking(route);
                    }
                }
                Step::Ready(_) | Step::Present(_) | Step::Wait(_) | Step::Done(_) => break now,
            }
        };
        self.need(now)
    }
}

impl<P, A, J> Drop for Driver<'_, P, A, J> {
    fn drop(&mut self) {
        self.buffers.tx.zeroize();
        self.buffers.rx.zeroize();
    }
}

impl<E: fmt::Display> fmt::Display for DriveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "the journal could not store: {error}"),
            Self::Sale(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for DriveError<E> {}
