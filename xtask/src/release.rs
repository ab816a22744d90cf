//! `cargo xtask release`: everything that must hold before the crates are published, in the order of their dependencies.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::command::{cargo, output, run as run_command, skip, succeeds};
use crate::lint;
use crate::machine::Machine;
use crate::workspace::{self, PUBLISHED};

/// What is shipped and not published, its manifest, and the machine of the emulator it is for, if any; each gets a bill of materials.
const SHIPPED: [(&str, &str, Option<Machine>); 2] =
    [("backend", "backend/Cargo.toml", None), ("firmware", "examples/firmware/Cargo.toml", Some(Machine::An386))];

/// What it runs, and the package of each.
const TOOLS: [(&str, &str); 3] =
    [("deny", "cargo-deny"), ("semver-checks", "cargo-semver-checks"), ("cyclonedx", "cargo-cyclonedx")];

/// Runs all checks; the first that finds something ends it.
pub(crate) fn run() -> Result<()> {
    let last = last()?;
    tools(last.is_some(), |tool| succeeds(&mut cargo([tool, "--version"])))?;
    metadata()?;
    lint::dependencies()?;
    lint::each_feature()?;
    semver(last.as_deref())?;
    package()?;
    bills()?;
    println!("release: all checks passed; publish in this order: {}", PUBLISHED.join(", "));
    if let Some(missing) = without_address(&workspace::packages()?) {
        println!("!!! BEFORE YOU PUBLISH: {missing}");
    }
    Ok(())
}

/// What to write where, if manifests name no repository: nobody but the publisher knows its address.
fn without_address(packages: &[Value]) -> Option<String> {
    let has_none = |name: &&str| {
        packages
            .iter()
            .any(|package| package["name"] == **name && package["repository"].as_str().is_none_or(str::is_empty))
    };
    let missing: Vec<_> = PUBLISHED.into_iter().filter(has_none).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "no repository is named in the manifests of {}. Write the public address of this repository as `repository = \"https://...\"` below [workspace.package] in Cargo.toml, and `repository.workspace = true` below [package] in each of these",
            missing.join(", ")
        )
    })
}

/// A release is not checked by half: all tools that are needed are there, or nothing is checked.
fn tools(was_released: bool, is_there: impl Fn(&str) -> bool) -> Result<()> {
    let needed = TOOLS.into_iter().filter(|(tool, _)| was_released || *tool != "semver-checks");
    let missing: Vec<_> = needed.filter(|(tool, _)| !is_there(tool)).map(|(_, package)| package).collect();
    ensure!(missing.is_empty(), "tools are missing; this installs them: cargo install --locked {}", missing.join(" "));
    Ok(())
}

/// What a registry shows of a crate.
fn metadata() -> Result<()> {
    let packages = workspace::packages()?;
    for name in PUBLISHED {
        let package = packages.iter().find(|package| package["name"] == name);
        check(name, package.with_context(|| format!("the workspace has no package {name}"))?)?;
    }
    Ok(())
}

fn check(name: &str, package: &Value) -> Result<()> {
    // An empty list says that it may be published nowhere.
    ensure!(package["publish"].is_null(), "{name}: publish is off");
    for field in ["description", "license", "rust_version", "readme"] {
        ensure!(package[field].as_str().is_some_and(|text| !text.is_empty()), "{name}: no {field}");
    }
    for field in ["keywords", "categories"] {
        let count = package[field].as_array().map_or(0, Vec::len);
        ensure!((1..=5).contains(&count), "{name}: {count} {field}, not 1 to 5");
    }
    let docs = &package["metadata"]["docs"]["rs"];
    ensure!(
        docs["all-features"] == true || docs["features"].is_array(),
        "{name}: package.metadata.docs.rs names no features: docs.rs would show the default ones only"
    );
    let folder = workspace::root().join(name);
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        let text = fs::read_to_string(folder.join(file)).with_context(|| format!("{name}/{file}"))?;
        ensure!(text.len() > 200, "{name}/{file} is no such text");
    }
    // A path alone cannot be published.
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let is_published = dependency["kind"].is_null() && dependency["path"].is_string();
        if is_published && dependency["req"] == "*" {
            bail!("{name}: the dependency {} has no version", dependency["name"]);
        }
    }
    Ok(())
}

/// The tag `v…` of the last release, if there was one.
fn last() -> Result<Option<String>> {
    let words = ["tag", "--list", "v*", "--sort=-v:refname"];
    let tags = output(std::process::Command::new("git").current_dir(workspace::root()).args(words))?;
    Ok(tags.lines().next().map(str::to_owned))
}

/// Against the last release.
fn semver(last: Option<&str>) -> Result<()> {
    let Some(last) = last else {
        skip("cargo semver-checks", "there is no release to compare with (no tag v*)");
        return Ok(());
    };
    let mut command = cargo(["semver-checks", "--baseline-rev", last]);
    for name in PUBLISHED {
        command.args(["-p", name]);
    }
    run_command(&mut command)
}

/// Packed, and each built from its packed files, with the packed files of those before it.
fn package() -> Result<()> {
    let mut command = cargo(["package", "--locked"]);
    for name in PUBLISHED {
        command.args(["-p", name]);
    }
    run_command(&mut command)
}

/// What is in what is shipped, for whoever has to know (CycloneDX), in `target/bom`.
fn bills() -> Result<()> {
    // The tool writes one beside the manifest of each member of the workspace, and nowhere else.
    const NAME: &str = "bill-of-materials";
    let bills = workspace::target("bom");
    fs::create_dir_all(&bills)?;
    for (name, manifest, machine) in SHIPPED {
        let words = ["cyclonedx", "--format", "json", "--spec-version", "1.5", "--override-filename", NAME];
        let mut command = cargo(words);
        run_command(
            command
                .args(["--manifest-path", manifest])
                .args(machine.map(|machine| ["--target", machine.target()]).iter().flatten()),
        )?;
        let bill = bills.join(format!("{name}.cdx.json"));
        for package in workspace::packages_of(manifest)? {
            let folder =
                Path::new(package["manifest_path"].as_str().context("cargo metadata: no path")?).with_file_name("");
            let written = folder.join(format!("{NAME}.json"));
            if package["name"] == name {
                fs::rename(&written, &bill).with_context(|| format!("{} is missing", written.display()))?;
            } else if written.exists() {
                fs::remove_file(written)?;
            }
        }
        println!("{}: {} components", bill.display(), components(&bill)?);
    }
    Ok(())
}

/// A bill without them is none.
fn components(bill: &Path) -> Result<usize> {
    let bill: Value = serde_json::from_str(&fs::read_to_string(bill)?)?;
    let count = bill["components"].as_array().map_or(0, Vec::len);
    ensure!(bill["bomFormat"] == "CycloneDX" && count > 10, "a bill of materials with {count} components");
    Ok(count)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Meant to notice: a release that is checked without one of its tools.
    #[test]
    fn what_is_missing_is_named_with_what_installs_it() {
        tools(false, |tool| tool != "semver-checks").unwrap();
        let error = tools(true, |tool| tool == "deny").unwrap_err().to_string();
        assert!(error.ends_with("cargo install --locked cargo-semver-checks cargo-cyclonedx"), "{error}");
    }

    /// Meant to notice: an address that is missing and not asked for; one that is there and asked for.
    #[test]
    fn a_repository_that_is_not_named_is_asked_for() {
        let with = |address: Value| PUBLISHED.map(|name| json!({"name": name, "repository": address}));
        assert_eq!(without_address(&with(json!("https://forge.example/order-pay"))), None);
        for address in [json!(null), json!("")] {
            let text = without_address(&with(address)).unwrap();
            assert!(text.contains("pay-core, transport-std, transport-embassy, sandbox. Write"), "{text}");
        }
        let mut packages = with(json!("https://forge.example/order-pay"));
        packages[3]["repository"] = json!(null);
        assert!(
            without_address(&packages).unwrap().starts_with("no repository is named in the manifests of sandbox. ")
        );
    }

    /// Every package that is published is in order, and each thing that may be missing is found.
    #[test]
    fn what_a_registry_shows_is_there() {
        metadata().unwrap();
        let sound = workspace::packages().unwrap().into_iter().find(|package| package["name"] == "sandbox").unwrap();
        for (field, value) in [
            ("publish", json!([])),
            ("description", json!(null)),
            ("license", json!("")),
            ("readme", json!(null)),
            ("keywords", json!([])),
            ("categories", json!(["1", "2", "3", "4", "5", "6"])),
            ("metadata", json!(null)),
            ("dependencies", json!([{"name": "books", "kind": null, "path": "/books", "req": "*"}])),
        ] {
            let mut package = sound.clone();
            package[field] = value;
            let error = check("sandbox", &package).unwrap_err().to_string();
            assert!(error.starts_with("sandbox: "), "{field}: {error}");
        }
        check("sandbox", &sound).unwrap();
        assert!(check("examples", &sound).is_err(), "no licence files there");
    }
}
