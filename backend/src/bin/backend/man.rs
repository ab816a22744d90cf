//! `backend man`: the manual pages, from the same texts as `--help`.

use std::fs;
use std::io::{Write, stdout};
use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::{Man, generate_to};

use crate::options::Options;

pub(crate) fn run(dir: Option<&Path>) -> anyhow::Result<()> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        Man::new(Options::command()).render(&mut page)?;
        return Ok(stdout().write_all(&page)?);
    };
    fs::create_dir_all(dir)
        .and_then(|()| generate_to(Options::command(), dir))
        .with_context(|| format!("the pages cannot be written to {}", dir.display()))
}
