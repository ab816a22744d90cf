//! A till whose backend holds its answers until there is news, and one that does not.

use std::cell::Cell;
use std::future::pending;

use pay_core::Outcome;
use pay_core::drive::transport::{ErrorType, Transport, blocking};
use pay_core::drive::{Blocking, MemoryJournal, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{Amount, CallKind};
use pay_core::sale::{Buffers, NotPaid, Refunds};
use pay_core::till::{Till, Wish};
use pay_core::wire::{Endpoint, Request, ResponseHead};
use tests::nor::block_on;

use crate::till::{Lost, Part, customer, device, part, terms};

#[derive(Clone, Copy, PartialEq)]
enum Backend {
    /// Answers at once.
    Ignores,
    /// Says that it holds answers, and answers at once.
    Pretends,
    /// Answers when there is news.
    Holds,
    /// Is asked to hold an answer, and never gives it.
    Hangs,
}

/// The ask route and the pay route.
struct Held<'a> {
    part: Part,
    backend: Backend,
    /// Longest wait that was asked for, and how often the order was asked for.
    seen: &'a Cell<(u8, u32)>,
}

impl ErrorType for Held<'_> {
    type Error = Lost;
}

impl Transport for Held<'_> {
    fn endpoint(&self) -> &Endpoint {
        blocking::Transport::endpoint(&self.part)
    }

    fn disconnect(&mut self) {}

    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Lost> {
        assert!(request.wait_s == 0 || request.call.kind() == CallKind::ReadOrder, "{}", request.call);
        assert!(u32::from(request.wait_s) * 2_000 < request.timeout_ms, "the answer could come too late");
        let (longest, asked) = self.seen.get();
        self.seen.set((longest.max(request.wait_s), asked + u32::from(request.call.kind() == CallKind::ReadOrder)));
        if request.wait_s > 0 {
            match self.backend {
                Backend::Hangs => pending().await,
                Backend::Holds => self.part.hold(u64::from(request.wait_s) * 1_000),
                Backend::Ignores | Backend::Pretends => {}
            }
        }
        let mut head = blocking::Transport::exchange(&mut self.part, request, rx)?;
        head.waited = request.wait_s > 0 && self.backend != Backend::Ignores;
        Ok(head)
    }
}

struct Ran {
    outcome: Outcome,
    /// From the beginning of the sale to its end, in milliseconds.
    took_ms: u64,
    longest: u8,
    asked: u32,
}

/// A sale whose shopper pays 9 s after the code is shown.
fn sell(backend: Backend, exchange_ms: u32, wish: Option<(u64, Wish)>) -> Ran {
    let mut part = part();
    let seen = Cell::new((0, 0));
    let (mut tx, mut rx) = (vec![0; 2_048], vec![0; 32_768]);
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let mut terms = terms();
    (terms.policy.refunds, terms.policy.exchange_ms) = (Refunds::ByBackend, exchange_ms);
    let routes = Routes::same(Held { part: part.clone(), backend, seen: &seen });
    let mut till = Till::new(routes, device(Blocking(MemoryJournal::<4>::new())), terms, [1; 32], buffers, ());
    let order = block_on(till.create(Amount::from_minor(1_015).unwrap(), customer(), &mut part)).unwrap();
    let since = part.elapsed_ms();
    if let Some((ms, wish)) = wish {
        part.wish(ms, wish);
    }
    let outcome = block_on(till.sell(order, Upi::link(), &mut part)).unwrap();
    let (longest, asked) = seen.get();
    Ran { outcome, took_ms: part.elapsed_ms() - since, longest, asked }
}

/// Meant to notice: a wait that is not asked for; a pause after one that ran out, in which nobody hears of the payment.
#[test]
fn a_payment_is_known_when_the_backend_knows_it() {
    let ran = sell(Backend::Holds, 20_000, None);
    assert!(matches!(ran.outcome, Outcome::Paid { .. }), "{:?}", ran.outcome);
    assert_eq!(ran.longest, 9);
    // Calls of 40 ms each, a tenth of a second of the backend's, and the goods.
    assert!((9_000..9_800).contains(&ran.took_ms), "{} ms", ran.took_ms);
    assert!(ran.asked <= 4, "{} readings", ran.asked);
}

/// Meant to notice: a backend that does not wait, or only says so, asked without a pause.
#[test]
fn a_backend_that_does_not_hold_is_asked_as_ever() {
    for backend in [Backend::Ignores, Backend::Pretends] {
        let ran = sell(backend, 20_000, None);
        assert!(matches!(ran.outcome, Outcome::Paid { .. }), "{:?}", ran.outcome);
        assert!(ran.took_ms < 9_000 + 4_500 && ran.asked <= 6, "{} ms, {} readings", ran.took_ms, ran.asked);
    }
}

/// Meant to notice: a wait as long as the exchange, whose answer then comes too late; one of a limit that leaves no time for it.
#[test]
fn a_wait_is_shorter_than_half_an_exchange() {
    for (exchange_ms, longest) in [(60_000, 9), (10_000, 4), (10_001, 5), (2_000, 0)] {
        assert_eq!(sell(Backend::Holds, exchange_ms, None).longest, longest, "{exchange_ms}");
    }
}

/// Meant to notice: a shopper whose wish is heard only when the backend has answered.
#[test]
fn a_wish_ends_the_wait() {
    let ran = sell(Backend::Hangs, 20_000, Some((5_000, Wish::Cancel)));
    let is_so = matches!(ran.outcome, Outcome::NotPaid(NotPaid::Terminated) | Outcome::HandedOver);
    assert!(is_so && ran.took_ms < 120_000, "{:?} after {} ms", ran.outcome, ran.took_ms);
}
