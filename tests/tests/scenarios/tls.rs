//! Over the real thing: transport-std, TLS, the sandbox's server. Only the waiting is not real: the terminal goes by the
//! sandbox's clock, which is set forward instead.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pay_core::drive::Routes;
use pay_core::wire::{Auth, Endpoint};
use sandbox::{Config, Mode, Rules, Scenario, Server, SessionKeys};
use transport_std::{HttpsTransport, Roots};

use crate::book::{LONG_AFTER_MS, judge, make_order};
use crate::terminal::{World, play};

/// A server, and the way to it: straight, or through a proxy at this port.
pub struct Tls<'s> {
    pub server: &'s Server,
    pub start: u64,
    pub port: Option<u16>,
}

impl<'s> Tls<'s> {
    pub fn new(server: &'s Server) -> Self {
        Self { server, start: server.now(), port: None }
    }
}

impl World for Tls<'_> {
    type Wire = HttpsTransport;

    fn now(&self) -> u64 {
        self.server.now() - self.start
    }

    fn unix_ms(&self) -> u64 {
        self.server.now()
    }

    fn pass(&self, until: u64) {
        self.server.skip(Duration::from_millis(until.saturating_sub(self.now())));
    }

    fn routes(&self, mode: Mode) -> Routes<HttpsTransport> {
        let url = match self.port {
            None => self.server.url().to_owned(),
            Some(port) => format!("https://127.0.0.1:{port}/pg"),
        };
        let wire = |auth| {
            let roots = Roots::from_pem(self.server.ca_pem().as_bytes()).unwrap();
            let config = transport_std::Config::new().with_roots(roots);
            HttpsTransport::new(Endpoint::parse(&url, auth).unwrap(), config).unwrap()
        };
        let keys = || Auth::merchant(self.server.client_id(), self.server.client_secret()).unwrap();
        match mode {
            Mode::Keys => Routes::same(wire(keys())),
            Mode::Kiosk => Routes::two(wire(Auth::Session), wire(keys())),
            Mode::Blind => Routes::same(wire(Auth::Session)),
        }
    }
}

fn run(scenario: &'static Scenario, mode: Mode) -> Result<(), String> {
    // What a terminal without keys must be ready for.
    let rules = Rules { session_keys: SessionKeys::Ignored, ..Rules::default() };
    let server = Server::start(Config { rules, seed: Some(7), ..Config::default() }).expect("a server");
    let keys = (server.client_id().to_owned(), server.client_secret().to_owned());
    let now = server.now();
    let session = (!scenario.makes(mode)).then(|| make_order(&mut server.gateway(), (&keys.0, &keys.1), scenario, now));
    let world = Tls::new(&server);
    let ended = play(&world, scenario, mode, session.as_deref());
    world.pass(world.now() + LONG_AFTER_MS);
    judge(scenario, mode, &ended, &server.gateway())
}

/// Those that run at a time: most of a run is waiting for the other side.
const THREADS: usize = 6;

#[test]
fn every_scenario_ends_as_it_must() {
    let runs: Vec<(&Scenario, Mode)> = Scenario::ALL
        .iter()
        .flat_map(|scenario| Mode::ALL.map(|mode| (scenario, mode)))
        .filter(|(scenario, mode)| scenario.expect(*mode).is_some())
        .collect();
    let began = Instant::now();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((scenario, mode)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = std::panic::catch_unwind(|| run(scenario, *mode));
                    let ended = ended.unwrap_or_else(|_| Err(format!("{} {mode:?}: panicked", scenario.id)));
                    if let Err(why) = ended {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    println!("{} runs over TLS in {} ms", runs.len(), began.elapsed().as_millis());
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
}
