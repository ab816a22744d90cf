//! PostgreSQL, on which the backend is tested (`backend/tests/postgres`).

use std::fs;

/// Debian has each version's programs in a folder of its own here, out of the way of `PATH`.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Debian's package, if it is not there.
pub(crate) fn missing_package() -> Option<&'static str> {
    let mut versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    (!versions.any(|version| version.path().join("bin/postgres").exists())).then_some("postgresql")
}
