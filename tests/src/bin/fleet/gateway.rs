//! The sandbox, and the shoppers, who pay there.

use std::io::stdin;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sandbox::{ApiVersion, Config, Hook, HookFamily, Limits, PaymentStatus, Rules, Server};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::part::{number, say};

/// A sandbox with so many times production's limits, which are those of one account.
pub fn serve(words: &str) {
    let words: Value = serde_json::from_str(words).expect("words");
    let accounts = number(&words, "accounts") as usize;
    let limits = Limits::PRODUCTION;
    let limits = Limits {
        get_order: limits.get_order * accounts,
        payments: limits.payments * accounts,
        // Orders are made and codes shown before the clock starts, faster than any shop does.
        ..Limits::NONE
    };
    let lost_webhooks = number(&words, "lost") as u32;
    let rules = Rules { limits, lost_webhooks, ..Rules::default() };
    let seed = number(&words, "seed");
    let server = Server::start(Config { rules, seed: Some(seed), ..Config::default() }).expect("a sandbox");
    say(&json!({
        "url": server.url(),
        "ca": server.ca_pem(),
        "client_id": server.client_id(),
        "client_secret": server.client_secret(),
    }));
    for line in stdin().lines().map_while(Result::ok) {
        let told: Value = serde_json::from_str(&line).expect("words");
        if let Some(url) = told["hooks"].as_str() {
            let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
            server.send_webhooks(url, hook).expect("a URL");
        } else {
            shop(&server, number(&told, "seconds") * 1_000, number(&told, "shopper") * 1_000, seed);
        }
    }
    let tally = server.gateway().tally();
    say(&json!({"readings": tally.readings, "throttled": tally.throttled}));
}

/// Every open attempt is paid, at random.
fn shop(server: &Server, over_ms: u64, after_ms: u64, seed: u64) {
    let mut dice = Dice(seed);
    let open: Vec<_> =
        server.gateway().payments().iter().map(|payment| (payment.id, payment.order_id.clone())).collect();
    let mut plan: Vec<_> = open.into_iter().map(|(id, order)| (after_ms + dice.below(over_ms), id, order)).collect();
    plan.sort();
    let start = Instant::now();
    for (at, id, order) in plan {
        thread::sleep(Duration::from_millis(at).saturating_sub(start.elapsed()));
        let now = server.now();
        let paid = micros();
        server.gateway().set_payment(id, PaymentStatus::Success, now);
        say(&json!({"order": order, "at": paid}));
    }
}

/// Since 1970: the clock that all processes of this machine share.
pub fn micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}
