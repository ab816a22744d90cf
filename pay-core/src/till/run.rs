//! The one loop: does what a life asks for, and tells it what came of that.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use super::super::drive::{Apart, Journal, Transport};
use super::super::model::OrderId;
use super::super::sale::{Delivery, ErrorKind, Failure, Millis, Record};
use super::ended::{Done, Trouble};
use super::error::TillError;
use super::observer::Observer;
use super::shop::{Choice, Seen, Shop, Wish};
use super::step::{Do, Event, Unreadable};
use super::till::Till;
use super::wire;

impl<P: Transport, A: Transport, J: Journal, O: Observer> Till<'_, P, A, J, O> {
    // What is awaited has its frame apart: the stack holds one of them at a time, not room for all.
    pub(super) async fn run(&mut self, shop: &mut impl Shop) -> Result<Done, TillError<J::Error>> {
        let mut failed = None;
        loop {
            let now = shop.now();
            let event = match self.life.next(now, &mut self.buffers) {
                Do::Idle(Done::Refused(Trouble::Journal)) => {
                    return Err(failed.map_or(TillError::Trouble(Trouble::Journal), TillError::Journal));
                }
                Do::Idle(done) => return Ok(done),
                Do::Store(record) => match Apart(pin!(self.journal.store(record))).await {
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
                    let wanted = Wanted::This(order_id.clone());
                    failed = Apart(pin!(self.recall(wanted, shop.now()))).await?.or(failed);
                    continue;
                }
                Do::NextOpen(after) => {
                    let wanted = Wanted::Above(after.cloned());
                    failed = Apart(pin!(self.recall(wanted, shop.now()))).await?.or(failed);
                    continue;
                }
                Do::Exchange(request, rx) => {
                    let until = (request.wait_s > 0).then(|| shop.now().after(request.timeout_ms));
                    let result = {
                        let exchange = pin!(wire::exchange(&mut self.routes, &request, rx, &mut self.observer));
                        // Awaited in one place: a future of two places has its room beside that of all others.
                        unless_wished(Apart(exchange), shop, until).await
                    };
                    match result {
                        Ok(result) => Event::Exchanged(result),
                        Err(wish) => {
                            self.wished(wish, shop.now())?;
                            continue;
                        }
                    }
                }
                Do::Disconnect(route) => {
                    self.routes.disconnect(route);
                    Event::Told
                }
                Do::Tell(note) => {
                    self.observer.note(&note);
                    Event::Told
                }
                Do::Show(..) => {
                    let (given, told) = Apart(pin!(self.show(now, shop))).await;
                    // Not in there: its frame held the OTP, and is free only now.
                    if given {
                        shop.taken();
                    }
                    told?;
                    continue;
                }
                Do::Choose(..) => {
                    let (given, told) = Apart(pin!(self.choose(shop))).await;
                    // Not in there: its frame held the card, and is free only now.
                    if given {
                        shop.taken();
                    }
                    told?;
                    continue;
                }
                Do::Vend(offer) => Event::Vended(Apart(pin!(shop.vend(offer))).await),
                Do::Sense(order_id) => Event::Sensed(Apart(pin!(shop.sense(order_id))).await),
                Do::Sleep(until) if until <= shop.now() => continue,
                Do::Sleep(until) => Event::Wished(shop.sleep(until).await),
            };
            self.life.on(shop.now(), event, &mut self.buffers)?;
        }
    }

    /// The shopper acted while the backend held its answer: the till no longer waits for it.
    fn wished(&mut self, wish: Wish, now: Millis) -> Result<(), Trouble> {
        let failure = Failure { kind: ErrorKind::Abandoned, delivery: Delivery::Unknown };
        self.life.on(now, Event::Exchanged(Err(failure)), &mut self.buffers)?;
        self.life.on(now, Event::Wished(wish), &mut self.buffers)
    }

    /// Whether the shopper gave an OTP, and what the life says to that.
    async fn show(&mut self, now: Millis, shop: &mut impl Shop) -> (bool, Result<(), Trouble>) {
        // Asked again as of the same time, it says the same.
        let Do::Show(offer, action) = self.life.next(now, &mut self.buffers) else { return (false, Ok(())) };
        let seen = shop.show(offer, action).await;
        let given = matches!(seen, Seen::Otp(_));
        (given, self.life.on(shop.now(), Event::Seen(seen), &mut self.buffers))
    }

    /// Whether the shopper gave a method, and what the life says to that.
    async fn choose(&mut self, shop: &mut impl Shop) -> (bool, Result<(), Trouble>) {
        let Some((session, ended)) = self.life.question() else { return (false, Ok(())) };
        let choice = shop.choose(session, ended).await;
        let given = matches!(choice, Choice::Pay(_));
        (given, self.life.on(shop.now(), Event::Chosen(choice), &mut self.buffers))
    }

    /// What the journal has of it; the answer is its error.
    async fn recall(&mut self, wanted: Wanted, now: Millis) -> Result<Option<J::Error>, Trouble> {
        let found = match &wanted {
            Wanted::This(order_id) => Apart(pin!(self.journal.find(order_id))).await,
            Wanted::Above(after) => Apart(pin!(self.journal.next_open(after.as_ref()))).await,
        };
        self.recalled(&found, now)?;
        Ok(found.err())
    }

    #[inline(never)] // what it needs of the stack is free again before anything is awaited
    fn recalled(&mut self, found: &Result<Option<Record>, J::Error>, now: Millis) -> Result<(), Trouble> {
        let unreadable;
        let found = match found {
            Ok(record) => Ok(record.as_ref()),
            Err(error) => {
                self.observer.journal_failed(error);
                unreadable = J::unreadable(error).map_or(Unreadable::Journal, Unreadable::Record);
                Err(&unreadable)
            }
        };
        self.life.on(now, Event::Recalled(found), &mut self.buffers)
    }
}

/// The exchange's result, or what was wished before it came; nothing is, where there is no time to wait for that.
async fn unless_wished<S: Shop, T>(
    mut exchange: Apart<'_, impl Future<Output = T>>,
    shop: &mut S,
    until: Option<Millis>,
) -> Result<T, Wish> {
    while let Some(until) = until.filter(|until| shop.now() < *until) {
        let mut sleep = pin!(shop.sleep(until));
        let first = poll_fn(|context| match Pin::new(&mut exchange).poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(Ok(result))),
            Poll::Pending => match sleep.as_mut().poll(context) {
                Poll::Ready(Wish::Nothing) => Poll::Ready(None),
                Poll::Ready(wish) => Poll::Ready(Some(Err(wish))),
                Poll::Pending => Poll::Pending,
            },
        });
        if let Some(first) = first.await {
            return first;
        }
    }
    Ok(exchange.await)
}

/// What is looked up in the journal.
enum Wanted {
    This(OrderId),
    /// The open one with the lowest id above this.
    Above(Option<OrderId>),
}
