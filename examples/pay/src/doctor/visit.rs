//! One call after the other: paced, within the time, kept in the notes.

use std::sync::Barrier;
use std::thread;

use pay_core::model::{ApiVersion, IdempotencyKey, RequestId};
use pay_core::sale::Millis;
use pay_core::wire::{Auth, Call, Request};
use zeroize::Zeroizing;

use super::super::entropy::{now, random};
use super::super::gateway::hints;
use super::super::patience::{acting, is_interrupted, sleep_until};
use super::notes::{Answer, Exchange, Notes, Step};
use super::pace::Pace;
use super::wire::Server;

/// The longest wait that the gateway can ask for: its window.
const RETRY_MAX_S: u32 = 60;

/// What is sent.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) call: Call<'a>,
    pub(super) version: ApiVersion,
    /// With the merchant's keys.
    pub(super) keyed: bool,
    pub(super) key: Option<&'a IdempotencyKey>,
    pub(super) body: &'a [u8],
}

/// Makes the calls of a visit.
pub(super) struct Visit {
    pub(super) server: Server,
    /// The merchant's keys, or `Auth::Session`.
    pub(super) auth: Auth,
    pub(super) notes: Notes,
    pub(super) pace: Pace,
    /// When it has to be over.
    pub(super) end: Millis,
    /// The x-client-* headers are sent with Order Pay.
    pub(super) hinted: bool,
    /// The last call had a connection, so that it may have arrived.
    pub(super) opened: bool,
}

impl Visit {
    /// Makes one call. What came of it is in the notes, and returned if it is an answer.
    pub(super) fn call(&mut self, step: Step, ask: Ask<'_>) -> Option<&Answer> {
        let mut result = self.exchange(&ask);
        if let Some(wait) = result.as_ref().ok().filter(|answer| answer.status == 429).map(wait_s) {
            let at = now().after(wait.saturating_mul(1_000));
            if at < self.end {
                sleep_until(at);
                result = self.exchange(&ask);
            }
        }
        self.note(step, result)
    }

    /// Keeps what came.
    pub(super) fn note(&mut self, step: Step, result: Result<Answer, String>) -> Option<&Answer> {
        self.notes.exchanges.push(Exchange { step, result });
        self.notes.exchanges.last()?.result.as_ref().ok()
    }

    /// Why nothing more is asked.
    pub(super) fn is_over(&self) -> Option<&'static str> {
        if is_interrupted() {
            return Some("the visit was stopped");
        }
        (now().since(self.end) > 0).then_some("the time of the visit was over")
    }

    fn exchange(&mut self, ask: &Ask<'_>) -> Result<Answer, String> {
        self.wait(ask)?;
        self.send(ask)
    }

    /// Until the next call of this kind may leave, if that is within the time.
    fn wait(&mut self, ask: &Ask<'_>) -> Result<(), String> {
        let at = self.pace.next(ask.call.kind(), now());
        sleep_until(at.min(self.end.after(1)));
        self.is_over().map_or(Ok(()), |why| Err(why.to_owned()))
    }

    /// At once, whatever the time is.
    pub(super) fn send(&mut self, ask: &Ask<'_>) -> Result<Answer, String> {
        self.opened = false;
        let bytes = self.bytes(ask)?;
        let mut line = self.server.open()?;
        self.opened = true;
        if ask.call.kind().acts() {
            acting();
        }
        line.exchange(&bytes)
    }

    /// The same call twice, over two connections that are open before either is used.
    pub(super) fn call_at_once(&mut self, ask: Ask<'_>) {
        let results = match self.wait(&ask).and_then(|()| self.wait(&ask)) {
            Err(why) => [Err(why.clone()), Err(why)],
            Ok(()) => {
                acting();
                let start = Barrier::new(2);
                let one = || {
                    let ready = self.bytes(&ask).and_then(|bytes| Ok((bytes, self.server.open()?)));
                    start.wait();
                    let (bytes, mut line) = ready?;
                    line.exchange(&bytes)
                };
                thread::scope(|scope| {
                    let other = scope.spawn(one);
                    let first = one();
                    [first, other.join().unwrap_or_else(|_| Err("the call broke off".to_owned()))]
                })
            }
        };
        for (at, result) in results.into_iter().enumerate() {
            self.note(Step::PayAtOnce(at), result);
        }
    }

    fn bytes(&self, ask: &Ask<'_>) -> Result<Zeroizing<Vec<u8>>, String> {
        let id = RequestId::from_random(random().map_err(|error| error.to_string())?);
        let told = hints();
        let mut request = Request::new(ask.call, ask.version, id).with_body(ask.body);
        if let Some(key) = ask.key {
            request = request.with_key(key);
        }
        if self.hinted && matches!(ask.call, Call::OrderPay) {
            request = request.with_client(Some(&told));
        }
        let auth = if ask.keyed { &self.auth } else { &Auth::Session };
        Ok(self.server.encode(&request, auth))
    }
}

/// What a 429 asks for, in seconds: 60 where it does not say.
fn wait_s(answer: &Answer) -> u32 {
    let said = answer.number("x-ratelimit-retry").or_else(|| answer.number("retry-after"));
    said.filter(|s| *s > 0).map_or(RETRY_MAX_S, |s| s.min(RETRY_MAX_S))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use pay_core::model::Environment;
    use pay_core::wire::Endpoint;

    use super::super::wire::roots;
    use super::*;

    // Mutant: `is_over` that looks at Ctrl-C alone goes to the gateway's host.
    #[test]
    fn nothing_is_asked_when_the_time_is_over() {
        let endpoint = Endpoint::gateway(Environment::Sandbox, Auth::Session);
        let mut visit = Visit {
            server: Server::new(&endpoint, roots(None).unwrap()).unwrap(),
            auth: Auth::Session,
            notes: Notes::default(),
            pace: Pace::new(true),
            end: now(),
            hinted: false,
            opened: false,
        };
        thread::sleep(Duration::from_millis(5));
        let version = ApiVersion::default();
        let ask = Ask { call: Call::OrderPay, version, keyed: false, key: None, body: b"{}" };
        assert!(visit.call(Step::PaySession, ask).is_none());
        visit.call_at_once(ask);
        for step in [Step::PaySession, Step::PayAtOnce(0), Step::PayAtOnce(1)] {
            assert_eq!(visit.notes.answer(step).unwrap_err(), "the time of the visit was over");
        }
        assert!(!visit.opened);
    }
}
