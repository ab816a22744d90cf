//! The layers of the crates, read from their `use` lines: no layer imports a higher one, and no files import each other in
//! a circle. What lies behind a `mod.rs` or `lib.rs` (re-exports) and in `mod tests` does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A crate whose layers are checked.
struct Crate {
    name: &'static str,
    /// Lowest first: folders or files of `src`, each a layer.
    layers: &'static [&'static str],
    /// Imports that are let through, from which module to which, and why.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

const CRATES: &[Crate] = &[Crate {
    name: "sandbox",
    layers: &["ground", "books", "calls", "gateway", "scenario", "stage", "server"],
    exceptions: &[],
}];

/// Files by module (`calls::order`), and the modules that each imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_layer_imports_a_higher_one_and_no_files_import_each_other_in_a_circle() {
    for krate in CRATES {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(krate.name).join("src");
        let mut files = BTreeMap::new();
        read(&source, "", &mut files);
        let mut imports = imports(&files);
        for (from, to, why) in krate.exceptions {
            assert!(!why.is_empty());
            let removed = imports.get_mut(*from).is_some_and(|imported| imported.remove(*to));
            assert!(removed, "{}: {from} does not import {to} any more: take the exception out", krate.name);
        }
        assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 20, "{}: no `use` lines were read", krate.name);
        assert_eq!(
            upward(krate.layers, &imports),
            Vec::<String>::new(),
            "{}: a layer imports a higher one",
            krate.name
        );
        assert_eq!(circle(&imports), None, "{}: files import each other", krate.name);
    }
}

/// Files below `folder` by module, without those that only gather others.
fn read(folder: &Path, module: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let inner = if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &inner, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !matches!(name, "mod" | "lib") {
            files.insert(inner, fs::read_to_string(&path).unwrap());
        }
    }
}

fn imports(files: &BTreeMap<String, String>) -> Imports {
    let of_file = |(module, text): (&String, &String)| {
        let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let paths = product.split_inclusive(';').filter_map(use_tree).flat_map(|tree| leaves("", &tree));
        let found = paths.filter_map(|path| file_of(&absolute(module, &path)?, files)).filter(|other| other != module);
        (module.clone(), found.collect())
    };
    files.iter().map(of_file).collect()
}

/// What stands between `use` and `;` at the end of a statement, without white space.
fn use_tree(statement: &str) -> Option<String> {
    let is_use = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("use ") || (line.starts_with("pub") && line.contains(" use "))
    };
    let lines: Vec<&str> = statement.lines().collect();
    let from = lines.iter().rposition(is_use)?;
    let text = lines[from..].concat();
    let tree = text.split_once("use ")?.1.strip_suffix(';')?;
    Some(tree.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The paths of a tree: `a::{b, c::{self, d}}` has `a::b`, `a::c::self` and `a::c::d`.
fn leaves(before: &str, tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((start, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return if path.is_empty() { Vec::new() } else { vec![format!("{before}{path}")] };
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices().chain([(group.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(leaves(&format!("{before}{}", start.trim()), &group[from..at]));
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The path from the crate's root; `None`: it is of another crate.
fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(path) = path.strip_prefix("crate::") {
        return Some(path.to_owned());
    }
    let mut base: Vec<&str> = module.split("::").collect();
    let mut rest = path.strip_prefix("self::").unwrap_or(path);
    if rest == path && !path.starts_with("super::") {
        return None;
    }
    while let Some(shorter) = rest.strip_prefix("super::") {
        base.pop()?;
        rest = shorter;
    }
    base.push(rest);
    Some(base.join("::"))
}

/// The file that the beginning of this path names.
fn file_of(path: &str, files: &BTreeMap<String, String>) -> Option<String> {
    let parts: Vec<&str> = path.split("::").collect();
    (1..=parts.len()).rev().map(|length| parts[..length].join("::")).find(|module| files.contains_key(module))
}

fn upward(layers: &[&str], imports: &Imports) -> Vec<String> {
    let layer = |module: &str| {
        let top = module.split("::").next().unwrap_or_default();
        layers.iter().position(|layer| *layer == top).unwrap_or_else(|| panic!("{module} is in no layer"))
    };
    let edges = imports.iter().flat_map(|(from, imported)| imported.iter().map(move |to| (from, to)));
    edges.filter(|(from, to)| layer(to) > layer(from)).map(|(from, to)| format!("{from} imports {to}")).collect()
}

/// Files that import each other in a circle, if any do.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    let mut left = imports.clone();
    loop {
        let done: BTreeSet<String> =
            left.iter().filter(|(_, imported)| imported.is_empty()).map(|(module, _)| module.clone()).collect();
        if done.is_empty() {
            return (!left.is_empty()).then(|| left.into_keys().collect());
        }
        left.retain(|module, _| !done.contains(module));
        left.values_mut().for_each(|imported| imported.retain(|to| !done.contains(to)));
    }
}

// Meant to notice: `leaves` without groups in groups; `absolute` that takes one `super` for none; `circle` that gives up at once.
#[test]
fn the_reader_sees_what_is_there() {
    let files = |list: &[(&str, &str)]| {
        list.iter().map(|(module, text)| ((*module).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let world = files(&[
        (
            "low::a",
            "//! Words; more.\n\nuse crate::{\n    low::b::{self, Thing},\n    high::{c::{D, E as F}},\n};\nfn f() {}\n",
        ),
        ("low::b", "pub(crate) use super::a::X;\nuse std::fmt;\n"),
        ("high::c", "fn g() {}\n#[cfg(test)]\nmod tests {\n    use crate::low::b::Thing;\n}\n"),
    ]);
    let imports = imports(&world);
    let names = |module: &str| imports[module].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((names("low::a"), names("low::b")), (vec!["high::c", "low::b"], vec!["low::a"]));
    assert!(names("high::c").is_empty());
    assert_eq!(upward(&["low", "high"], &imports), ["low::a imports high::c"]);
    assert_eq!(circle(&imports), Some(vec!["low::a".to_owned(), "low::b".to_owned()]));
}
