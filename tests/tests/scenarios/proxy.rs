//! The real transport through a proxy that breaks connections at a byte: never a wrong outcome, never two charges.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sandbox::{Config, Direction, Expect, Means, Mode, Proxy, Rules, Scenario, Server, SessionKeys, Trouble, What};

use crate::book::LONG_AFTER_MS;
use crate::terminal::{Ended, ORDER, play};
use crate::tls::Tls;

/// A card that is charged two seconds after the gateway has it, at a terminal that tries twice.
fn card() -> Scenario {
    let mut card = *Scenario::find("SB-01").unwrap();
    card.means = Means::Card;
    card.tries = 2;
    card
}

/// A sale of a kiosk through a proxy: how it ended, and what passed on each connection.
fn sell(troubles: &[Option<Trouble>], stalls: bool) -> Result<(Expect, Vec<[u64; 2]>), String> {
    let rules = Rules { session_keys: SessionKeys::Ignored, ..Rules::default() };
    let server = Server::start(Config { rules, seed: Some(7), ..Config::default() }).expect("a server");
    let target: SocketAddr = address(&server);
    let proxy = Proxy::start(target, troubles.to_vec()).expect("a proxy");
    sell_through(&server, &proxy, stalls).map(|said| (said, proxy.passed()))
}

fn sell_through(server: &Server, proxy: &Proxy, stalls: bool) -> Result<Expect, String> {
    let mut scenario = card();
    scenario.stalls = stalls;
    let mut world = Tls::new(server);
    world.port = Some(proxy.address().port());
    let Ended { said, outcome, .. } = play(&world, &scenario, Mode::Kiosk, None);
    server.skip(Duration::from_millis(LONG_AFTER_MS));
    let gateway = server.gateway();
    said.check(&gateway, ORDER)?;
    let charges = gateway.charges(ORDER).count();
    match said {
        Expect::Paid | Expect::PaidOnRetry if charges == 1 => Ok(said),
        _ => Err(format!("{outcome:?} with {charges} charges")),
    }
}

fn address(server: &Server) -> SocketAddr {
    server.url().trim_start_matches("https://").trim_end_matches("/pg").parse().expect("an address")
}

/// Runs all in a few threads; gives what was wrong, and how often each end came.
fn sell_all(runs: &[(Vec<Option<Trouble>>, bool)]) -> (Vec<String>, BTreeMap<&'static str, usize>) {
    let (next, told) = (AtomicUsize::new(0), Mutex::new((Vec::new(), BTreeMap::new())));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some((troubles, stalls)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = std::panic::catch_unwind(|| sell(troubles, *stalls));
                    let ended = ended.unwrap_or_else(|_| Err("panicked".to_owned()));
                    let mut told = told.lock().unwrap();
                    match ended {
                        Ok((said, _)) => *told.1.entry(said.as_str()).or_default() += 1,
                        Err(why) => told.0.push(format!("{troubles:?}: {why}")),
                    }
                }
            });
        }
    });
    told.into_inner().unwrap()
}

// Mutant: `Delivery::NotSent` for a connection that ended after its first byte of a request sends the card twice.
#[test]
fn a_connection_that_breaks_at_any_byte_charges_once() {
    let (said, clean) = sell(&[], false).expect("a sale without trouble");
    assert_eq!(said, Expect::Paid);
    // The first is to make the order and to ask, the second to pay.
    let [ask, pay, ..] = clean[..] else { panic!("{clean:?}") };
    assert!(pay.iter().chain(&ask).all(|bytes| *bytes > 500), "{clean:?}");

    let mut runs = Vec::new();
    for (connection, bytes) in [ask, pay].into_iter().enumerate() {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let end = bytes[direction as usize];
            let mut add = |what, step: u64, stalls| {
                for at in (0..end).step_by(usize::try_from(step).unwrap()).chain([end - 1]) {
                    let mut troubles = vec![None; connection];
                    troubles.push(Some(Trouble { direction, at, what }));
                    runs.push((troubles, stalls));
                }
            };
            add(What::Cut, 41, false);
            add(What::Reset, 97, false);
            add(What::Garble(0x10), 67, false);
            add(What::Stall, end.div_ceil(3), true);
            add(What::Delay(Duration::from_millis(30)), end.div_ceil(4), false);
        }
    }
    let (wrong, ends) = sell_all(&runs);
    println!("{} sales through broken connections: {ends:?}", runs.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
    assert!(ends.len() == 2, "trouble that is never noticed: {ends:?}");
}

// Half of the connections break somewhere, from a seed.
#[test]
fn broken_connections_from_a_seed() {
    let mut ends = BTreeMap::<_, usize>::new();
    for seed in 0..24 {
        let rules = Rules { session_keys: SessionKeys::Ignored, ..Rules::default() };
        let server = Server::start(Config { rules, seed: Some(seed), ..Config::default() }).expect("a server");
        let proxy = Proxy::seeded(address(&server), seed, 2, 4_000).expect("a proxy");
        let said = sell_through(&server, &proxy, true).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        *ends.entry(said.as_str()).or_default() += 1;
    }
    println!("24 sales from seeds: {ends:?}");
}
