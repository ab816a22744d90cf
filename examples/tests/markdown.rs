//! The Markdown of the repository: its links lead somewhere, and its commands do what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every Markdown file that is not somebody else's.
fn files(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                files(&path, found);
            }
        } else if name.ends_with(".md") {
            found.insert(path.clone(), fs::read_to_string(path).unwrap());
        }
    }
}

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// As a forge makes an anchor of a heading: lower case, blanks as hyphens, nothing but letters, digits, hyphens and underscores.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

fn links(line: &str) -> Vec<&str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// Meant to notice: a file that was moved, a heading that was renamed.
#[test]
fn links_lead_somewhere() {
    let (root, mut all) = (root(), BTreeMap::new());
    files(&root, &mut all);
    let anchors: BTreeMap<&PathBuf, BTreeSet<String>> = all
        .iter()
        .map(|(path, text)| (path, prose(text).filter(|line| line.starts_with('#')).map(anchor).collect()))
        .collect();
    let (mut broken, mut count) = (Vec::new(), 0);
    for (path, text) in &all {
        for link in prose(text).flat_map(links) {
            // Rustdoc resolves paths of items; pages elsewhere are not looked at.
            if link.contains("://") || link.contains("::") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let target = target.canonicalize().unwrap_or(target);
            let is_there = target.exists()
                && heading.is_none_or(|heading| anchors.get(&target).is_some_and(|set| set.contains(heading)));
            if !is_there {
                broken.push(format!("{}: {link}", path.strip_prefix(&root).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(count > 50, "only {count} links were found");
}

/// The commands of a file, block by block.
fn blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match &mut open {
            None if line.trim() == "```sh" => open = Some(String::new()),
            None => {}
            Some(_) if line.trim() == "```" => found.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    found
}

/// Getting started on a desktop, typed as it stands, twice, in each shell that is here. Two things are otherwise: the folder is the test's
/// own, and nothing is built for release. The block that starts the sandbox runs in the background, as in a terminal of its own.
#[test]
fn getting_started_on_a_desktop_works_as_typed() {
    let text = fs::read_to_string(root().join("docs/getting-started-desktop.md")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("getting-started");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut script = String::from("set -e\ncd \"$ROOT\"\n");
    for block in blocks(&text) {
        let block = block.replace("/tmp/shop", folder.to_str().unwrap()).replace(" --release", "");
        if block.contains("-- sandbox") {
            let (first, rest) = block.trim_end().split_once(" && ").unwrap();
            script += &format!(
                "{first}\n{rest} &\nsandbox=$!\ntrap 'kill $sandbox' EXIT\nwhile ! [ -s {}/keys.json ]; do sleep 0.1; done\n",
                folder.display()
            );
        } else {
            script += &block;
        }
    }
    let shells = ["bash", "zsh"].into_iter().filter(|shell| Command::new(shell).arg("-c").arg(":").status().is_ok());
    let mut runs = 0;
    for shell in shells.flat_map(|shell| [shell, shell]) {
        let _ = fs::remove_file(folder.join("keys.json"));
        let run = Command::new(shell)
            .arg("-c")
            .arg(&script)
            .env("ROOT", root())
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{shell}: {script}\n{out}\n{err}");
        assert!(out.contains("paid, hand out the goods") && out.contains("Paid {"), "{shell}: {out}\n{err}");
        runs += 1;
    }
    assert!(runs >= 2, "bash is missing");
}
