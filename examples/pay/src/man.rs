//! `pay man`: the manual pages, from the same texts as `--help`.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::{Man, generate_to};
use serde_json::json;

use super::cli::Cli;
use super::console::Console;
use super::exit::Ending;

pub(super) fn run(console: Console, dir: Option<&Path>) -> anyhow::Result<Ending> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        console.print("page", String::from_utf8(page)?.trim_end());
        return Ok(Ending::Done);
    };
    fs::create_dir_all(dir)
        .and_then(|()| generate_to(Cli::command(), dir))
        .with_context(|| format!("the pages cannot be written to {}", dir.display()))?;
    console.answer(&json!({"dir": dir}));
    if !console.is_json() {
        console.say(&format!("The pages are in {}: man -l {}", dir.display(), dir.join("pay.1").display()));
    }
    Ok(Ending::Done)
}
