//! The results of earlier runs, for `--resume`.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::notice::Verdict;
use super::row::Mutant;

/// One line a result: a mark of the row and of the file that it changes, its id, what noticed it.
pub(super) struct Known {
    file: PathBuf,
    /// Of the copy: what is played is what lies there.
    root: PathBuf,
    noticed: BTreeSet<String>,
}

const SURVIVED: &str = "SURVIVES";

impl Known {
    pub(super) fn open(root: &Path) -> Result<Self> {
        let file = super::copy::scratch("results")?;
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        Ok(Self { file, root: root.to_owned(), noticed: noticed(&text) })
    }

    /// An earlier run has seen it noticed, and neither the row nor its file has changed since.
    pub(super) fn is_noticed(&self, row: &Mutant) -> bool {
        self.noticed.contains(&self.mark(row))
    }

    pub(super) fn note(&self, row: &Mutant, verdict: &Verdict) -> Result<()> {
        let said = match verdict {
            Verdict::Noticed(how) => how.lines().next().unwrap_or_default(),
            Verdict::Passed(_) => SURVIVED,
        };
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.file)?;
        Ok(writeln!(file, "{}\t{}\t{said}", self.mark(row), row.id)?)
    }

    /// Another one once the row or its file is another.
    fn mark(&self, row: &Mutant) -> String {
        let file = std::fs::read(self.root.join(&row.file)).unwrap_or_default();
        let mut hash = DefaultHasher::new();
        (&row.id, &row.find, &row.replace, row.notice.to_string(), file).hash(&mut hash);
        format!("{:016x}", hash.finish())
    }
}

/// Of each mark the last line counts.
fn noticed(text: &str) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, '\t');
        let (Some(mark), Some(_), Some(said)) = (parts.next(), parts.next(), parts.next()) else { continue };
        if said == SURVIVED {
            marks.remove(mark);
        } else {
            marks.insert(mark.to_owned());
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: a survivor that does not take back what was noticed before.
    #[test]
    fn the_last_result_of_a_row_counts() {
        let known = noticed("1\ta\tSURVIVES\n2\tb\ttests::x\n1\ta\ttests::y\n2\tb\tSURVIVES\nhalf a li");
        assert_eq!(known.into_iter().collect::<Vec<_>>(), ["1"]);
    }
}
