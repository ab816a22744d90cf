//! A second terminal on the order of a case, with a journal of its own in memory: its power never goes.

use pay_core::model::{OpenOrder, OrderId};
use pay_core::sale::{Buffers, Millis, Record};
use pay_core::till::{Choice, Do, Done, Event, Goods, Life, Note, Seen};
use pay_core::wire::{Auth, Route};

use super::case::Case;
use super::network::answered;
use super::outside::Outside;
use super::terms;
use crate::merchant::{CLIENT_ID, CLIENT_SECRET, Mishap, plain};

/// Pauses between two looks at what it has open.
const PAUSES_MS: [u64; 7] = [60_000, 300_000, 1_900_000, 1_900_000, 7_200_000, 25_000_000, 90_000_000];

#[derive(Clone)]
pub(super) struct Twin {
    life: Life,
    order: OpenOrder,
    journal: Option<Record>,
    tx: Vec<u8>,
    rx: Vec<u8>,
    began: u64,
    /// When it does something next; `None`: never again.
    pub(super) wake: Option<u64>,
    looks: usize,
    sells: bool,
    paid: bool,
}

impl Twin {
    pub(super) fn new(case: &Case, order: OpenOrder, at: u64) -> Self {
        let life = terms::life(case, 0, 1, 0xb2);
        Self {
            life,
            order,
            journal: None,
            tx: vec![0; 1024],
            rx: vec![0; 12 * 1024],
            began: at,
            wake: Some(at),
            looks: 0,
            sells: false,
            paid: false,
        }
    }

    /// Goes on until it waits for something.
    pub(super) fn go(&mut self, outside: &mut Outside) -> Result<(), String> {
        if !core::mem::replace(&mut self.sells, true) {
            self.life.sell(&self.order, None, Millis(0));
        }
        let merchant = Auth::merchant(CLIENT_ID, CLIENT_SECRET).map_err(|error| error.to_string())?;
        let pay = if outside.case.mode.pays_with_keys() { merchant.clone() } else { Auth::Session };
        for _ in 0..400 {
            let now = Millis(outside.now - self.began);
            let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
            let event = match self.life.next(now, &mut buffers) {
                Do::Store(record) => {
                    self.journal = Some(record.clone());
                    Event::Stored(true)
                }
                Do::Recall(_) => {
                    let found = self.journal.clone();
                    let told = self.life.on(now, Event::Recalled(Ok(found.as_ref())), &mut buffers);
                    told.map_err(|error| error.to_string())?;
                    continue;
                }
                Do::NextOpen(after) => {
                    let found = self.journal.clone().filter(|record| record.is_open() && after.is_none());
                    let told = self.life.on(now, Event::Recalled(Ok(found.as_ref())), &mut buffers);
                    told.map_err(|error| error.to_string())?;
                    continue;
                }
                Do::Exchange(request, rx) => {
                    let auth = if request.call.route() == Route::Ask { &merchant } else { &pay };
                    let plain = plain(&request, auth);
                    let known = outside.gateway.payments().len();
                    let answer = outside.deliver(&plain, None, Mishap::None);
                    let made = outside.gateway.payments()[known..].iter().map(|payment| payment.id);
                    let made: Vec<u64> = made.collect();
                    outside.book(&self.order.order_id).twins.extend(made);
                    Event::Exchanged(answered(&answer, rx))
                }
                Do::Disconnect(_) => Event::Told,
                Do::Tell(note) => {
                    if let Note::Settled(record, outcome) = &note {
                        let order = record.order_id.clone();
                        outside.said(&order, outcome, 1)?;
                    }
                    Event::Told
                }
                Do::Show(..) => Event::Seen(Seen::Shown),
                Do::Choose(session, _) => Event::Chosen(if self.paid {
                    Choice::GiveUp
                } else {
                    self.paid = true;
                    let method = outside.case.method;
                    Choice::Pay(method.short().request(session.expose()).ok_or("a request cannot be made")?)
                }),
                Do::Vend(offer) => {
                    let order: OrderId = offer.order_id.clone();
                    outside.vend(&order, 1)?;
                    Event::Vended(Goods::Out)
                }
                Do::Sense(_) => Event::Sensed(Goods::Out),
                Do::Sleep(until) if until > now => {
                    // The world goes on; it is called again then.
                    self.wake = Some(self.began.saturating_add(until.0));
                    return Ok(());
                }
                Do::Sleep(_) => continue,
                Do::Idle(done) => {
                    if let Done::Over(outcome) = &done {
                        outside.said(&self.order.order_id, outcome, 1)?;
                    }
                    let open = self.journal.as_ref().is_some_and(Record::is_open);
                    let Some(pause) = PAUSES_MS.get(self.looks).filter(|_| open) else {
                        self.wake = None;
                        return Ok(());
                    };
                    self.looks += 1;
                    let wake = outside.now + pause;
                    self.life.settle_open(Millis(wake - self.began + 120_000));
                    self.wake = Some(wake);
                    return Ok(());
                }
            };
            self.life.on(now, event, &mut buffers).map_err(|error| error.to_string())?;
        }
        Err("the second terminal does something for ever".to_owned())
    }

    /// What its journal says.
    pub(super) const fn record(&self) -> Option<&Record> {
        self.journal.as_ref()
    }
}
