//! Finds what is wrong with a configuration before the backend serves.

use core::fmt;
use core::net::SocketAddr;
use std::collections::BTreeSet;

use crate::account::MERCHANT;
use crate::certificate;
use crate::config::{Config, StartError};
use crate::door::bind;
use crate::gateway;
use crate::lobby::ROOM;
use crate::store::{Found, Outdated};

/// Open files that a backend needs beside its connections.
const FILES: u64 = 64;

/// One finding about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// `true`: a backend would not start, or not work as it should. `false`: good to know.
    pub is_wrong: bool,
    /// What was found, and what to do.
    pub text: String,
}

impl Finding {
    /// A backend would not start with this.
    pub fn wrong(text: impl fmt::Display) -> Self {
        Self { is_wrong: true, text: text.to_string() }
    }

    /// It would start.
    pub fn note(text: impl fmt::Display) -> Self {
        Self { is_wrong: false, text: text.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.is_wrong { "wrong" } else { "note" }, self.text)
    }
}

/// Checks a configuration on this machine: certificates, addresses, database, limits. It changes nothing and connects to the database only.
/// If a backend already runs with this configuration, its addresses and its folder are reported as in use.
#[must_use]
pub fn check(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    match &config.certificate {
        Some((chain, key)) => {
            let identity = certificate::read(chain, key);
            let usable =
                identity.and_then(|identity| certificate::acceptor(identity).map_err(|error| error.to_string()));
            found.extend(usable.err().map(|error| Finding::wrong(StartError::Certificate(error))));
        }
        None if !config.listen.ip().is_loopback() => found.push(Finding::wrong(StartError::NotLoopback)),
        None => found
            .push(Finding::note("no --cert: only this machine's kiosks reach it, by an authority made at each start")),
    }
    if config.listen_hooks.is_some_and(|address| !address.ip().is_loopback()) {
        found.push(Finding::wrong(StartError::HooksNotLoopback));
    }
    if let Some(page) = &config.page
        && let Err(why) = page.check(config.certificate.is_some())
    {
        found.push(Finding::wrong(StartError::Page(why)));
    }
    found.extend(config.check_accounts().err().map(Finding::wrong));
    let gateway = transport_std::HttpsTransport::new(config.gateway.clone(), config.transport.clone());
    found.extend(gateway.err().map(|error| Finding::wrong(StartError::Gateway(error))));
    found.extend(gateway::outgoing(&config.outgoing).err().map(Finding::wrong));
    found.extend(addresses(config));
    match config.database.look() {
        Ok(Found { outdated, accounts }) => {
            found.extend(outdated.map(|outdated| match outdated {
                Outdated::Closed => Finding::wrong(outdated.text()),
                Outdated::Older | Outdated::Newer => Finding::note(outdated.text()),
            }));
            found.extend(missing(config, accounts));
        }
        Err(error) => found.push(Finding::wrong(format!("the database: {error}"))),
    }
    let lobby = config.connections.max(ROOM);
    let wanted = u64::try_from(config.connections.saturating_add(lobby)).unwrap_or(u64::MAX).saturating_add(FILES);
    if let Some(limit) = open_files().filter(|limit| *limit < wanted) {
        found.push(Finding::wrong(format!(
            "this process may open {limit} files, and {} connections, with as many whose caller is not known yet, need {wanted}: raise it (ulimit -n, LimitNOFILE=)",
            config.connections
        )));
    }
    if config.webhooks.is_none() {
        found.push(Finding::note("no webhooks: payments are learned by asking alone"));
    }
    found
}

/// Reports the accounts in the database whose keys are not given.
fn missing(config: &Config, accounts: Vec<String>) -> impl Iterator<Item = Finding> {
    let given = |name: &String| name == MERCHANT || config.accounts.iter().any(|account| account.name == *name);
    accounts.into_iter().filter(move |name| !given(name)).map(|name| {
        Finding::wrong(format!(
            "the database has devices or open orders of account {name}, and no keys of it are given: give --account {name}=FILE, or revoke their tokens"
        ))
    })
}

/// Checks that each address can be listened on, and that none is given twice.
fn addresses(config: &Config) -> Vec<Finding> {
    let page = config.page.as_ref().map(|page| page.listen);
    let all = [Some(config.listen), config.listen_hooks, page, config.monitor];
    let mut taken: BTreeSet<SocketAddr> = BTreeSet::new();
    let mut found = Vec::new();
    for address in all.into_iter().flatten() {
        if address.port() != 0 && !taken.insert(address) {
            found.push(Finding::wrong(format!("{address} is given twice")));
        } else if let Err(error) = bind(address) {
            found.push(Finding::wrong(format!("{address}: {error}")));
        }
    }
    found
}

/// The soft limit of open files of this process, where the system tells it.
fn open_files() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
