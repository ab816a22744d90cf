//! A whole life of a till: sales, one after the other, and whatever the journal has open beside them.

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

/// The till's whole life, without I/O: begin something, then carry out what [`Life::next`] says and answer with
/// [`Life::on`], until it is [`Do::Idle`](crate::till::Do::Idle). The same inputs give the same steps.
///
/// It holds two sales at the most: the shopper's, and one that the journal had open. The second works only in the waits of
/// the first, so that no shopper waits for another's sale.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    pub(super) terms: Terms,
    pub(super) keys: Keys,
    pub(super) job: Job,
    /// What came of the last job, until the next is begun.
    pub(super) done: Done,
    pub(super) front: Option<Desk>,
    pub(super) back: Back,
    /// How the last sale stood.
    pub(super) ended: Option<Ended>,
    /// Who waits for the answer to the last [`Do`].
    pub(super) asked: Asked,
    /// The connection to be closed.
    pub(super) disconnect: Option<Route>,
    pub(super) news: Option<News>,
    /// The key of the single call that is on its way.
    pub(super) key: Option<IdempotencyKey>,
    /// The route that was last used.
    pub(super) route: Route,
    /// Which of the terminal's lives this is, for a backend that counts them.
    pub(super) epoch: Option<DeviceEpoch>,
}

/// So often an order id is minted for one order. With a random source that works, once.
pub(super) const FRESH_IDS: u8 = 3;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    #[default]
    Nobody,
    Job,
    Front,
    Back,
}

/// What is to be told next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum News {
    Resumed(Asked),
    Settled(Outcome),
    Problem(Asked, RouteProblem),
}

impl Life {
    /// A till that was just switched on. `seed`: 32 random bytes, fresh for each boot. `incarnation`: 64 random bits, made
    /// with the journal and kept beside it. `epoch`: see [`Device::epoch`](super::Device::epoch).
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

    /// What the merchant decided.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// For what changes between two sales: how long to wait, whose goods.
    pub const fn terms_mut(&mut self) -> &mut Terms {
        &mut self.terms
    }

    /// How the last sale ended, or how the one at work stands.
    pub fn ended(&self) -> Option<Ended> {
        match &self.front {
            Some(desk) => Some(Self::ended_of(desk, desk.sale.standing())),
            None => self.ended.clone(),
        }
    }

    /// What is known of the sale at work.
    pub fn record(&self) -> Option<&Record> {
        self.front.as_ref().map(Desk::record)
    }

    /// What [`Do::Choose`](super::Do::Choose) asks, as long as it is not answered.
    pub(super) fn question(&self) -> Option<(&PaymentSessionId, Option<&AttemptEnd>)> {
        self.front.as_ref().and_then(Desk::question)
    }

    pub(super) fn ended_of(desk: &Desk, outcome: Outcome) -> Ended {
        Ended::of(desk.record(), outcome, desk.sale.route_problem(), desk.store.failures > 0)
    }

    /// The id of a new order: 64 fresh random bits.
    ///
    /// # Errors
    /// [`Terms::name`] is not fit for an order id.
    pub fn mint(&mut self) -> Result<OrderId, InvalidValue> {
        let name = self.terms.name.clone();
        self.keys.order_id(&name)
    }

    /// Creates an order of a fresh id; see [`Life::create`].
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

    /// Creates an order, and goes on until it can be paid: [`Done::Created`]. The request gets this device's mark, unless
    /// it goes to a backend.
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

    /// Sells an order: the one that was created last, or one that came from elsewhere.
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

    /// Takes up one sale of the journal, with what somebody says about it, and brings it on as far as it goes:
    /// [`Done::Over`].
    #[inline(never)]
    pub fn recall(&mut self, order_id: OrderId, word: Word) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Recall { order_id, word };
    }

    /// Looks after every sale that the journal has open, until all were, or it is `until`: [`Done::Settled`].
    pub fn settle_open(&mut self, until: Millis) {
        self.leave_front();
        self.back.begin_round();
        self.done = Done::Nothing;
        self.job = Job::Settle { until };
    }

    /// How an order stands at the gateway: [`Done::Status`].
    pub fn status(&mut self, order_id: OrderId) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Errand(Errand::status(order_id));
    }

    /// Sends money of an order back, once for each name: [`Done::Refunded`]. Payments and refunds are read before. Needs the
    /// merchant's keys on the ask route.
    pub fn refund(&mut self, order_id: OrderId, amount: Amount, name: &RefundRef) {
        self.leave_front();
        self.done = Done::Nothing;
        self.job = Job::Errand(Errand::refund(order_id, amount, name));
    }

    /// The sale at the desk is put by; the journal has it, if anything of it can matter.
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
