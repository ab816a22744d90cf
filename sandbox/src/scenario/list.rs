//! The scenarios as a table for people.

use crate::scenario::entry::Scenario;
use crate::scenario::expect::Mode;
use core::fmt::Write as _;

/// All scenarios as a Markdown table: what happens, and how each kind of terminal must end.
#[must_use]
pub fn scenario_table() -> String {
    let mut table = String::from("| id | name | what happens | paid by |");
    let mut rule = String::from("|---|---|---|---|");
    for mode in Mode::ALL {
        let _ = write!(table, " {} |", mode.as_str());
        rule.push_str("---|");
    }
    table.push_str(" kiosk exits |\n");
    table.push_str(&rule);
    table.push_str("---|\n");
    for scenario in Scenario::ALL {
        let Scenario { id, name, does, means, .. } = scenario;
        let _ = write!(table, "| {id} | {name} | {does} | {} |", means.as_str());
        for mode in Mode::ALL {
            let _ = write!(table, " {} |", scenario.expect(mode).map_or("", |end| end.as_str()));
        }
        let exit = |asks| scenario.kiosk_exit(asks).map_or("-".to_owned(), |exit| exit.to_string());
        let _ = writeln!(table, " {} / {} |", exit(true), exit(false));
    }
    table
}
