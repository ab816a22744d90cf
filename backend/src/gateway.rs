//! Calls to the gateway: with the merchant's keys, within one budget.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{ApiVersion, CallKind, RequestId};
use pay_core::wire::{Call, Endpoint, Request, ResponseHead};
use transport_std::{Config, HttpsTransport};

use crate::answer::{Answer, Rate};
use crate::budget::{Budget, Class, Limits};
use crate::clock::Clock;
use crate::config::StartError;
use crate::metrics::Metrics;

/// Longest answer taken. A list of attempts has no end of its own; this holds a few hundred.
const RX: usize = 256 * 1024;
/// Connections kept for the next calls.
const IDLE: usize = 8;
/// Limit of one call, in milliseconds: shorter than a kiosk waits for us.
const EXCHANGE_MS: u32 = 10_000;

/// The gateway, as this program calls it.
pub(crate) struct Gateway {
    open: Box<dyn Fn() -> Option<Line> + Send + Sync>,
    limits: Limits,
    idle: Mutex<Vec<Line>>,
    budget: Mutex<Budget>,
    clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
}

/// A way to the gateway, for one call at a time. `None`: the call failed.
pub(crate) type Line = Box<dyn for<'a> FnMut(&Request<'a>, &mut [u8]) -> Option<ResponseHead> + Send>;

/// One call that the budget has allowed.
pub(crate) struct Permit(Class);

impl Gateway {
    pub(crate) fn new(endpoint: Endpoint, config: Config, limits: Limits, clock: Clock) -> Result<Self, StartError> {
        // So that a mistake shows at the start, and not at the first sale.
        HttpsTransport::new(endpoint.clone(), config.clone()).map_err(StartError::Gateway)?;
        let open = move || {
            let mut transport = HttpsTransport::new(endpoint.clone(), config.clone()).ok()?;
            let line: Line = Box::new(move |request, rx| transport.exchange(request, rx).ok());
            Some(line)
        };
        Ok(Self::with(Box::new(open), limits, clock))
    }

    /// Over lines that `open` makes.
    pub(crate) fn with(open: Box<dyn Fn() -> Option<Line> + Send + Sync>, limits: Limits, clock: Clock) -> Self {
        Self { open, limits, idle: Mutex::default(), budget: Mutex::default(), clock, metrics: Arc::default() }
    }

    /// Takes a call out of the budget.
    ///
    /// # Errors
    /// The 429 for a device, if there is none left.
    pub(crate) fn reserve(&self, call: CallKind) -> Result<Permit, Answer> {
        let class = Class::of(call).ok_or_else(Answer::no_such_path)?;
        match self.budget().take(class, &self.limits, self.now()) {
            Ok(()) => Ok(Permit(class)),
            Err(rate) => Err(Answer::throttled(rate)),
        }
    }

    /// Makes the call. The answer is the gateway's as it came, unless it is about our keys or not whole.
    pub(crate) fn call(&self, permit: Permit, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let Permit(class) = permit;
        let answer = self.exchange(class, call, version, body);
        let rate = self.budget().rate(class, &self.limits, self.now());
        answer.with_rate(rate)
    }

    /// What is left for calls of this kind.
    pub(crate) fn rate(&self, call: CallKind) -> Option<Rate> {
        Class::of(call).map(|class| self.budget().rate(class, &self.limits, self.now()))
    }

    /// More than half of what may be asked in a minute is left.
    pub(crate) fn has_to_spare(&self, call: CallKind) -> bool {
        self.has_left(call, 2)
    }

    /// More than one part in `parts` of what may be asked in a minute is left.
    pub(crate) fn has_left(&self, call: CallKind, parts: u32) -> bool {
        self.rate(call).is_some_and(|rate| rate.remaining > rate.limit / parts)
    }

    /// Calls of this kind since the start.
    pub(crate) fn made(&self, call: CallKind) -> u64 {
        Class::of(call).map_or(0, |class| self.budget().made(class))
    }

    /// Makes a device's own call.
    pub(crate) fn forward(&self, permit: Permit, request: Request<'_>) -> Answer {
        let Permit(class) = permit;
        let answer = match self.send(class, request) {
            Ok((head, body)) => Answer::of_forward(&head, body),
            Err(_) => Answer::doubt(),
        };
        let rate = self.budget().rate(class, &self.limits, self.now());
        answer.with_rate(rate)
    }

    fn exchange(&self, class: Class, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let mut random = [0; 16];
        if getrandom::fill(&mut random).is_err() {
            return Answer::nothing_known("the backend has no random bytes");
        }
        match self.send(class, Request::new(call, version, RequestId::from_random(random)).with_body(body)) {
            Ok((head, body)) => Answer::of_gateway(&head, body),
            Err(message) => Answer::nothing_known(message),
        }
    }

    /// One exchange, and a note of what it says of the limits.
    fn send(&self, class: Class, request: Request<'_>) -> Result<(ResponseHead, Vec<u8>), &'static str> {
        let kept = self.idle().pop();
        let mut line = kept.or_else(|| (self.open)()).ok_or("the backend cannot reach the gateway")?;
        let mut rx = vec![0; RX];
        let since = self.clock.now();
        let head = line(&request.with_timeout_ms(EXCHANGE_MS), &mut rx);
        let status = head.as_ref().map(|head| head.status);
        self.metrics.called(class.name(), status, self.clock.now().saturating_sub(since));
        let head = head.ok_or("the gateway gave no answer")?;
        self.keep(line);
        self.budget().note(class, &head, self.now());
        rx.truncate(head.body_len);
        Ok((head, rx))
    }

    fn keep(&self, line: Line) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(line);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_millis()).unwrap_or(u64::MAX)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
