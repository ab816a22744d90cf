//! `backend reconcile`.

use std::process::ExitCode;
use std::time::Duration;

use backend::{Difference, Reconciled, reconcile};

use crate::options::Reconcile;
use crate::{gateway, keys};

/// The exit code if differences are left.
const LEFT: u8 = 1;
/// The exit code if it could not finish.
const UNFINISHED: u8 = 2;

/// Compares. Differences go to standard output, everything else to standard error.
pub(crate) fn run(wanted: &Reconcile) -> ExitCode {
    let is_json = wanted.json;
    let came_to = plan(wanted).and_then(|plan| {
        reconcile(&plan, &mut |difference| {
            if is_json { println!("{}", json(difference)) } else { println!("{difference}") }
        })
        .map_err(Into::into)
    });
    match came_to {
        Ok(came_to) => {
            eprintln!("backend: {}", summary(&came_to));
            came_to.not_compared.iter().for_each(|what| eprintln!("backend: not compared: {what}"));
            match () {
                () if !came_to.not_compared.is_empty() => ExitCode::from(UNFINISHED),
                () if came_to.left > 0 => ExitCode::from(LEFT),
                () => ExitCode::SUCCESS,
            }
        }
        Err(error) => {
            eprintln!("backend: not finished: {error:#}");
            ExitCode::from(UNFINISHED)
        }
    }
}

fn plan(wanted: &Reconcile) -> anyhow::Result<backend::Reconcile> {
    let (gateway, transport) = gateway(&wanted.gateway, wanted.gateway_ca.as_deref(), &keys(wanted.keys.as_deref())?)?;
    Ok(backend::Reconcile {
        from: wanted.from.clone(),
        to: wanted.to.clone(),
        account: wanted.account.clone(),
        gateway,
        transport,
        database: wanted.place.existing()?,
        limits: wanted.limits.times(wanted.limits_times),
        order_life: Duration::from_secs(wanted.order_life),
        ids: wanted.ids.clone(),
        is_rehearsal: wanted.dry_run,
        wait: Duration::from_secs(wanted.wait),
    })
}

fn json(difference: &Difference) -> serde_json::Value {
    serde_json::json!({
        "order": difference.order().as_str(),
        "name": difference.name(),
        "is_left": difference.is_left(),
        "text": difference.text(),
        "next_step": difference.next_step(),
    })
}

fn summary(came_to: &Reconciled) -> String {
    let Reconciled { pages, events, orders, readings, differences, left, seen_to, .. } = came_to;
    format!(
        "{orders} orders compared with {events} events on {pages} pages, {readings} single readings: {differences} differences, {left} left, {seen_to} more that a person has seen to"
    )
}
