//! The merchant's backend, as it ships.

use core::time::Duration;
use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use backend::{Config, Database, Limits, Server, add_direct_token};
use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Endpoint};
use serde_json::{Value, json};
use transport_std::Roots;

use crate::part::{number, say, text};

/// An order can be paid for so long: ten thousand take minutes to make.
pub const ORDER_LIFE: Duration = Duration::from_secs(30 * 60);

/// A backend for so many accounts' limits, with a token for each.
pub fn serve(words: &str) {
    let words: Value = serde_json::from_str(words).expect("words");
    let (link, accounts) = (&words["link"], number(&words, "accounts"));
    let dir = PathBuf::from(text(&words, "dir"));
    let auth = Auth::merchant(text(link, "client_id"), text(link, "client_secret")).expect("keys");
    let endpoint = Endpoint::parse(text(link, "url"), auth).expect("an endpoint");
    let roots = Roots::from_pem(text(link, "ca").as_bytes()).expect("an authority");
    let mut config = Config::new(endpoint, transport_std::Config::new().with_roots(roots), &dir);
    if let Some(url) = words["database"].as_str() {
        config.database = Database::Postgres(url.to_owned());
    }
    let times = u32::try_from(accounts).expect("few");
    let made_before = Limits { sales: 1_000_000, create_order: 1_000_000, ..Limits::PRODUCTION.times(times) };
    config.limits = made_before;
    config.webhooks = Some(Keys::new(Key::parse(text(link, "client_secret")).expect("a key")));
    config.listen_hooks = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    config.connections = 12_000;
    config.order_life = ORDER_LIFE;
    // A token here stands for a hundred kiosks.
    config.per_token = 100_000;
    config.notice = Arc::new(|notice| eprintln!("backend: {notice}"));
    let tokens: Vec<_> = (0..accounts)
        .map(|account| add_direct_token(&config.database, &format!("shop-{account}")).expect("a token").to_string())
        .collect();
    let server = Server::start(config).expect("a backend");
    say(&json!({"url": server.url(), "ca": server.ca_pem(), "hooks": server.hooks_url(), "tokens": tokens}));
    let _ = stdin().read_to_end(&mut Vec::new());
}
