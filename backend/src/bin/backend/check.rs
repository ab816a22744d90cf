//! `backend check`.

use std::path::Path;

use backend::{Finding, check};
use zeroize::Zeroizing;

use crate::options::Serve;
use crate::{KeyFile, config, keys};

/// Checks these options and prints the findings.
pub(crate) fn of(options: &Serve) -> Vec<Finding> {
    let mut found = Vec::new();
    let secrets =
        [&options.keys, &options.key].into_iter().flatten().chain(options.account.iter().map(|(_, path)| path));
    for path in secrets {
        found.extend(is_open(path).then(|| {
            Finding::note(format!("{}: others on this machine may read this secret (chmod 600)", path.display()))
        }));
    }
    let keys = keys(options.keys.as_deref()).unwrap_or_else(|error| {
        found.push(Finding::wrong(format!("{error:#}")));
        // So that the other options can be checked.
        let client_secret = Zeroizing::new("missing".to_owned());
        KeyFile { client_id: "missing".to_owned(), client_secret, client_secret_before: None, limits_times: None }
    });
    match config(options, &keys) {
        Ok(config) => found.extend(check(&config)),
        Err(error) => found.push(Finding::wrong(format!("{error:#}"))),
    }
    found
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}
