//! What a desk is told: by the journal, the network, the shopper, the goods.

use super::super::model::{Authenticate, Operation};
use super::super::sale::{Buffers, Connection, Failure, Millis, Outcome, SaleError};
use super::super::wire::ResponseHead;
use super::desk::{CLOSE_TRIES, Desk, Said};
use super::keys::Keys;
use super::shop::{Choice, Goods, Seen, Wish};
use super::terms::Terms;

/// A journal that fails is tried again after half a second, then twice as long, up to ten seconds.
const AGAIN_MS: u32 = 500;
const AGAIN_MAX_MS: u32 = 10_000;

impl Desk {
    pub(super) fn stored(&mut self, now: Millis, stored: bool, terms: &Terms) {
        let Some(token) = self.token.take().and_then(|token| token.commit()) else { return };
        if stored {
            self.sale.committed(token);
            self.store.failures = 0;
            return;
        }
        let pause = AGAIN_MS.checked_shl(self.store.failures.into()).unwrap_or(AGAIN_MAX_MS).min(AGAIN_MAX_MS);
        self.store.at = now.after(pause);
        self.store.failures = self.store.failures.saturating_add(1);
        let open = matches!(self.sale.standing(), Outcome::Pending | Outcome::Unknown);
        // A code may be out that nobody will ask about: the gateway can still be told to take no money for it.
        self.store.close = open && now >= self.store.until && terms.policy.can_ask && self.store.closes < CLOSE_TRIES;
    }

    pub(super) fn exchanged(
        &mut self,
        now: Millis,
        result: Result<ResponseHead, Failure>,
        rx: &mut [u8],
        terms: &Terms,
    ) -> Connection {
        if core::mem::take(&mut self.store.closing) {
            if matches!(&result, Ok(head) if head.is_success()) || !terms.policy.can_ask {
                self.store.closes = u8::MAX;
            }
            return Connection::Keep;
        }
        match self.token.take().and_then(|token| token.in_flight()) {
            Some(token) => self.sale.on_exchange(token, now, result, rx),
            None => Connection::Keep,
        }
    }

    pub(super) fn seen(
        &mut self,
        now: Millis,
        seen: Seen,
        keys: &Keys,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), SaleError> {
        self.shown = true;
        let otp = match seen {
            Seen::Shown => {
                self.sale.shown(now);
                return Ok(());
            }
            Seen::GiveUp => {
                self.sale.cancel(now);
                return Ok(());
            }
            Seen::Switch(how) => {
                let switched = self.sale.switch_method(how, now);
                if switched.is_err() {
                    self.sale.shown(now);
                }
                return switched;
            }
            Seen::Otp(otp) => Authenticate::SubmitOtp(otp),
            Seen::ResendOtp => Authenticate::ResendOtp,
        };
        let attempt = self.record().attempt_count().saturating_sub(1);
        let key = keys.key(Operation::Authenticate, self.order_id(), attempt, self.otps);
        self.sale.submit_otp(&otp, key, now, buffers)?;
        self.otps = self.otps.saturating_add(1);
        Ok(())
    }

    /// # Errors
    /// The attempt cannot be begun; the order can still be paid.
    pub(super) fn chosen(
        &mut self,
        now: Millis,
        choice: &Choice,
        terms: &Terms,
        keys: &Keys,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), SaleError> {
        match choice {
            Choice::Pay(request) => {
                let attempt = self.record().attempt_count();
                let key = keys.key(Operation::OrderPay, self.order_id(), attempt, 0);
                self.sale.pay(request, key, now, buffers)?;
                self.shown = false;
                self.otps = 0;
                self.store.until = now.after(terms.policy.deadline_ms);
            }
            Choice::Wait if self.sale.ask(now).is_ok() => {}
            Choice::Wait | Choice::GiveUp | Choice::Leave => self.sale.cancel(now),
        }
        self.said = Said::Nothing;
        Ok(())
    }

    pub(super) fn vended(&mut self, goods: Goods) {
        let Said::Vending(outcome) = core::mem::take(&mut self.said) else { return };
        let token = self.token.take().and_then(|token| token.vend());
        let told = match (goods, token) {
            (Goods::Out, Some(token)) => self.sale.released(token, true).is_ok(),
            (Goods::Inside, Some(token)) => self.sale.released(token, false).is_ok(),
            (Goods::Unknown, _) | (_, None) => false,
        };
        if !told {
            self.said = Said::Done(outcome);
        }
    }

    pub(super) fn sensed(&mut self, goods: Goods) {
        let told = match goods {
            Goods::Out => self.sale.settle_release(true).is_ok(),
            Goods::Inside => self.sale.settle_release(false).is_ok(),
            Goods::Unknown => false,
        };
        if told {
            self.said = Said::Nothing;
        }
    }

    /// `true`: the caller turns to something else.
    pub(super) fn wished(&mut self, now: Millis, wish: Wish) -> bool {
        match wish {
            Wish::Nothing => return false,
            Wish::Cancel => self.sale.cancel(now),
            // Refused where it cannot be: the attempt goes on.
            Wish::Switch(how) => {
                let _ = self.sale.switch_method(how, now);
            }
            Wish::Leave => return true,
        }
        self.said = Said::Nothing;
        false
    }
}
