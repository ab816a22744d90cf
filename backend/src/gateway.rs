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
use crate::share::Wish;

/// The longest answer accepted, in bytes. Lists of attempts are unbounded; this holds a few hundred.
const RX: usize = 256 * 1024;
/// The same for a page of a reconciliation: a thousand events of four kilobytes.
const RX_PAGE: usize = 4 * 1024 * 1024;
/// Idle connections kept for later calls, per source address.
const IDLE: usize = 8;
/// Time limit of one call, in milliseconds: shorter than a kiosk waits for us.
const EXCHANGE_MS: u32 = 10_000;
/// The same for a page, which no device waits for.
const PAGE_MS: u32 = 60_000;

/// Calls the gateway with one account's keys.
pub(crate) struct Gateway {
    open: Open,
    /// Idle connections, by source address.
    idle: Mutex<Vec<Vec<Line>>>,
    quota: Mutex<Quota>,
    clock: Clock,
    account: Arc<str>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A connection to the gateway, for one call at a time. `None`: the call failed.
pub(crate) type Line = Box<dyn for<'a> FnMut(&Request<'a>, &mut [u8]) -> Option<ResponseHead> + Send>;

/// Opens a connection from the n-th source address.
pub(crate) type Open = Box<dyn Fn(usize) -> Option<Line> + Send + Sync>;

/// A call that the budget has allowed, and its source address.
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
    /// Uses these source addresses in turn. If there are none, the operating system chooses.
    pub(crate) fn new(
        endpoint: Endpoint,
        config: Config,
        outgoing: &[IpAddr],
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, StartError> {
        // A mistake shows at the start and not at the first sale.
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

    /// Uses the connections that `open` makes.
    pub(crate) fn with(open: Open, addresses: usize, limits: Limits, clock: Clock) -> Self {
        let idle = (0..addresses).map(|_| Vec::new()).collect();
        let quota = Quota::new(limits, addresses);
        let quota = Mutex::new(quota);
        Self { open, idle: Mutex::new(idle), quota, clock, account: MERCHANT.into(), metrics: Arc::default() }
    }

    /// The gateway for another account, over the same source addresses. Calls that the gateway counts by address share one count; calls
    /// that it counts by account do not.
    pub(crate) fn beside(mut self, other: &Self, account: &str) -> Self {
        self.quota().share(&other.quota());
        self.account = account.into();
        self.metrics = Arc::clone(&other.metrics);
        self
    }

    /// Takes one call from the budget.
    ///
    /// # Errors
    /// The 429 for the device if none is left.
    pub(crate) fn reserve(&self, call: CallKind) -> Result<Permit, Answer> {
        let class = Class::of(call).ok_or_else(Answer::no_such_path)?;
        match self.quota().take(class, self.now()) {
            Ok(address) => Ok(Permit { class, address }),
            Err(rate) => Err(Answer::throttled(rate)),
        }
    }

    /// Takes the creation of an order from the budget, with all that its sale will need.
    ///
    /// # Errors
    /// The 429 for the device: the sale cannot be carried to its end now, or other shops come first.
    pub(crate) fn begin(&self, wish: &Wish) -> Result<Permit, Answer> {
        match self.quota().begin(wish, self.now()) {
            Ok(address) => Ok(Permit { class: Class::CreateOrder, address }),
            Err(rate) => Err(Answer::throttled(rate)),
        }
    }

    /// Makes the call. Returns the gateway's answer, unless it is about our keys or incomplete.
    pub(crate) fn call(&self, permit: Permit, call: Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        let answer = self.exchange(permit, call, version, body);
        let rate = self.quota().rate(permit.class, self.now());
        answer.with_rate(rate)
    }

    /// What the budget has left for calls of this kind.
    pub(crate) fn rate(&self, call: CallKind) -> Option<Rate> {
        Class::of(call).map(|class| self.quota().rate(class, self.now()))
    }

    /// Whether so much of the minute's budget is left that no sale will miss a call.
    pub(crate) fn has_to_spare(&self, call: CallKind) -> bool {
        Class::of(call).is_some_and(|class| self.quota().has_to_spare(class, self.now()))
    }

    /// Whether more than 1/`parts` of the minute's budget is left.
    pub(crate) fn has_left(&self, call: CallKind, parts: u32) -> bool {
        self.rate(call).is_some_and(|rate| rate.remaining > rate.limit / parts)
    }

    /// Number of calls of this kind since the start.
    pub(crate) fn made(&self, call: CallKind) -> u64 {
        Class::of(call).map_or(0, |class| self.quota().made(class))
    }

    /// Sends a device's relayed call.
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

    /// Makes one exchange, and tells the budget what the answer says about limits.
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

    // Meant to notice: the addresses are not given to the transport; one of them is used for every call; an address that the machine does
    // not have is found at the first sale only.
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
