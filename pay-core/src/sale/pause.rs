//! How long a sale waits between two calls.

use super::super::model::idempotency::keyed;
use super::super::wire::http::ResponseHead;
use super::phase::{Phase, Question};
use super::record::Stage;
use super::state::Sale;
use super::time::Millis;

impl Sale {
    /// Half a second, doubled with every failure in a row.
    pub(super) fn back_off(&mut self, now: Millis) -> Millis {
        let at = self.later(now, 500, self.failures.into());
        self.failures = self.failures.saturating_add(1);
        at
    }

    /// When the next round of asking is due: at the usual pace while the shopper acts; growing while the order is being
    /// closed or the route fails. With up to a quarter of jitter, so that terminals of one shop do not ask in step.
    pub(super) fn next_round(&self, now: Millis) -> Millis {
        let acting = matches!(self.record.stage, Stage::Creating | Stage::Open) && self.record.closed.is_none();
        let doublings = if acting { 0 } else { self.asking.rounds }.max(self.failures.into());
        self.later(now, self.policy.ask_ms, doublings)
    }

    /// After `base_ms` doubled so many times, up to the longest pause, with jitter.
    pub(super) fn later(&self, now: Millis, base_ms: u32, doublings: u32) -> Millis {
        let factor = 1_u32.checked_shl(doublings.min(16)).unwrap_or(u32::MAX);
        let pause = base_ms.saturating_mul(factor).min(self.policy.ask_max_ms.max(base_ms));
        let [byte, ..] = keyed(&self.seed, &[b"jitter\0", &self.serial.to_be_bytes()]);
        now.after(pause).after(pause / 4 / 256 * u32::from(byte) + (pause / 4 % 256) * u32::from(byte) / 256)
    }

    /// How long the answer to the next question may be held until there is news, in seconds: of an order that the shopper pays, and
    /// not beyond the shopper's time.
    pub(super) fn wait_s(&self, now: Millis) -> u8 {
        let acting = self.record.stage == Stage::Open && self.record.closed.is_none();
        if !acting || !matches!(self.phase, Phase::Ask(Question::Order, _)) {
            return 0;
        }
        let left = self.deadline.map_or(u64::MAX, |deadline| deadline.since(now) / 1_000);
        self.policy.wait_s().min(u8::try_from(left).unwrap_or(u8::MAX))
    }

    /// When a throttled call may be made again: as told, else after a minute.
    pub(super) fn after_throttle(&self, now: Millis, head: &ResponseHead) -> Millis {
        let wait_ms = match head.rate_limit.retry_s {
            Some(seconds @ 1..) => seconds.min(3_600) * 1_000,
            _ => 60_000,
        };
        let jitter = self.later(now, 1_000, 0).since(now.after(1_000));
        now.after(wait_ms).after(u32::try_from(jitter).unwrap_or(0))
    }
}
