//! The TLS servers of others that the kiosk's TLS is tried against (`tests/tests/servers`).

use std::path::Path;

/// A file of each, and Debian's package.
const SERVERS: [(&str, &str); 6] = [
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/gnutls-serv", "gnutls-bin"),
    ("/usr/bin/selfserv", "libnss3-tools"),
    ("/usr/bin/go", "golang-go"),
    ("/usr/sbin/lighttpd", "lighttpd"),
    ("/usr/lib/lighttpd/mod_wolfssl.so", "lighttpd-mod-wolfssl"),
];

/// The packages that are not there.
pub(crate) fn missing_packages() -> Vec<&'static str> {
    SERVERS.into_iter().filter(|(file, _)| !Path::new(file).exists()).map(|(_, package)| package).collect()
}
