//! Whether a backend says that it is of no use without its database.

use backend::Config;

use crate::shop::{Shop, agent};

pub(crate) fn with_monitor(config: &mut Config) {
    config.monitor = Some(([127, 0, 0, 1], 0).into());
}

/// What the monitor answers.
pub(crate) fn status(shop: &Shop, path: &str) -> u16 {
    let monitor = shop.backend().monitor_address().expect("a monitor");
    let answer = agent(shop.backend()).get(format!("http://{monitor}{path}")).call();
    answer.expect("an answer").status().as_u16()
}

// Seen red: with `SELECT 1`, which SQLite answers without a look at its file.
#[test]
fn a_backend_whose_orders_cannot_be_read_is_not_ready() {
    let shop = Shop::with("ready", with_monitor);
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    assert_eq!((status(&shop, "/healthz"), status(&shop, "/readyz")), (200, 200));
    shop.sql("ALTER TABLE orders RENAME TO gone");
    assert_eq!((status(&shop, "/healthz"), status(&shop, "/readyz")), (200, 503));
    assert_eq!(shop.create("till-2", "10.15").status, 503, "and so are devices told");
    shop.sql("ALTER TABLE gone RENAME TO orders");
    assert_eq!((status(&shop, "/readyz"), shop.create("till-2", "10.15").status), (200, 200));
}
