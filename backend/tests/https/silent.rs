//! Connections that say nothing, or not who calls: devices do not notice them.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Agent;

use crate::shop::{Shop, agent};

/// So many connections at a time.
const SILENT: usize = 2_000;
const CALLS: usize = 200;
/// On a busy machine two calls of one program differ by so much.
const NOISE: Duration = Duration::from_millis(250);

/// A machine with other work disturbs some of them: one that it does not disturb shows that devices notice nothing.
const ROUNDS: usize = 5;

// T9. Seen red with a lobby that shows out only those that are slow.
#[test]
fn two_thousand_silent_connections_keep_nobody_waiting() {
    more_files();
    let shop = Shop::with("silent", |config| config.fresh = Duration::from_secs(600));
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let is_unnoticed = (0..ROUNDS).any(|_| {
        let (alone, beside) = (slow(&shop), beside_the_silent(&shop));
        println!(
            "99 of 100 calls over a new connection: {alone:?} alone, {beside:?} beside {SILENT} silent connections"
        );
        beside <= alone * 2 + NOISE
    });
    assert!(is_unnoticed, "in {ROUNDS} rounds, as they say above");
}

/// The slowest of 99 of 100 calls, silent connections being open.
fn beside_the_silent(shop: &Shop) -> Duration {
    let address = shop.backend().address();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (ready, is_ready) = std::sync::mpsc::channel();
        let over = &over;
        scope.spawn(move || {
            let mut held: Vec<_> = (0..SILENT).map(|n| knock(address, n)).collect();
            ready.send(()).expect("a test");
            // Whoever is shown out comes again.
            for n in 0.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                held[n % SILENT] = knock(address, n);
                thread::sleep(Duration::from_millis(2));
            }
        });
        is_ready.recv().expect("connections");
        let during = slow(shop);
        over.store(true, Ordering::Relaxed);
        during
    })
}

/// One in ten begins to talk, and goes no further.
fn knock(address: SocketAddr, n: usize) -> Option<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(10)).ok()?;
    if n.is_multiple_of(10) {
        let _ = stream.write_all(&[0x16, 3, 1, 1]);
    }
    Some(stream)
}

/// What 99 of 100 calls take at the most, each over a connection of its own.
fn slow(shop: &Shop) -> Duration {
    let kept = agent(shop.backend());
    let config = kept.config().clone();
    let mut times: Vec<_> = (0..CALLS)
        .map(|_| {
            let agent: Agent = config.new_agent();
            let since = Instant::now();
            let asked = agent.get(format!("{}/orders/till-1", shop.backend().url()));
            let asked = asked.header("authorization", format!("Bearer {}", shop.token));
            let reply = asked.header("x-api-version", "2025-01-01").call().expect("an answer");
            assert_eq!(reply.status(), 200);
            since.elapsed()
        })
        .collect();
    times.sort();
    times[CALLS * 99 / 100]
}

/// Both ends of all connections are in this process.
fn more_files() {
    let id = std::process::id().to_string();
    let set = Command::new("prlimit").args(["--pid", &id, "--nofile=8192:"]).status();
    assert!(set.is_ok_and(|status| status.success()), "this process must be allowed 8192 open files");
}

// Meant to notice: a place for somebody who does not show a token.
#[test]
fn strangers_take_no_place() {
    let shop = Shop::with("strangers", |config| config.connections = 2);
    let strangers: Vec<_> = (0..10).map(|_| agent(shop.backend())).collect();
    let ask = |agent: &Agent, token: &str| {
        let asked = agent.get(format!("{}/orders/till-1", shop.backend().url()));
        let reply =
            asked.header("authorization", format!("Bearer {token}")).header("x-api-version", "2025-01-01").call();
        let mut reply = reply.expect("an answer");
        // A connection whose answer was not read is not kept.
        reply.body_mut().read_to_vec().expect("a body");
        (reply.status().as_u16(), reply.headers().get("connection").is_some_and(|value| value == "close"))
    };
    strangers.iter().for_each(|stranger| assert_eq!(ask(stranger, "nobody's"), (401, true)));
    let (first, second, third) = (agent(shop.backend()), agent(shop.backend()), agent(shop.backend()));
    assert_eq!((ask(&first, &shop.token), ask(&second, &shop.token)), ((404, false), (404, false)));
    assert_eq!(ask(&third, &shop.token), (503, true), "both places are taken");
    drop(first);
    crate::shop::until("a place", || ask(&third, &shop.token).0 == 404);
}
