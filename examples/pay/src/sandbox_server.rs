//! `pay sandbox`: the gateway's stand-in, until it is stopped.

use std::io::{Write, stderr, stdout};
use std::{env, fs, process, thread};

use anyhow::Context;
use sandbox::{ApiVersion, Config, Hook, HookFamily, Rules, Server, SessionKeys};
use serde_json::json;

use super::cli::SandboxArgs;
use super::console::Console;
use super::exit::Ending;

pub(super) fn run(console: Console, args: &SandboxArgs) -> anyhow::Result<Ending> {
    if args.list_scenarios {
        console.print("scenarios", sandbox::scenario_table().trim_end());
        return Ok(Ending::Done);
    }
    let session_keys = if args.ignore_session_keys { SessionKeys::Ignored } else { SessionKeys::Honoured };
    let rules =
        Rules { settle_after_ms: args.settle_after_ms, session_keys, scenario: args.scenario, ..Rules::default() };
    let server =
        Server::start(Config { listen: args.listen, rules, seed: None }).context("the sandbox did not start")?;
    if let Some(url) = &args.webhooks {
        let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
        server.send_webhooks(url, hook).context("--webhooks")?;
    }
    let directory = args.dir.clone().unwrap_or_else(|| env::temp_dir().join(format!("pay-sandbox-{}", process::id())));
    fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let ca = directory.join("ca.pem");
    for (path, bytes) in [(&ca, server.ca_pem().as_bytes()), (&directory.join("ca.der"), server.ca_der())] {
        fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let line = json!({
        "url": server.url(),
        "page": server.page_url(),
        "ca": ca,
        "client_id": server.client_id(),
        "client_secret": server.client_secret(),
    });
    let mut out = stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("standard output is closed")?;
    // A reader of it that has gone away changes nothing.
    let _ = writeln!(stderr(), "To be the shopper, open {} in a browser.", server.page_url());
    loop {
        // A signal ends it.
        thread::park();
    }
}
