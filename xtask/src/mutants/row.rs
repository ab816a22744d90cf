//! One way to break the tree.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::notice::Notice;

/// A row of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutant {
    /// Its name, for people and for `--only`.
    pub(super) id: String,
    /// The file that it changes, from the root.
    pub(super) file: String,
    /// What is replaced. It stands in the file exactly once.
    pub(super) find: String,
    /// By what.
    pub(super) replace: String,
    /// What must fail.
    pub(super) notice: Notice,
    /// It costs money or goods, so it has to be noticed by whole sales, not by a unit test alone.
    #[serde(default)]
    pub(super) money: bool,
    /// Somebody has seen that it is noticed, as it stands here.
    pub(super) seen: bool,
    /// What would happen in a shop.
    pub(super) why: String,
}

impl Mutant {
    /// Whether its id, file or notice has this text in it.
    pub(super) fn is_about(&self, text: &str) -> bool {
        self.id.contains(text) || self.file.contains(text) || self.notice.to_string().contains(text)
    }

    /// The file as it is, and broken.
    pub(super) fn apply(&self, root: &Path) -> Result<(String, String)> {
        let path = root.join(&self.file);
        let sound = std::fs::read_to_string(&path).with_context(|| format!("{}: file: {}", self.id, self.file))?;
        let broken = self.change(&sound)?;
        Ok((sound, broken))
    }

    fn change(&self, sound: &str) -> Result<String> {
        let times = sound.matches(&self.find).count();
        ensure!(times == 1, "{}: find: stands {times} times in {}, not once", self.id, self.file);
        Ok(sound.replacen(&self.find, &self.replace, 1))
    }

    /// Whether it makes sense by itself.
    pub(super) fn check(&self) -> Result<()> {
        let id = &self.id;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(!id.is_empty() && id.chars().all(plain), "{id}: id: lower-case letters, digits and hyphens");
        ensure!(!self.find.trim().is_empty(), "{id}: find: is empty");
        ensure!(self.find != self.replace, "{id}: replace: is the same as find");
        ensure!(!self.why.trim().is_empty() && !self.why.contains('\n'), "{id}: why: one line");
        ensure!(
            !self.money || self.notice.plays_sales(),
            "{id}: notice: what costs money is noticed by `sweep` or `explore`, not by a test alone"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant() -> Mutant {
        Mutant {
            id: "a-b".to_owned(),
            file: "f.rs".to_owned(),
            find: "x > y".to_owned(),
            replace: "x < y".to_owned(),
            notice: Notice::try_from("-p pay-core --lib -- x".to_owned()).unwrap(),
            money: false,
            seen: true,
            why: "the other way round".to_owned(),
        }
    }

    // Mutants: `times >= 1`; `times <= 1`.
    #[test]
    fn find_stands_exactly_once() {
        assert_eq!(mutant().change("if x > y {}").unwrap(), "if x < y {}");
        let said = |text| mutant().change(text).unwrap_err().to_string();
        assert_eq!(said("if x >  y {}"), "a-b: find: stands 0 times in f.rs, not once");
        assert_eq!(said("x > y || x > y"), "a-b: find: stands 2 times in f.rs, not once");
    }

    #[test]
    fn what_costs_money_is_noticed_by_sales() {
        assert!(mutant().check().is_ok());
        assert!(Mutant { money: true, ..mutant() }.check().unwrap_err().to_string().contains("sweep"));
        let notice = Notice::try_from("sweep".to_owned()).unwrap();
        assert!(Mutant { money: true, notice, ..mutant() }.check().is_ok());
    }

    #[test]
    fn a_row_is_one_thing_that_changes() {
        for wrong in [
            Mutant { id: "A b".to_owned(), ..mutant() },
            Mutant { find: " ".to_owned(), ..mutant() },
            Mutant { replace: mutant().find, ..mutant() },
            Mutant { why: "a\nb".to_owned(), ..mutant() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
