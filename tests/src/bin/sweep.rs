//! Sweeps payments for losses: see `tests::sweep`. `cargo xtask sweep` and `cargo xtask proof` call it.
//!
//! `sweep [--quick | --full] [--stop] [--story NAME]...`, or `sweep --only ID`, which tells a schedule step by step.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tests::sweep::{Case, Extent, Fault, Item, Tally, explore, replay};

fn main() -> ExitCode {
    let mut extent = Extent::Build;
    let mut stop = false;
    let mut stories = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => extent = Extent::Quick,
            "--full" => extent = Extent::Full,
            "--stop" => stop = true,
            "--story" => stories.extend(arguments.next()),
            "--only" => return play(&arguments.next().unwrap_or_default()),
            other => {
                eprintln!("what is {other}? --quick, --full, --stop, --story NAME, --only ID");
                return ExitCode::from(2);
            }
        }
    }
    let mut items = extent.items();
    if let Some(strange) = stories.iter().find(|name| !items.iter().any(|(case, _)| case.story.name == name.as_str())) {
        eprintln!("no such story: {strange}");
        return ExitCode::from(2);
    }
    items.retain(|(case, _)| stories.is_empty() || stories.iter().any(|name| case.story.name == name.as_str()));
    // A panic is a failure of its schedule, which is told with the others.
    std::panic::set_hook(Box::new(|_| {}));
    sweep(&items, stop)
}

fn sweep(items: &[Item], stop: bool) -> ExitCode {
    let begun = Instant::now();
    let minutes = AtomicU64::new(0);
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let total = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while let Some((case, plan)) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop && failed.load(Ordering::Relaxed) {
                break;
            }
            let tally = explore(case, plan);
            failed.fetch_or(tally.failed() > 0, Ordering::Relaxed);
            let Ok(mut total) = total.lock() else { break };
            total.add(tally);
            if minutes.fetch_max(begun.elapsed().as_secs() / 60, Ordering::Relaxed) < begun.elapsed().as_secs() / 60 {
                let (minutes, cases) = (begun.elapsed().as_secs() / 60, next.load(Ordering::Relaxed).min(items.len()));
                eprintln!("{minutes} min: {} schedules, {cases} of {} cases", total.total(), items.len());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let Ok(tally) = total.into_inner() else { return ExitCode::FAILURE };
    let (seconds, schedules) = (begun.elapsed().as_secs_f64(), tally.total());
    print!("{tally}");
    println!(
        "{schedules} schedules of {} cases, {} reboots, {} exchanges; {seconds:.0} s on {threads} threads, {:.2} ms each",
        items.len(),
        tally.boots,
        tally.exchanges,
        seconds * 1e3 * threads as f64 / schedules.max(1) as f64,
    );
    end(&tally)
}

fn play(id: &str) -> ExitCode {
    let mut parts = id.split('/');
    let case = parts.next().and_then(Case::parse);
    let faults: Option<Vec<Fault>> = parts.map(Fault::parse).collect();
    let (Some(case), Some(faults)) = (case, faults) else {
        eprintln!("not the id of a schedule: {id}");
        return ExitCode::from(2);
    };
    let tally = replay(&case, &faults);
    if tally.total() == 0 {
        eprintln!("no such schedule: {id}");
        return ExitCode::from(2);
    }
    end(&tally)
}

fn end(tally: &Tally) -> ExitCode {
    for (what, (times, id)) in &tally.failures {
        println!("FAILED {times} x {what}\n    cargo xtask sweep --only {id}");
    }
    if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
