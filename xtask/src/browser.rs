//! Chromium, in which the backend's page is tested (`backend/tests/browser`).

use std::path::Path;

/// A program of each, and Debian's package.
const PROGRAMS: [(&str, &str); 2] = [("/usr/bin/chromium", "chromium"), ("/usr/bin/chromedriver", "chromium-driver")];

/// The packages that are not there.
pub(crate) fn missing_packages() -> Vec<&'static str> {
    PROGRAMS.into_iter().filter(|(file, _)| !Path::new(file).exists()).map(|(_, package)| package).collect()
}
