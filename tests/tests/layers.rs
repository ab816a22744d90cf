//! The layers of the crates, read from their `use` lines: no layer imports a higher one, and no files import each other in
//! a circle. A name that a `mod.rs` or `lib.rs` hands on counts as an import of the file it is in. Tests do not count, nor do paths
//! written out in the code.

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

const CRATES: &[Crate] = &[
    Crate {
        name: "pay-core",
        layers: &["json", "model", "wire", "sale", "drive", "till"],
        exceptions: &[(
            "model::error",
            "model::version",
            "a refusal names the version that lacks a member, and a version that is read from text may be refused",
        )],
    },
    Crate {
        name: "transport-embassy",
        layers: &["tls", "error", "connect", "race", "request", "stack", "exchange", "journal"],
        exceptions: &[],
    },
    Crate {
        name: "sandbox",
        layers: &["ground", "books", "calls", "gateway", "scenario", "stage", "page", "server"],
        exceptions: &[],
    },
];

/// The text of a crate's files by module (`calls::order`).
#[derive(Default)]
struct Source {
    files: BTreeMap<String, String>,
    /// Each `mod.rs` and `lib.rs` (module ``), which gather others.
    gathers: BTreeMap<String, String>,
}

/// By file, the files that it imports; a layer's name alone where what is imported is in its `mod.rs`.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_layer_imports_a_higher_one_and_no_files_import_each_other_in_a_circle() {
    for krate in CRATES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(krate.name).join("src");
        let mut source = Source::default();
        read(&folder, "", &mut source);
        forget_tests(&mut source);
        let mut imports = imports(&source);
        for (from, to, why) in krate.exceptions {
            assert!(!why.is_empty());
            let removed = imports.get_mut(*from).is_some_and(|imported| imported.remove(*to));
            assert!(removed, "{}: {from} does not import {to} any more: take the exception out", krate.name);
        }
        assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 20, "{}: no `use` lines were read", krate.name);
        let found = upward(krate.layers, &imports);
        assert_eq!(found, Vec::<String>::new(), "{}: a layer imports a higher one", krate.name);
        assert_eq!(circle(&imports), None, "{}: files import each other", krate.name);
    }
}

/// What is below `folder`, by module.
fn read(folder: &Path, module: &str, source: &mut Source) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, &inside(module, name), source);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            if matches!(name, "mod" | "lib") {
                source.gathers.insert(module.to_owned(), text);
            } else {
                source.files.insert(inside(module, name), text);
            }
        }
    }
}

fn inside(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// Takes out the files that are compiled for tests alone: `#[cfg(test)]`, then `mod name;`, with or without a `#[path]`.
fn forget_tests(source: &mut Source) {
    let mut tests = Vec::new();
    for (module, text) in source.files.iter().chain(&source.gathers) {
        for after in text.split("#[cfg(test)]\n").skip(1) {
            let (attribute, line) = after.split_once("mod ").unwrap_or_default();
            let name = attribute.trim().strip_prefix("#[path = \"").and_then(|path| path.strip_suffix(".rs\"]"));
            let name = name.or_else(|| line.split_once(';').map(|(name, _)| name)).unwrap_or_default();
            let beside = module.rsplit_once("::").map_or("", |(folder, _)| folder);
            tests.extend([inside(module, name), inside(beside, name)]);
        }
    }
    source.files.retain(|module, _| !tests.contains(module));
}

fn imports(source: &Source) -> Imports {
    let of_file = |(module, text): (&String, &String)| {
        let found = paths(text).into_iter().filter_map(|path| absolute(module, &path));
        let found = found.filter_map(|path| {
            let top = path.split("::").next().unwrap_or_default().to_owned();
            file_of(&path, source).or_else(|| source.gathers.contains_key(&top).then_some(top))
        });
        (module.clone(), found.filter(|other| other != module).collect())
    };
    source.files.iter().map(of_file).collect()
}

/// What the `use` lines name, but for those of `mod tests`.
fn paths(text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    product.split_inclusive(';').filter_map(use_tree).flat_map(|tree| leaves("", &tree)).collect()
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

/// The file that the beginning of this path names, or the one that a name in it is handed on from.
fn file_of(path: &str, source: &Source) -> Option<String> {
    let mut path = path.to_owned();
    loop {
        let parts: Vec<&str> = path.split("::").collect();
        let begins = (1..=parts.len()).rev().map(|length| parts[..length].join("::"));
        if let Some(module) = begins.into_iter().find(|module| source.files.contains_key(module)) {
            return Some(module);
        }
        path = handed_on(&parts, source)?;
    }
}

/// Where the innermost `mod.rs` or `lib.rs` of this path has its next name from.
fn handed_on(parts: &[&str], source: &Source) -> Option<String> {
    let (module, name) = (0..parts.len()).rev().find_map(|length| {
        let module = parts[..length].join("::");
        source.gathers.contains_key(&module).then_some((module, parts[length]))
    })?;
    let path = paths(&source.gathers[&module]).into_iter().find(|path| path.rsplit("::").next() == Some(name))?;
    let path = absolute(&module, &path).unwrap_or_else(|| inside(&module, &path));
    // Not itself again: what is not a file is an item of the `mod.rs`, or of another crate.
    (path != parts.join("::")).then_some(path)
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
    left.values_mut().for_each(|imported| imported.retain(|to| imports.contains_key(to)));
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

// Meant to notice: `leaves` without groups in groups; `absolute` that takes one `super` for none; `circle` that gives up at once; a name
// that is handed on taken for none; a test's file read.
#[test]
fn the_reader_sees_what_is_there() {
    let texts = |list: &[(&str, &str)]| {
        list.iter().map(|(module, text)| ((*module).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let files = texts(&[
        (
            "low::a",
            "//! Words; more.\n\nuse crate::{\n    low::b::{self, Thing},\n    high::{c::{D, E as F}},\n};\nfn f() {}\n",
        ),
        ("low::b", "pub(crate) use super::a::X;\nuse std::fmt;\n#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;\n"),
        ("low::b_tests", "use super::super::high::c::D;\n"),
        ("high::c", "fn g() {}\n#[cfg(test)]\nmod tests {\n    use crate::low::b::Thing;\n}\n"),
        ("high::d", "use super::super::low::{Here, Thing};\nuse crate::Root;\n"),
    ]);
    let gathers = texts(&[
        ("", "pub use low::Thing as Root;\npub use high::c::Root;\n"),
        ("low", "mod a;\nmod b;\npub use b::{Other, Thing};\npub struct Here;\n"),
        ("high", ""),
    ]);
    let mut source = Source { files, gathers };
    forget_tests(&mut source);
    let imports = imports(&source);
    let names = |module: &str| imports[module].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((names("low::a"), names("low::b")), (vec!["high::c", "low::b"], vec!["low::a"]));
    assert!(names("high::c").is_empty() && !imports.contains_key("low::b_tests"));
    assert_eq!(names("high::d"), ["high::c", "low", "low::b"]);
    assert_eq!(upward(&["low", "high"], &imports), ["low::a imports high::c"]);
    assert_eq!(circle(&imports), Some(["high::d", "low::a", "low::b"].map(str::to_owned).to_vec()));
}
