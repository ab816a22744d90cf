//! Programs run the till and implement its `Shop`. What lies below it, `Sale`, `Driver` and `Step`, is named by no program's source.

use std::fs;
use std::path::{Path, PathBuf};

/// Where programs are, and what the tests' own programs are made of.
const PROGRAMS: [&str; 3] = ["examples", "backend/src", "tests/src"];

/// Files that may, and why.
const EXCEPTIONS: [(&str, &str); 2] = [
    (
        "backend/src/simulation.rs",
        "a test in virtual time whose hundred kiosks take turns on one thread; to be moved to `Life`",
    ),
    ("tests/src/sweep/facts.rs", "asks how a stored record stands, without a till that would do something about it"),
];

// Mutants: `use pay_core::drive::{Blocking, Driver};` in the soak's kiosk; `pay_core::Sale` in the desktop program.
#[test]
fn no_program_names_what_lies_below_the_till() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in PROGRAMS {
        find(&root.join(folder), &mut files);
    }
    assert!(files.len() > 60, "{} files were read", files.len());
    let below = |file: &PathBuf| names_below(&fs::read_to_string(file).unwrap());
    let mut found: Vec<String> = files.iter().filter(|file| below(file)).map(|file| short(&root, file)).collect();
    found.sort();
    // An exception that is not needed any more goes, too.
    assert_eq!(found, EXCEPTIONS.map(|(file, _)| file), "a program names Sale, Driver or Step of pay_core");
}

// S5. Mutant: `MemoryJournal` in a board's terminal.
#[test]
fn boards_keep_their_sales_in_flash() {
    let mut files = Vec::new();
    find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/boards"), &mut files);
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert!(texts.iter().any(|text| text.contains("FlashJournal::open")), "no board opens a journal in flash");
    assert!(!texts.iter().any(|text| text.contains("MemoryJournal")), "a board keeps its sales in memory");
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            find(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}

fn short(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Whether a path that begins with `pay_core`, in a `use` or elsewhere, has one of the names.
fn names_below(text: &str) -> bool {
    text.match_indices("pay_core::").any(|(at, _)| {
        let rest = &text[at..];
        let is_use = text[..at].trim_end().ends_with("use");
        let end = if is_use { rest.find(';') } else { rest.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c))) };
        let words = rest[..end.unwrap_or(rest.len())].split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.into_iter().any(|word| matches!(word, "Sale" | "Driver" | "Step"))
    })
}
