//! Where things are, and which packages and features there are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::{cargo, output};

/// The packages that are published, each behind those that it needs.
pub(crate) const PUBLISHED: [&str; 4] = ["pay-core", "transport-std", "transport-embassy", "sandbox"];

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The directory that builds write to, or a part of it that is kept apart for another compiler.
pub(crate) fn target(part: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    // Relative to where cargo was called, as cargo itself takes it.
    std::path::absolute(target.join(part)).unwrap_or(target)
}

/// The names of a package's features, "default" left out.
pub(crate) fn features(package: &str) -> Result<Vec<String>> {
    let found = packages()?.into_iter().find(|found| found["name"] == package);
    let found = found.with_context(|| format!("the workspace has no package {package}"))?;
    let features = found["features"].as_object().context("cargo metadata: no features")?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

/// Some package has a target of this kind ("bench", "example", ...).
pub(crate) fn has_target(kind: &str) -> Result<bool> {
    let targets =
        packages()?.into_iter().flat_map(|package| package["targets"].as_array().cloned().unwrap_or_default());
    Ok(targets.into_iter().any(|target| target["kind"][0] == kind))
}

/// What cargo knows of each package of the workspace.
pub(crate) fn packages() -> Result<Vec<Value>> {
    packages_of("Cargo.toml")
}

/// What cargo knows of each package of the workspace with this manifest.
pub(crate) fn packages_of(manifest: &str) -> Result<Vec<Value>> {
    let text = output(&mut cargo(["metadata", "--no-deps", "--format-version=1", "--manifest-path", manifest]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    metadata["packages"].as_array().cloned().context("cargo metadata: no packages")
}
