//! Visits every state of small worlds: `cargo xtask explore`. `--raised`: counts one further, and tells one more age apart, to see that
//! nothing new comes of it.

use std::process::ExitCode;
use std::time::Instant;

use pay_core::till::canonical::Caps;
use tests::explore::{Found, Rules, search, worlds};

/// More than fits into the memory that it may take.
const MOST: u64 = 400_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let only = arguments.iter().find(|argument| !argument.starts_with("--"));
    let mut all = worlds(has("--full") || only.is_some());
    if has("--raised") {
        for rules in &mut all {
            rules.caps = Caps { failures: rules.caps.failures + 1, age_ms: 10_000 };
        }
    }
    if only.is_some_and(|only| all.iter().all(|rules| rules.name != only)) {
        eprintln!("there is no such world; there are {:?}", all.iter().map(|rules| rules.name).collect::<Vec<_>>());
        return ExitCode::FAILURE;
    }
    let mut total = Found::default();
    for rules in all.into_iter().filter(|rules| only.is_none_or(|only| rules.name == only)) {
        let begin = Instant::now();
        let found = search(&rules, MOST, has("--loud"));
        total.states += found.states;
        total.fingerprints += found.fingerprints;
        total.transitions += found.transitions;
        println!(
            "{}: {} states, {} transitions, {} steps deep, {:.1} s",
            rules.name,
            found.states,
            found.transitions,
            found.depth,
            begin.elapsed().as_secs_f32()
        );
        if let Err(why) = told(&rules, &found) {
            println!("{why}");
            return ExitCode::FAILURE;
        }
        for (place, count) in found.reached {
            *total.reached.entry(place).or_default() += count;
        }
    }
    for ((phase, stage), count) in &total.reached {
        println!("reached {count:>9} times: {phase}, {stage}");
    }
    // Of n, two share a fingerprint with a chance of about n²/2⁶⁵.
    let chance = (total.fingerprints as f64).powi(2) / 2_f64.powi(65);
    println!("two of {} share a fingerprint with a chance of {chance:.1e}", total.fingerprints);
    println!("{} states, {} transitions, frontier empty", total.states, total.transitions);
    ExitCode::SUCCESS
}

/// Says what was found in a world.
fn told(rules: &Rules, found: &Found) -> Result<(), String> {
    let story = |steps: &[String]| {
        for (number, step) in steps.iter().enumerate() {
            println!("  {:>2}. {step}", number + 1);
        }
    };
    if let Some((steps, law)) = &found.broken {
        story(steps);
        return Err(format!("{}: broken after {} steps: {law}", rules.name, steps.len()));
    }
    if !found.closed {
        return Err(format!("{}: more than {MOST} states", rules.name));
    }
    if let Some((steps, count)) = &found.stuck {
        story(steps);
        let (name, deep) = (rules.name, steps.len());
        return Err(format!("{name}: from {count} states no end can be reached; the nearest is {deep} steps away"));
    }
    for (kind, count) in &found.ends {
        println!("  {count:>7} ends: {kind}");
    }
    Ok(())
}
