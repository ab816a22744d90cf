//! The table of mutants.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;

use super::row::Mutant;

/// Where it is, from the root.
pub(super) const FILE: &str = "tests/mutants.toml";

/// All rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(rename = "mutant")]
    pub(super) rows: Vec<Mutant>,
}

impl Table {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| FILE.to_owned())
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }

    /// Whether each row makes sense and fits the sources under `root`. All that do not are named.
    pub(super) fn check(&self, root: &Path) -> Result<()> {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        for row in &self.rows {
            let unique = if ids.insert(&row.id) { Ok(()) } else { Err(anyhow!("{}: id: stands twice", row.id)) };
            let results = [unique, row.check(), row.apply(root).map(drop)];
            faults.extend(results.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")));
        }
        ensure!(faults.is_empty(), "{FILE}:\n  {}", faults.join("\n  "));
        Ok(())
    }

    /// What is in it, in one line.
    pub(super) fn summary(&self) -> String {
        let count = |test: fn(&&Mutant) -> bool| self.rows.iter().filter(test).count();
        format!(
            "{} rows, {} seen noticed; {} cost money, {} of them seen noticed",
            self.rows.len(),
            count(|row| row.seen),
            count(|row| row.money),
            count(|row| row.money && row.seen),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    const ROW: &str = "[[mutant]]\nid = 'a'\nfile = 'Cargo.toml'\nfind = '[workspace.lints.rust]'\nreplace = 'x'\n\
        notice = 'sweep'\nmoney = true\nseen = false\nwhy = 'because'\n";

    #[test]
    fn a_row_has_these_members_and_no_others() {
        assert_eq!(Table::parse(ROW).unwrap().rows.len(), 1);
        for (from, to, said) in [
            ("seen = false\n", "", "missing field `seen`"),
            ("why = 'because'\n", "", "missing field `why`"),
            ("seen", "sene", "unknown field `sene`"),
            ("'sweep'", "'swep'", "notice"),
            ("'sweep'", "'-p pay-core -- x'", "notice"),
        ] {
            let error = Table::parse(&ROW.replace(from, to)).unwrap_err();
            assert!(format!("{error:#}").contains(said), "{error:#}");
        }
    }

    #[test]
    fn every_row_that_does_not_fit_is_named() {
        let table = Table::parse(&(ROW.to_owned() + ROW + &ROW.replace("lints.rust", "no.such"))).unwrap();
        let said = table.check(workspace::root()).unwrap_err().to_string();
        assert_eq!(said.matches("id: stands twice").count(), 2, "{said}");
        assert_eq!(said.matches("find: stands 0 times").count(), 1, "{said}");
    }

    /// What the project asks of itself; a row goes only where another comes.
    #[test]
    fn the_table_has_ninety_rows_of_which_thirty_cost_money() {
        let table = Table::read(&workspace::root().join(FILE)).unwrap();
        assert!(table.rows.len() >= 90, "{}", table.summary());
        assert!(table.rows.iter().filter(|row| row.money).count() >= 30, "{}", table.summary());
    }
}
