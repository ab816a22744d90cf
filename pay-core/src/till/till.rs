//! A till that waits without blocking: for microcontrollers and async programs.

use zeroize::Zeroize;

use super::super::drive::Routes;
use super::super::drive::{Journal, Transport};
use super::super::model::{Amount, CreateOrder, Customer, OpenOrder, OrderId, OrderPay, method::PaymentMethod};
use super::super::sale::{Buffers, Millis, Outcome, Record};
use super::device::Device;
use super::ended::{Done, Ended, Refunded, Status, Trouble};
use super::error::{TillError, over, refused, taken};
use super::job::Word;
use super::life::Life;
use super::observer::Observer;
use super::refund_ref::RefundRef;
use super::shop::{Choice, Seen, Shop};
use super::step::{Do, Event, Unreadable};
use super::terms::Terms;
use super::wire;

/// A till: it sells, and settles what it has open in the waits of its sales. A thin loop over [`Life`].
///
/// Cancellation: a dropped future is safe. A request that was on its way counts as unknown and is asked about; goods that were
/// being handed out are [`Release::Unknown`](crate::sale::Release::Unknown) after the next boot.
#[derive(Debug)]
pub struct Till<'b, P, A, J, O> {
    life: Life,
    routes: Routes<P, A>,
    journal: J,
    observer: O,
    buffers: Buffers<'b>,
}

impl<'b, P, A, J, O> Till<'b, P, A, J, O> {
    /// A till that was just switched on. `seed`: 32 random bytes, fresh for each boot. `observer`: `()` for nobody.
    pub fn new(
        routes: Routes<P, A>,
        device: Device<J>,
        terms: Terms,
        seed: [u8; 32],
        buffers: Buffers<'b>,
        observer: O,
    ) -> Self {
        let Device { secret, journal, incarnation } = device;
        Self { life: Life::new(terms, secret, incarnation, seed), routes, journal, observer, buffers }
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

    /// Creates an order of a fresh id and goes on until it can be paid.
    ///
    /// # Errors
    /// [`TillError`]; nothing that could charge was sent.
    pub async fn create(
        &mut self,
        amount: Amount,
        customer: Customer,
        shop: &mut impl Shop,
    ) -> Result<OpenOrder, TillError<J::Error>> {
        let order_id = self.life.mint().map_err(Trouble::Value)?;
        let request = CreateOrder::new(order_id, amount, customer).map_err(Trouble::Value)?;
        self.create_by(request, shop).await
    }

    /// Creates this order and goes on until it can be paid.
    ///
    /// # Errors
    /// [`TillError`]; nothing that could charge was sent.
    pub async fn create_by(
        &mut self,
        request: CreateOrder,
        shop: &mut impl Shop,
    ) -> Result<OpenOrder, TillError<J::Error>> {
        self.life.create(request, shop.unix(), shop.now(), &mut self.buffers)?;
        match self.run(shop, None).await? {
            Done::Created(order) => Ok(order),
            done => Err(refused(done)),
        }
    }

    /// Sells an order by this method: to the end, or until the shop leaves it.
    ///
    /// # Errors
    /// [`TillError`]; nothing that could charge was sent.
    pub async fn sell(
        &mut self,
        order: OpenOrder,
        method: impl Into<PaymentMethod>,
        shop: &mut impl Shop,
    ) -> Result<Outcome, TillError<J::Error>> {
        self.life.sell(&order, shop.unix(), shop.now())?;
        let mut first = Some(OrderPay::new(order.session, method));
        over(self.run(shop, Some(&mut first)).await?)
    }

    /// Sells an order by whatever the shop chooses.
    ///
    /// # Errors
    /// [`TillError`]; nothing that could charge was sent.
    pub async fn sell_by_choice(
        &mut self,
        order: &OpenOrder,
        shop: &mut impl Shop,
    ) -> Result<Outcome, TillError<J::Error>> {
        self.life.sell(order, shop.unix(), shop.now())?;
        over(self.run(shop, None).await?)
    }

    /// Takes up one sale of the journal, with what somebody says about it, and brings it on as far as it goes.
    ///
    /// # Errors
    /// [`TillError`]; nothing has changed then.
    pub async fn bring_on(
        &mut self,
        order_id: &OrderId,
        word: Word,
        shop: &mut impl Shop,
    ) -> Result<Outcome, TillError<J::Error>> {
        self.life.recall(order_id.clone(), word);
        over(self.run(shop, None).await?)
    }

    /// Looks after every sale that the journal has open, until all were or it is `until`. How many are still open.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn settle_open(&mut self, until: Millis, shop: &mut impl Shop) -> Result<u32, TillError<J::Error>> {
        self.life.settle_open(until);
        match self.run(shop, None).await? {
            Done::Settled(open) => Ok(open),
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
    ) -> Result<Refunded, TillError<J::Error>> {
        self.life.refund(order_id.clone(), amount, name);
        match self.run(shop, None).await? {
            Done::Refunded(refund) => Ok(refund),
            done => Err(refused(done)),
        }
    }

    /// How an order stands at the gateway.
    ///
    /// # Errors
    /// [`TillError`].
    pub async fn status(&mut self, order_id: &OrderId, shop: &mut impl Shop) -> Result<Status, TillError<J::Error>> {
        self.life.status(order_id.clone());
        match self.run(shop, None).await? {
            Done::Status(status) => Ok(status),
            done => Err(refused(done)),
        }
    }

    fn recalled(
        &mut self,
        found: Result<Option<Record>, J::Error>,
        now: Millis,
        failed: &mut Option<J::Error>,
    ) -> Result<(), Trouble> {
        match found {
            Ok(record) => self.life.on(now, Event::Recalled(Ok(record.as_ref())), &mut self.buffers),
            Err(error) => {
                self.observer.journal_failed(&error);
                *failed = Some(error);
                self.life.on(now, Event::Recalled(Err(Unreadable)), &mut self.buffers)
            }
        }
    }

    async fn run(
        &mut self,
        shop: &mut impl Shop,
        mut first: Option<&mut Option<OrderPay>>,
    ) -> Result<Done, TillError<J::Error>> {
        let mut failed = None;
        loop {
            let event = match self.life.next(shop.now(), &mut self.buffers) {
                Do::Idle(Done::Refused(Trouble::Journal)) => {
                    return Err(failed.map_or(TillError::Trouble(Trouble::Journal), TillError::Journal));
                }
                Do::Idle(done) => return Ok(done),
                Do::Store(record) => match self.journal.store(record).await {
                    Ok(()) => {
                        self.observer.stored(record);
                        Event::Stored(true)
                    }
                    Err(error) => {
                        self.observer.journal_failed(&error);
                        failed = Some(error);
                        Event::Stored(false)
                    }
                },
                Do::Recall(order_id) => {
                    let found = self.journal.find(order_id).await;
                    self.recalled(found, shop.now(), &mut failed)?;
                    continue;
                }
                Do::NextOpen(after) => {
                    let found = self.journal.next_open(after).await;
                    self.recalled(found, shop.now(), &mut failed)?;
                    continue;
                }
                Do::Exchange(request, rx) => {
                    Event::Exchanged(wire::exchange(&mut self.routes, &request, rx, &mut self.observer).await)
                }
                Do::Disconnect(route) => {
                    self.routes.disconnect(route);
                    Event::Told
                }
                Do::Tell(note) => {
                    self.observer.note(&note);
                    Event::Told
                }
                Do::Show(offer, action) => Event::Seen(shop.show(offer, action).await),
                Do::Choose(session, ended) => Event::Chosen(match first.as_mut().and_then(|first| taken(first)) {
                    Some(request) => Choice::Pay(request),
                    None => shop.choose(session, ended).await,
                }),
                Do::Vend(offer) => Event::Vended(shop.vend(offer).await),
                Do::Sense(order_id) => Event::Sensed(shop.sense(order_id).await),
                Do::Sleep(until) if until <= shop.now() => continue,
                Do::Sleep(until) => Event::Wished(shop.sleep(until).await),
            };
            let given = matches!(event, Event::Chosen(Choice::Pay(_)) | Event::Seen(Seen::Otp(_)));
            let told = self.life.on(shop.now(), event, &mut self.buffers);
            if given {
                shop.taken();
            }
            told?;
        }
    }
}

impl<P, A, J, O> Drop for Till<'_, P, A, J, O> {
    fn drop(&mut self) {
        self.buffers.tx.zeroize();
        self.buffers.rx.zeroize();
    }
}
