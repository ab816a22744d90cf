//! Programs that cargo built.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A program that cargo built.
pub(crate) struct Built {
    /// The name of its target.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Of its package.
    pub(crate) directory: PathBuf,
    /// It is tests.
    pub(crate) test: bool,
}

/// The programs in cargo's messages.
pub(crate) fn executables(messages: &str) -> Vec<Built> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter(|message| message["reason"] == "compiler-artifact");
    built
        .filter_map(|artifact| {
            let path = artifact["executable"].as_str()?.into();
            let manifest = Path::new(artifact["manifest_path"].as_str()?);
            let name = artifact["target"]["name"].as_str()?.to_owned();
            let test = artifact["profile"]["test"] == true;
            Some(Built { name, path, directory: manifest.parent()?.to_owned(), test })
        })
        .collect()
}
