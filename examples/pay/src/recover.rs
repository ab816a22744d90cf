//! `pay journal recover`: the open orders of a till that lost its journal.

use anyhow::{Context, anyhow, bail};
use serde_json::json;
use transport_std::Device;

use super::cli::Selling;
use super::console::Console;
use super::counter::Counter;
use super::ear::Ear;
use super::exit::Ending;
use super::gateway::Gateway;
use super::till::{self, Memory};

pub(super) fn run(console: Console, selling: &Selling) -> anyhow::Result<Ending> {
    let gateway = Gateway::for_sales(selling)?;
    if gateway.ask.is_none() {
        bail!("only a backend knows which orders are this till's: give --status-url");
    }
    let path = till::path(&selling.folder)?;
    let device = till::device(&selling.folder)?;
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut counter = Counter::new(&gateway, console, ear.clone());
    let mut till = till::open(&gateway, device, gateway.terms(), &mut memory, &ear)?;
    let found = till.recover(&mut counter).map_err(|error| anyhow!("Not recovered: {error}"))?;
    // If this fails, the backend refuses what comes next, and the next call of this command begins another epoch.
    Device::keep_epoch(&path, found.epoch).with_context(|| format!("{}: recover again", path.display()))?;
    let (orders, left) = (found.orders, found.left);
    console.answer(&json!({"epoch": found.epoch, "orders": orders, "left": left}));
    console.say(&format!("Open orders fetched: {orders}. Whether their goods are out is unknown."));
    Ok(match left {
        0 => Ending::Done,
        _ => {
            Ending::Pending(format!("Orders that could not be stored: {left}. Settle the others, then recover again."))
        }
    })
}
