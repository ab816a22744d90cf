//! Sales that an earlier run did not finish: a power cut ended it, or nobody could be reached.

use core::fmt;

use embassy_time::{Instant, Timer};
use pay_core::drive::{self, Driver, Need, Routes};
use pay_core::sale::{Release, Stage};
use pay_core::{Amount, Buffers, Journal, OrderId, Sale};
use rand_core::CryptoRngCore;

use crate::exit::Exit;
use crate::local::Local;
use crate::sale::{Kiosk, bytes, now};
use crate::screen::{Screen, Shown};
use crate::vendor::Vendor;

impl<S: Screen, J: Journal, V: Vendor> Kiosk<'_, '_, S, J, V> {
    /// Takes up what the journal has open, one order after the other. What cannot be settled within the shopper's patience stays
    /// there for the next time. `true`: nothing is open any more.
    pub(crate) async fn take_up<T>(
        &mut self,
        pay: &mut T,
        ask: &mut T,
        random: &mut impl CryptoRngCore,
    ) -> Result<bool, Local<J::Error>>
    where
        T: pay_core::Transport<Error: fmt::Display>,
    {
        let (mut settled, mut after) = (true, None);
        while let Some(open) = self.settle_next(&mut after, pay, ask, random).await? {
            settled &= !open;
        }
        Ok(settled)
    }

    /// Refuses a new sale while too much is unsettled.
    pub(crate) async fn admit(&mut self, amount: Amount) -> Result<(), Local<J::Error>> {
        let exposure = drive::exposure(&mut self.journal).await.map_err(Local::Journal)?;
        self.arguments.limits.admit(&exposure, amount, self.wall_clock()).map_err(Local::Limit)
    }

    /// How an order ended that the journal knows: it is not sold again.
    pub(crate) async fn known(
        &mut self,
        order: &OrderId,
        random: &mut impl CryptoRngCore,
    ) -> Result<Option<Exit>, Local<J::Error>> {
        let Some(record) = self.journal.find(order).await.map_err(Local::Journal)? else { return Ok(None) };
        let outcome = Sale::resume(record, self.policy(false), bytes(random), now()).standing();
        let exit = Exit::of(&outcome, None);
        self.report.done(order, &outcome, exit);
        Ok(Some(exit))
    }

    /// Takes up the open sale with the lowest order above `after`, which then is its order. `None`: there is none. Else whether it
    /// is still open.
    ///
    /// Nobody stands before the kiosk any more, for all it knows: nothing is sold and nothing is handed out here. What was
    /// paid and is still inside goes back as money.
    async fn settle_next<T>(
        &mut self,
        after: &mut Option<OrderId>,
        pay: &mut T,
        ask: &mut T,
        random: &mut impl CryptoRngCore,
    ) -> Result<Option<bool>, Local<J::Error>>
    where
        T: pay_core::Transport<Error: fmt::Display>,
    {
        let policy = self.policy(true);
        let begun = now();
        // The record ends here: what is alive over an await takes memory as long as the program runs.
        let (order, sale) = match self.journal.next_open(after.as_ref()).await.map_err(Local::Journal)? {
            None => return Ok(None),
            Some(record) => (record.order_id.clone(), Sale::resume(record, policy, bytes(random), begun)),
        };
        *after = Some(order.clone());
        self.screen.show(Shown::Status("One moment"));
        self.report.resumed(&order);
        let buffers = Buffers { tx: &mut *self.buffers.tx, rx: &mut *self.buffers.rx };
        let mut driver = Driver::new(sale, Routes::two(pay, ask), &mut self.journal, buffers);
        let outcome = loop {
            match driver.drive(&mut now).await? {
                Need::Nothing(outcome) => {
                    let out = match driver.sale().record().release {
                        Release::Due => Some(false),
                        Release::Unknown => self.vendor.settle(&order).await,
                        _ => None,
                    };
                    let Some(out) = out else { break outcome };
                    self.report.released(&order, out);
                    driver.settle_release(out)?;
                }
                Need::Time(_) if now().since(begun) > u64::from(policy.deadline_ms) => break driver.sale().standing(),
                Need::Time(at) => {
                    // It was asked, and can still be paid.
                    if driver.sale().record().stage == Stage::Open {
                        driver.cancel(now());
                    } else if !self.arguments.resume && driver.sale().route_problem().is_some() {
                        // Nobody can be asked: the next shopper is not kept waiting for that.
                        break driver.sale().standing();
                    } else {
                        Timer::at(Instant::from_millis(at.0)).await;
                    }
                }
                Need::Attempt(_) | Need::Shopper(_) => driver.cancel(now()),
            }
        };
        self.report.settled(driver.sale().record(), &outcome);
        self.report.done(&order, &outcome, Exit::of(&outcome, None));
        Ok(Some(driver.sale().record().is_open()))
    }
}
