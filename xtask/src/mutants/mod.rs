//! `cargo xtask mutants`: breaks a copy of the tree in each way of `tests/mutants.toml`, and shows that something notices.

mod copy;
mod draw;
mod generated;
mod known;
mod notice;
mod row;
mod switch;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;
use copy::Copy;
use known::Known;
use notice::{PATIENCE, Verdict};
use row::Mutant;
use table::Table;

/// What runs for less than a second without a mutant may take so long with one.
const LEAST_WAIT: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only look whether every row of the table still fits the sources; nothing is built
    #[arg(long)]
    check: bool,
    /// All rows, also those that nobody has seen noticed
    #[arg(long, conflicts_with = "check")]
    all: bool,
    /// Only the rows whose id, file or notice contains this
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with_all = ["check", "all"])]
    only: Option<String>,
    /// So many, drawn from the rows that were seen noticed
    #[arg(long, value_name = "N", conflicts_with_all = ["check", "all", "only"])]
    draw: Option<usize>,
    /// Which draw; without it the commit says
    #[arg(long, value_name = "N", requires = "draw")]
    seed: Option<u64>,
    /// Leave out rows that an earlier run has a result of, if neither the row nor its file has changed since
    #[arg(long, conflicts_with = "check")]
    resume: bool,
    /// Mutants made by `cargo-mutants` instead of the table's: this shard of them, for example 0/40
    #[arg(long, value_name = "K/N", conflicts_with_all = ["check", "all", "only", "draw"])]
    generated: Option<generated::Shard>,
    /// With --generated: only in this file, for example pay-core/src/sale/settle.rs
    #[arg(long, value_name = "FILE", requires = "generated")]
    file: Vec<String>,
}

/// Whether the table fits the sources.
pub(crate) fn check() -> Result<()> {
    let table = Table::read(&workspace::root().join(table::FILE))?;
    table.check(workspace::root())?;
    println!("mutants: {}", table.summary());
    Ok(())
}

/// Applies each mutant that is asked for to the copy, builds it, and lets what must notice it run. Fails if one survives, or does
/// not apply or build.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    check()?;
    if let Some(shard) = &arguments.generated {
        return generated::run(shard, &arguments.file, arguments.resume);
    }
    let table = Table::read(&workspace::root().join(table::FILE))?;
    let unseen: Vec<&str> = table.rows.iter().filter(|row| !row.seen).map(|row| row.id.as_str()).collect();
    if !unseen.is_empty() {
        println!("nobody has seen these noticed, so believe none of them: {}", unseen.join(", "));
    }
    let rows = match (&arguments.only, arguments.draw) {
        _ if arguments.check => return Ok(()),
        (Some(text), _) => table.rows.iter().filter(|row| row.is_about(text)).collect(),
        (None, Some(count)) => {
            let seed = arguments.seed.map_or_else(draw::commit, Ok)?;
            println!("drawn: --draw {count} --seed {seed}");
            draw::draw(table.rows.iter().filter(|row| row.seen).collect(), count, seed)
        }
        (None, None) if arguments.all => table.rows.iter().collect(),
        (None, None) => bail!("say which: --draw N, --only TEXT, --all, --generated K/N, or --check"),
    };
    ensure!(!rows.is_empty(), "no such row in {}", table::FILE);
    play(rows, arguments.resume)
}

/// Plays them one by one, those together that need the same build.
fn play(mut rows: Vec<&Mutant>, resume: bool) -> Result<()> {
    rows.sort_by(|a, b| a.notice.cmp(&b.notice));
    let copy = Copy::make()?;
    let known = Known::open(copy.root())?;
    if resume {
        let all = rows.len();
        rows.retain(|row| !known.is_noticed(row));
        println!("mutants: {} of {all} were noticed before", all - rows.len());
    }
    let mut waits = BTreeMap::new();
    for notice in rows.iter().map(|row| &row.notice).collect::<BTreeSet<_>>() {
        let why = match notice.ask(&copy, PATIENCE) {
            Ok(Verdict::Passed(took)) => {
                println!("unchanged, {notice} passes in {} s", took.as_secs());
                waits.insert(notice, took.saturating_mul(10).max(LEAST_WAIT));
                continue;
            }
            Ok(Verdict::Noticed(how)) => how,
            Err(error) => format!("{error:#}"),
        };
        println!("UNFIT: without a mutant {notice} fails: {why}");
    }
    let (mut survivors, mut broken) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(wait) = waits.get(&row.notice) else {
            broken.push(row.id.as_str());
            continue;
        };
        let begun = Instant::now();
        let verdict = copy.with(row, || row.notice.ask(&copy, *wait));
        let seconds = begun.elapsed().as_secs();
        let found = match &verdict {
            Ok(Verdict::Noticed(how)) => how.clone(),
            Ok(Verdict::Passed(_)) => {
                survivors.push(row.id.as_str());
                "SURVIVES".to_owned()
            }
            Err(error) => {
                broken.push(row.id.as_str());
                format!("CANNOT BE PLAYED: {error:#}")
            }
        };
        println!("{:<44} {seconds:>3} s  {}: {found}", row.id, row.notice);
        if let Ok(verdict) = &verdict {
            known.note(row, verdict).context("the result cannot be kept")?;
        }
    }
    let mut faults = Vec::new();
    if !survivors.is_empty() {
        faults.push(format!("nothing notices {}", survivors.join(", ")));
    }
    if !broken.is_empty() {
        faults.push(format!("cannot be played: {}", broken.join(", ")));
    }
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    println!("mutants: {} played, all of them noticed", rows.len());
    Ok(())
}
