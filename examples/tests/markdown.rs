//! The Markdown of the repository: its links lead somewhere, and its commands do what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

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

/// Pages whose commands run here, and those that cannot: they run all tests, or need an emulator and another compiler
/// (`xtask/tests/firmware` runs the kiosk there).
const ELSEWHERE: [&str; 2] = ["cargo xtask test", "cargo xtask firmware"];

/// Stands for cargo where `cargo xtask test` has built all programs already: for one package alone it would build half of their
/// dependencies anew, with other features.
const CARGO: &str = "#!/bin/sh
task=$1 program=
while [ $# -gt 0 ] && [ \"$1\" != -- ]; do
    if [ \"$1\" = -p ]; then program=$2; fi
    shift
done
if [ $# -gt 0 ]; then shift; fi
if [ \"$task\" = run ]; then exec \"$PROGRAMS/$program\" \"$@\"; fi
";

/// The commands of some pages as one script, in a folder of the test's own. What listens runs in the background, as in a terminal of its
/// own, and nothing is built for release.
struct Typed {
    folder: PathBuf,
    script: String,
}

impl Typed {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        if env::var_os("ALL_IS_BUILT").is_some() {
            let cargo = folder.join("cargo");
            fs::write(&cargo, CARGO).unwrap();
            assert!(Command::new("chmod").arg("+x").arg(cargo).status().unwrap().success());
        }
        let script = String::from(
            "set -e\ncd \"$ROOT\"\nPATH=\"$FOLDER:$PROGRAMS:$PATH\"\nrunning=\ntrap 'kill $(echo $running)' EXIT\n",
        );
        Self { folder, script }
    }

    /// And the commands of this page, each of these words replaced.
    fn page(mut self, page: &str, words: &[(&str, &str)]) -> Self {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for block in blocks(&text) {
            let kept: Vec<&str> = block.lines().filter(|line| !ELSEWHERE.iter().any(|it| line.contains(it))).collect();
            let mut block = kept.join("\n").replace(" --release", "");
            for (word, with) in words {
                block = block.replace(word, with);
            }
            let listens = block.contains(" sandbox ") || block.contains(" --listen ");
            self.script += &if listens { self.in_background(&block) } else { block };
            self.script.push('\n');
        }
        self
    }

    /// Until it has printed where it listens.
    fn in_background(&self, block: &str) -> String {
        let (before, server) = block.rsplit_once(" && ").unwrap_or((":", block));
        let (server, out) = server.rsplit_once(" > ").map_or_else(
            || (server, self.folder.join("listens").display().to_string()),
            |(server, out)| (server, out.trim().to_owned()),
        );
        format!(
            "{before}\nrm -f {out}\n{server} > {out} &\nrunning=\"$running $!\"\n\
             until [ -s {out} ]; do kill -0 $!; sleep 0.1; done"
        )
    }

    /// Runs it twice in this shell; what it printed each time.
    fn run(&self, shell: &str) -> [String; 2] {
        [1, 2].map(|_| {
            let mut command = Command::new(shell);
            command.arg("-c").arg(&self.script).env_remove("CARGO_MANIFEST_DIR").stdin(Stdio::null());
            // What `cargo install` would put where the shell finds it.
            let programs = Path::new(env!("CARGO_BIN_EXE_desktop")).parent().unwrap();
            command.env("ROOT", root()).env("FOLDER", &self.folder).env("PROGRAMS", programs);
            for name in ["CASHFREE_CLIENT_ID", "CASHFREE_CLIENT_SECRET", "CASHFREE_DEVICE_TOKEN", "GATEWAY"] {
                command.env_remove(name);
            }
            // The till's folder is nobody's own.
            let run = command.env("XDG_DATA_HOME", &self.folder).output().unwrap();
            let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
            assert!(run.status.success(), "{shell}: {}\n{}\n{out}\n{err}", run.status, self.script);
            format!("{out}\n{err}")
        })
    }
}

/// In bash, and in zsh where it is, at the same time.
fn in_each_shell(work: impl Fn(&str) + Sync) {
    thread::scope(|scope| {
        for shell in ["bash", "zsh"] {
            if Command::new(shell).args(["-c", ":"]).status().is_ok_and(|status| status.success()) {
                scope.spawn(|| work(shell));
            } else {
                assert_ne!(shell, "bash", "it is missing");
                println!("!!! SKIPPED: {shell}: it is not installed");
            }
        }
    });
}

/// Payments succeed sooner, with the documents' seconds taken for tenths.
const SOON: (&str, &str) = ("000 > ", "00 > ");

/// Ports that nobody listens at.
fn ports() -> [String; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port().to_string())
}

#[test]
fn getting_started_on_a_desktop_works_as_typed() {
    in_each_shell(|shell| {
        let typed = Typed::new(&format!("getting-started-{shell}"));
        let folder = typed.folder.display().to_string();
        let words = [("/tmp/shop", &*folder), SOON];
        for said in typed.page("docs/getting-started-desktop.md", &words).run(shell) {
            assert!(said.contains("paid, hand out the goods") && said.contains("Paid {"), "{said}");
        }
    });
}

/// A5. Meant to notice: options in a variable, which zsh does not split; `mkdir` of a folder that is there; an order that is paid already.
#[test]
fn the_readmes_work_as_typed() {
    let pages = ["README.md", "examples/kiosk/README.md", "docs/getting-started-firmware.md", "examples/pay/README.md"];
    in_each_shell(|shell| {
        let ([gateway, backend, hooks], typed) = (ports(), Typed::new(&format!("readme-{shell}")));
        let folder = typed.folder.join("kiosk").display().to_string();
        let till = typed.folder.join("till").display().to_string();
        let ports = [("8443", &*gateway), ("8444", &*backend), ("8446", &*hooks)];
        let words = [&[("/tmp/kiosk", &*folder), ("/tmp/till", &*till), SOON][..], &ports].concat();
        for said in pages.into_iter().fold(typed, |typed, page| typed.page(page, &words)).run(shell) {
            let paid = said.matches("Paid. Thank you").count();
            assert!(paid == 7 && said.contains("Your money is being returned"), "{paid}: {said}");
            for part in ["exit code 5", "exit code 4", "\"probed\"", "PAID", "is PENDING."] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    });
}

/// zsh at a prompt takes `#` and what follows for words of the command, and an apostrophe among them for a quote. Meant to notice: a
/// command with its explanation behind it.
#[test]
fn no_command_has_a_comment() {
    let mut all = BTreeMap::new();
    files(&root(), &mut all);
    for (path, text) in all {
        for line in blocks(&text).iter().flat_map(|block| block.lines()) {
            assert!(!line.starts_with('#') && !line.contains(" #"), "{}: {line}", path.display());
        }
    }
}
