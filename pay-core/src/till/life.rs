//! A terminal's whole program as one value: sales, one after the other, and open sales of the journal beside them.

use super::super::model::{
    Amount, CreateOrder, Customer, DeviceSecret, IdempotencyKey, InvalidValue, MARK_TAG, OpenOrder, Operation, OrderId,
    PaymentSessionId, UnixSeconds,
};
use super::super::sale::{AttemptEnd, Buffers, Millis, Outcome, Record, Refunds, RouteProblem, Sale, SaleError, Setup};
use super::super::wire::{DeviceEpoch, Route, encode};
use super::back::Back;
use super::desk::Desk;
use super::ended::{Done, Ended, Trouble};
use super::errand::Errand;
use super::job::{Goal, Job, Word};
use super::keys::Keys;
use super::refund_ref::RefundRef;
use super::terms::Terms;

/// A terminal's whole program without I/O. Begin a job, then do what [`Life::next`] says and report the result to
/// [`Life::on`], until it says [`Do::Idle`](crate::till::Do::Idle). The same inputs give the same steps.
///
/// It holds two sales at most: the shopper's, and an open one of the journal. The second works only while the first
/// waits, so no shopper waits for another's sale.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    pub(super) terms: Terms,
    pub(super) keys: Keys,
    pub(super) job: Job,
    /// The result of the last job, until the next begins.
    pub(super) done: Done,
    pub(super) front: Option<Desk>,
    pub(super) back: Back,
    /// How the last sale stood.
    pub(super) ended: Option<Ended>,
    /// Which part waits for the answer to the last [`Do`].
    pub(super) asked: Asked,
    /// The connection to close next.
    pub(super) disconnect: Option<Route>,
    pub(super) news: Option<News>,
    /// The idempotency key of the single call in flight.
    pub(super) key: Option<IdempotencyKey>,
    /// The route used last.
    pub(super) route: Route,
    /// The device's epoch, for a backend that counts them.
    pub(super) epoch: Option<DeviceEpoch>,
}

/// How often at most an order id is made for one order. With a working random source once is enough.
pub(super) const FRESH_IDS: u8 = 3;

/// Which part waits for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    #[default]
    Nobody,
    Job,
    Front,
    Back,
}

/// What the observer is told next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum News {
    Resumed(Asked),
    Settled(Outcome),
    Problem(Asked, RouteProblem),
}

impl Life {
    /// Makes a life at boot. `seed`: 32 random bytes, fresh for each boot. `incarnation`: 64 random bits, made with the
    /// journal and stored beside it. `epoch`: see [`Device::epoch`](super::Device::epoch).
    #[inline(never)] // its copies of a sale are off the stack before anything is awaited
    pub fn new(terms: Terms, secret: DeviceSecret, incarnation: u64, epoch: u32, seed: [u8; 32]) -> Self {
        let keys = Keys::new(secret, incarnation, terms.environment, seed);
        Self {
            terms,
            keys,
            job: Job::None,
            done: Done::Nothing,
            front: None,
            back: Back::default(),
            ended: None,
            asked: Asked::Nobody,
            disconnect: None,
            news: None,
            key: None,
            route: Route::Ask,
            epoch: DeviceEpoch::new(epoch),
        }
    }

    pub(super) fn set_epoch(&mut self, epoch: u32) {
        self.epoch = DeviceEpoch::new(epoch);
    }

    /// The merchant's terms.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The merchant's terms, to change between two sales: how long to wait, whether goods are handed out.
    pub const fn terms_mut(&mut self) -> &mut Terms {
        &mut self.terms
    }

    /// How the current sale stands, or how the last one ended.
    pub fn ended(&self) -> Option<Ended> {
        match &self.front {
            Some(desk) => Some(Self::ended_of(desk, desk.sale.standing())),
            None => self.ended.clone(),
        }
    }

    /// The record of the current sale.
    pub fn record(&self) -> Option<&Record> {
        self.front.as_ref().map(Desk::record)
    }

    /// The open question of [`Do::Choose`](super::Do::Choose).
    pub(super) fn question(&self) -> Option<(&PaymentSessionId, Option<&AttemptEnd>)> {
        self.front.as_ref().and_then(Desk::question)
    }

    pub(super) fn ended_of(desk: &Desk, outcome: Outcome) -> Ended {
        Ended::of(desk.record(), outcome, desk.sale.route_problem(), desk.store.failures > 0)
    }

    /// Makes the id of a new order: [`Terms::name`] and 64 fresh random bits.
    ///
    /// # Errors
    /// [`Terms::name`] has characters that an order id must not have.
    pub fn mint(&mut self) -> Result<OrderId, InvalidValue> {
        let name = self.terms.name.clone();
        self.keys.order_id(&name)
    }

    /// Creates an order with a fresh id; see [`Life::create`].
    ///
    /// # Errors
    /// [`Trouble`]; nothing was begun.
    #[inline(never)]
    pub(crate) fn create_fresh(
        &mut self,
        amount: Amount,
        customer: &Customer,
        unix: Option<UnixSeconds>,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), Trouble> {
        let order_id = self.mint()?;
        let request = CreateOrder::new(order_id, amount, customer.clone())?;
        self.create(&request, unix, now, buffers)
    }

    /// Begins to create an order; ends with [`Done::Created`] once it can be paid. The request gets this device's mark,
    /// unless it goes to a backend, which has its own.
    ///
    /// # Errors
    /// [`Trouble`]; nothing was begun.
    pub fn create(
        &mut self,
        request: &CreateOrder,
        unix: Option<UnixSeconds>,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), Trouble> {
        // A backend makes the order, with a mark of its own.
        if self.terms.policy.refunds == Refunds::ByBackend {
            self.create_so(request, unix, now, buffers)
        } else {
            self.create_marked(request, unix, now, buffers)
        }
    }

    #[inline(never)] // the request is there twice, and not where a backend makes the order
    fn create_marked(
        &mut self,
        request: &CreateOrder,
        unix: Option<UnixSeconds>,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), Trouble> {
        let mark = self.keys.mark(request.order_id(), request.amount(), request.currency());
        let marked = request.clone().with_tag(MARK_TAG, &mark)?;
        self.create_so(&marked, unix, now, buffers)
    }

    #[inline(never)]
    fn create_so(
        &mut self,
        request: &CreateOrder,
        unix: Option<UnixSeconds>,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), Trouble> {
        let key = self.keys.key(Operation::CreateOrder, request.order_id(), 0, 0);
        let body_len = encode::create_order(request, buffers.tx).map_err(SaleError::Encode)?;
        let setup = self.setup();
        Desk::open(&mut self.front, || Sale::creating(request, body_len, key, setup, now), &self.terms, now);
        self.begin(unix, Goal::Create);
        Ok(())
    }

    /// Begins to sell an order: the one created last, or one from elsewhere. Ends with [`Done::Over`].
    pub fn sell(&mut self, order: &OpenOrder, unix: Option<UnixSeconds>, now: Millis) {
        self.done = Done::Nothing;
        if self.front.as_ref().is_some_and(|desk| desk.is_ready_for(order)) {
            self.job = Job::Serve(Goal::Sell);
            return;
        }
        let setup = self.setup();
        Desk::open(&mut self.front, || Sale::new(order.clone(), setup), &self.terms, now);
        self.begin(unix, Goal::Sell);
    }

    fn setup(&mut self) -> Setup {
        let Terms { environment, api_version, policy, .. } = self.terms;
        Setup { environment, api_version, policy, seed: self.keys.seed() }
    }

    fn begin(&mut self, unix: Option<UnixSeconds>, then: Goal) {
        if let Some(desk) = &mut self.front {
            desk.sale.introduce(self.keys.power_on, self.terms.client, unix);
        }
        self.done = Done::Nothing;
        self.job = Job::Admit { after: None, sum: Default::default(), now: unix, then };
    }

    /// Begins to resume one sale of the journal, with what a person says about it, and settles it as far as possible.
    /// Ends with [`Done::Over`].
    #[inline(never)]
    pub fn recall(&mut self, order_id: OrderId, word: Word) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Recall { order_id, word };
    }

    /// Begins to resume every open sale of the journal, once each or until `until`. Ends with [`Done::Settled`].
    pub fn settle_open(&mut self, until: Millis) {
        self.leave_front();
        self.back.begin_round();
        self.done = Done::Nothing;
        self.job = Job::Settle { until };
    }

    /// Begins to read how an order stands at the gateway. Ends with [`Done::Status`].
    pub fn status(&mut self, order_id: OrderId) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Errand(Errand::status(order_id));
    }

    /// Begins a refund of an order, once per name; reads payments and refunds first. Needs the merchant's keys on the
    /// ask route. Ends with [`Done::Refunded`].
    pub fn refund(&mut self, order_id: OrderId, amount: Amount, name: &RefundRef) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Errand(Errand::refund(order_id, amount, name));
    }

    /// Puts the current sale aside; the journal has it if it can still matter.
    pub(super) fn leave_front(&mut self) {
        if let Some(desk) = &self.front {
            self.ended = Some(Self::ended_of(desk, desk.sale.standing()));
            self.back.expect();
        }
        self.front = None;
    }

    pub(super) fn finish(&mut self, done: Done) {
        self.job = Job::None;
        self.done = done;
    }
}
