//! Calls to the gateway: with the keys of one account, within its budget.

use core::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{ApiVersion, CallKind, RequestId};
use pay_core::wire::{Call, Endpoint, Request, ResponseHead};
use transport_std::{Config, HttpsTransport};

use crate::account::MERCHANT;
use crate::answer::{Answer, Rate};
use crate::budget::{Class, Limits};
use crate::clock::Clock;
use crate::config::StartError;
use crate::door::bind;
use crate::metrics::Metrics;
use crate::quota::Quota;

/// Longest answer taken. A list of attempts has no end of its own; this holds a few hundred.
const RX: usize = 256 * 1024;
/// The same of a page of a reconciliation: a thousand events of four kilobytes.
const RX_PAGE: usize = 4 * 1024 * 1024;
/// Connections kept for the next calls, of each address.
const IDLE: usize = 8;
/// Limit of one call, in milliseconds: shorter than a kiosk waits for us.
const EXCHANGE_MS: u32 = 10_000;
/// The same of a page, for which nobody waits.
const PAGE_MS: u32 = 60_000;

/// The gateway, as this program calls it.
pub(crate) struct Gateway {
    open: Open,
    /// The lines of each outgoing address that are not in use.
    idle: Mutex<Vec<Vec<Line>>>,
    quota: Mutex<Quota>,
    clock: Clock,
    account: Arc<str>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A way to the gateway, for one call at a time. `None`: the call failed.
pub(crate) type Line = Box<dyn for<'a> FnMut(&Request<'a>, &mut [u8]) -> Option<ResponseHead> + Send>;

/// Opens a line from the n-th outgoing address.
pub(crate) type Open = Box<dyn Fn(usize) -> Option<Line> + Send + Sync>;

/// One call that the budget has allowed, and the address it is made from.
#[derive(Clone, Copy)]
pub(crate) struct Permit {
    class: Class,
    address: usize,
}

/// Whether the machine has these addresses.
pub(crate) fn outgoing(addresses: &[IpAddr]) -> Result<(), StartError> {
    addresses.iter().try_for_each(|address| match bind(SocketAddr::new(*address, 0)) {
        Ok(_) => Ok(()),
        Err(error) => Err(StartError::Outgoing(*address, error)),
    })
}

impl Gateway {
    /// From these addresses of the machine; from whichever it chooses, if there are none.
    pub(crate) fn new(
        endpoint: Endpoint,
        config: Config,
        outgoing: &[IpAddr],
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, StartError> {
        // So that a mistake shows at the start, and not at the first sale.
        HttpsTransport::new(endpoint.clone(), config.clone()).map_err(StartError::Gateway)?;
        self::outgoing(outgoing)?;
        let mut configs: Vec<_> = outgoing.iter().map(|source| config.clone().with_source(*source)).collect();
        if configs.is_empty() {
            configs.push(config);
        }
        let addresses = configs.len();
        let open = move |address: usize| {
            let mut transport = HttpsTransport::new(endpoint.clone(), configs.get(address)?.clone()).ok()?;
            let line: Line = Box::new(move |request, rx| transport.exchange(request, rx).ok());
            Some(line)
        };
        Ok(Self::with(Box::new(open), addresses, limits, clock))
    }

    /// Over lines that `open` makes.
    pub(crate) fn with(open: Open, addresses: usize, limits: Limits, clock: Clock) -> Self {
        let idle = (0..addresses).map(|_| Vec::new()).collect();
        let quota = Quota::new(limits, addresses);
        let quota = Mutex::new(quota);
        Self { open, idle: Mutex::new(idle), quota, clock, account: MERCHANT.into(), metrics: Arc::default() }
    }

    /// For another account, over the same addresses: what the gateway counts by address is counted for both together, and what it counts by
    /// account apart.
    pub(crate) fn beside(mut self, other: &Self, account: &str) -> Self {
        self.quota().share(&other.quota());
        self.account = account.into();
        self.metrics = Arc::clone(&other.metrics);
        self
    }

    /// Takes a call out of the budget.
    ///
    /// # Errors
    /// The 429 for a device, if there is none left.
    pub(crate) fn reserve(&self, call: CallKind) -> Result<Permit, Answer> {
        let class = Class::of(call).ok_or_else(Answer::no_such_path)?;
        match self.quota().take(class, self.now()) {
            Ok(address) => Ok(Permit { class, address }),
            Err(rate) => Err(Answer::throttled(rate)),
        }
    }

    /// Makes the call. The answer is the gateway's as it came, unless it is about our keys or not whole.
    pub(crate) fn call(&self, permit: Permit, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let answer = self.exchange(permit, call, version, body);
        let rate = self.quota().rate(permit.class, self.now());
        answer.with_rate(rate)
    }

    /// What is left for calls of this kind.
    pub(crate) fn rate(&self, call: CallKind) -> Option<Rate> {
        Class::of(call).map(|class| self.quota().rate(class, self.now()))
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
        Class::of(call).map_or(0, |class| self.quota().made(class))
    }

    /// Makes a device's own call.
    pub(crate) fn forward(&self, permit: Permit, request: Request<'_>) -> Answer {
        let answer = match self.send(permit, request) {
            Ok((head, body)) => Answer::of_forward(&head, body),
            Err(_) => Answer::doubt(),
        };
        let rate = self.quota().rate(permit.class, self.now());
        answer.with_rate(rate)
    }

    fn exchange(&self, permit: Permit, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let mut random = [0; 16];
        if getrandom::fill(&mut random).is_err() {
            return Answer::nothing_known("the backend has no random bytes");
        }
        match self.send(permit, Request::new(call, version, RequestId::from_random(random)).with_body(body)) {
            Ok((head, body)) => Answer::of_gateway(&head, body),
            Err(message) => Answer::nothing_known(message),
        }
    }

    /// One exchange, and a note of what it says of the limits.
    fn send(
        &self,
        Permit { class, address }: Permit,
        request: Request<'_>,
    ) -> Result<(ResponseHead, Vec<u8>), &'static str> {
        let kept = self.idle().get_mut(address).and_then(Vec::pop);
        let mut line = kept.or_else(|| (self.open)(address)).ok_or("the backend cannot reach the gateway")?;
        let (room, limit_ms) = match class {
            Class::Recon => (RX_PAGE, PAGE_MS),
            _ => (RX, EXCHANGE_MS),
        };
        let mut rx = vec![0; room];
        let since = self.clock.now();
        let head = line(&request.with_timeout_ms(limit_ms), &mut rx);
        let status = head.as_ref().map(|head| head.status);
        self.metrics.called(&self.account, class.name(), status, self.clock.now().saturating_sub(since));
        let head = head.ok_or("the gateway gave no answer")?;
        self.keep(address, line);
        self.quota().note(class, address, &head, self.now());
        rx.truncate(head.body_len);
        Ok((head, rx))
    }

    fn keep(&self, address: usize, line: Line) {
        let mut idle = self.idle();
        if let Some(idle) = idle.get_mut(address).filter(|idle| idle.len() < IDLE) {
            idle.push(line);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_millis()).unwrap_or(u64::MAX)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<Line>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quota(&self) -> MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::collections::BTreeSet;
    use std::net::TcpListener;
    use std::thread;

    use pay_core::model::OrderId;
    use pay_core::wire::Auth;

    use super::*;

    // Meant to notice: the addresses not given to the transport; one of them used for every call; one that the machine has not, found at
    // the first sale.
    #[test]
    fn calls_come_from_the_outgoing_addresses_in_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/pg", listener.local_addr().unwrap());
        let peers = thread::spawn(move || -> BTreeSet<String> {
            (0..4).map(|_| listener.accept().unwrap().1.ip().to_string()).collect()
        });
        let endpoint = Endpoint::parse(&url, Auth::Session).unwrap();
        let gateway = |outgoing: &[IpAddr]| {
            let clock = Clock::system();
            Gateway::new(endpoint.clone(), Config::new(), outgoing, Limits::PRODUCTION, clock)
        };
        let none = "192.0.2.1".parse().unwrap();
        assert!(matches!(gateway(&[none]), Err(StartError::Outgoing(address, _)) if address == none));
        let two = gateway(&["127.0.0.2".parse().unwrap(), "127.0.0.3".parse().unwrap()]).ok().unwrap();
        let order = OrderId::parse("abc").unwrap();
        for _ in 0..4 {
            let permit = two.reserve(CallKind::ReadOrder).ok().unwrap();
            assert_eq!(two.call(permit, Call::ReadOrder(&order), ApiVersion::default(), &[]).status, 502);
        }
        assert_eq!(peers.join().unwrap(), BTreeSet::from(["127.0.0.2".to_owned(), "127.0.0.3".to_owned()]));
    }
}
