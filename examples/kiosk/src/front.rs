//! The front of the kiosk: its screen, and the time that the shopper has for what is on it.

use core::cell::RefCell;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use embassy_time::{Duration, Instant, Timer};
use pay_core::drive::Apart;

use crate::notice::{Act, Notice, Price};
use crate::screen::Screen;
use crate::words::Words;

/// The screen, lent to two: the counter, and the clock beside it.
pub(crate) struct Front<S>(RefCell<Shown<S>>);

struct Shown<S> {
    screen: S,
    /// Until when what is shown may be acted on, and the seconds that the screen has.
    time: Option<(Instant, u32)>,
}

impl<S: Screen> Front<S> {
    pub(crate) const fn new(screen: S) -> Self {
        Self(RefCell::new(Shown { screen, time: None }))
    }

    /// Words alone.
    pub(crate) fn say(&self, words: Words) {
        let shown = &mut *self.0.borrow_mut();
        shown.time = None;
        shown.screen.show(Notice::Say(words));
    }

    /// Something to act on, until then. The answer is a word for the report.
    pub(crate) fn ask(&self, on: Act<'_>, price: Price<'_>, now: Instant, until: Instant) -> &'static str {
        let left_s = seconds(now, until).max(1);
        let notice = Notice::Act { on, price, left_s };
        let shown = &mut *self.0.borrow_mut();
        shown.time = Some((until, left_s));
        shown.screen.show(notice);
        notice.kind()
    }

    /// Does the work, and counts down beside it, also while an exchange waits for an answer.
    pub(crate) async fn beside<F: Future>(&self, mut work: Pin<&mut F>) -> F::Output {
        let mut clock = pin!(self.count_down());
        poll_fn(|cx| {
            let done = pin!(Apart(work.as_mut())).poll(cx);
            if done.is_pending() {
                let Poll::Pending = clock.as_mut().poll(cx);
            }
            done
        })
        .await
    }

    async fn count_down(&self) -> Infallible {
        loop {
            Timer::at(self.tick(Instant::now())).await;
        }
    }

    /// The screen learns of the time that is left. When it is over, what was to be acted on goes. The answer is when to look again.
    fn tick(&self, now: Instant) -> Instant {
        const SECOND: Duration = Duration::from_secs(1);
        let shown = &mut *self.0.borrow_mut();
        let Some((until, told)) = shown.time else { return now + SECOND };
        let left = seconds(now, until);
        if left == 0 {
            shown.time = None;
            shown.screen.show(Notice::Say(Words::WaitingForBank));
        } else if left != told {
            shown.time = Some((until, left));
            shown.screen.left(left);
        }
        // When the second that has begun is over.
        let rest = Duration::from_millis(until.as_millis().saturating_sub(now.as_millis()) % 1_000);
        now + if rest == Duration::MIN { SECOND } else { rest }
    }
}

/// From now until then, each begun second counted.
fn seconds(now: Instant, until: Instant) -> u32 {
    let ms = until.as_millis().saturating_sub(now.as_millis());
    u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use pay_core::Amount;
    use pay_core::model::Currency;
    use std::string::String;
    use std::vec::Vec;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Screen for Seen {
        fn show(&mut self, notice: Notice<'_>) {
            self.0.push(match notice {
                Notice::Say(words) => std::format!("{words:?}"),
                Notice::Act { left_s, .. } => std::format!("act {left_s}"),
            });
        }

        fn left(&mut self, seconds: u32) {
            self.0.push(std::format!("left {seconds}"));
        }
    }

    /// Mutant seen red: the code left after its time (`kiosk-code-outlives-its-time`). Meant to notice, too: a second told twice; the time
    /// of a code that was replaced counted on; a begun second left out.
    #[test]
    fn what_is_acted_on_goes_when_its_time_is_over() {
        let (mut seen, inr) = (Seen::default(), Currency::inr());
        let front = Front::new(&mut seen);
        let at = |ms: u64| Instant::from_millis(50_000 + ms);
        let price = Price { amount: Amount::from_minor(1015).unwrap(), currency: &inr };
        let act = Act::Words(Words::ConfirmInApp);
        assert_eq!(front.tick(at(0)), at(1_000));
        assert_eq!(front.ask(act, price, at(0), at(2_500)), "status");
        for (ms, next) in [(400, 500), (600, 1_500), (1_499, 1_500), (1_500, 2_500), (2_499, 2_500), (2_500, 3_500)] {
            assert_eq!(front.tick(at(ms)), at(next), "{ms}");
        }
        front.ask(act, price, at(4_000), at(9_000));
        front.say(Words::TakeGoods);
        front.tick(at(9_500));
        let told = ["act 3", "left 2", "left 1", "WaitingForBank", "act 5", "TakeGoods"];
        // 600 ms: 1.9 s are left; 1,499 ms: 1.001 s; 1,500 ms: one second.
        assert_eq!(seen.0, told);
    }
}
