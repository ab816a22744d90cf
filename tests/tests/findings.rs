//! `docs/findings.md` has a row for every finding, and each test that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Every finding that must have a test.
fn wanted() -> BTreeSet<String> {
    let of =
        |letter: char, numbers: std::ops::RangeInclusive<u32>| numbers.map(move |number| format!("{letter}{number}"));
    of('M', 1..=16).chain(of('F', 1..=6)).chain(of('F', 10..=10)).chain(of('S', 1..=6)).collect()
}

/// The functions of each file below `folder`, by the file's name and by the name of its folder, where that is a module.
fn functions(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                functions(&path, found);
            }
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let text = fs::read_to_string(&path).unwrap();
            let module = if matches!(stem, "mod" | "lib" | "main" | "tests") {
                folder.file_name().unwrap().to_str().unwrap().to_owned()
            } else {
                stem.to_owned()
            };
            found.entry(module).or_default().push_str(&text);
        }
    }
}

// Mutants: the row of M11 taken out; a test renamed and not its row.
#[test]
fn every_finding_has_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = BTreeMap::new();
    functions(&root, &mut files);
    let table = fs::read_to_string(root.join("docs/findings.md")).unwrap();
    let (mut found, mut missing, mut named) = (BTreeSet::new(), Vec::new(), 0);
    let mut label = String::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| | what")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        // A row of the tables with labels has four cells; an empty label is the one above.
        if let [first, _, tests, message] = cells[..] {
            let first = first.trim_start_matches("| ").trim();
            if !first.is_empty() && first != "|" {
                label = first.to_owned();
            }
            assert!(message.trim_end_matches([' ', '|']).len() > 3, "{label}: no message");
            found.extend(label.split(", ").map(str::to_owned));
            missing.extend(absent(tests, &files).into_iter().map(|name| format!("{label}: {name}")));
            named += 1;
        } else if let [_, tests, _] = cells[..] {
            missing.extend(absent(tests, &files));
        }
    }
    assert!(named > 30, "only {named} rows were read");
    assert_eq!(missing, Vec::<String>::new(), "named in docs/findings.md, and not there");
    let without: Vec<_> = wanted().into_iter().filter(|label| !found.contains(label)).collect();
    assert_eq!(without, Vec::<String>::new(), "findings without a row");
}

/// The tests that a cell names and that no file has: `module::test`, in a file of that module.
fn absent(cell: &str, files: &BTreeMap<String, String>) -> Vec<String> {
    let paths = cell.split('`').skip(1).step_by(2).filter(|path| path.contains("::"));
    let is_absent = |path: &&str| {
        let parts: Vec<&str> = path.split("::").collect();
        let (module, test) = (parts[parts.len() - 2], parts[parts.len() - 1]);
        !files.get(module).is_some_and(|text| text.contains(&format!("fn {test}(")))
    };
    paths.filter(is_absent).map(str::to_owned).collect()
}
