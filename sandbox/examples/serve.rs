//! Runs the sandbox until standard input ends: `serve [DIRECTORY [SETTLE_AFTER_MS]]`.
//! Writes `ca.pem` into the directory and prints one JSON line.

use core::error::Error;
use sandbox::{Config, Rules, Server};
use std::{io::Read, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let settle_after_ms = arguments.next().map(|text| text.parse()).transpose()?;
    let rules = Rules { settle_after_ms, ..Rules::default() };
    let server = Server::start(Config { rules, ..Config::default() })?;
    let ca = directory.join("ca.pem");
    std::fs::write(&ca, server.ca_pem())?;
    let line = serde_json::json!({
        "url": server.url(),
        "page": server.page_url(),
        "ca": ca,
        "client_id": server.client_id(),
        "client_secret": server.client_secret(),
    });
    println!("{line}");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
