//! The settings of the page for people.

use core::net::SocketAddr;

use hyper::header::HeaderName;

/// The page for people.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct PageConfig {
    /// Where to listen. A loopback address serves plain HTTP, for a browser or a reverse proxy on this machine. Any other address serves
    /// TLS and needs [`Config::certificate`](crate::Config::certificate).
    pub listen: SocketAddr,
    /// The page's origin as browsers know it, such as `https://desk.example`: requests for another host are refused. `None`: any host is
    /// accepted.
    pub origin: Option<String>,
    /// The request header in which a reverse proxy names the signed-in person, in place of a password here. It needs a loopback address and
    /// [`PageConfig::origin`]: a caller that reaches the address directly can give any name.
    pub person_header: Option<String>,
}

impl PageConfig {
    /// A page with passwords, for any host.
    #[must_use]
    pub const fn new(listen: SocketAddr) -> Self {
        Self { listen, origin: None, person_header: None }
    }

    pub(crate) fn check(&self, has_certificate: bool) -> Result<Rules, &'static str> {
        let is_loopback = self.listen.ip().is_loopback();
        if !is_loopback && !has_certificate {
            return Err("without a certificate of its own it listens on loopback addresses only");
        }
        let host = match &self.origin {
            Some(origin) => Some(host_of(origin).ok_or(
                "its origin must be https://host or http://host, with a port if need be and nothing behind it",
            )?),
            None => None,
        };
        let header = match &self.person_header {
            Some(_) if !is_loopback => {
                return Err("a proxy's header is taken on a loopback address only");
            }
            Some(_) if host.is_none() => return Err("a proxy's header needs the page's origin"),
            Some(name) => Some(name.parse().map_err(|_| "the header's name is none")?),
            None => None,
        };
        Ok(Rules { is_tls: !is_loopback, origin: self.origin.clone(), host, person_header: header })
    }
}

/// The checked form of the settings.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) is_tls: bool,
    pub(crate) origin: Option<String>,
    /// The host of the origin, as browsers send it.
    pub(crate) host: Option<String>,
    pub(crate) person_header: Option<HeaderName>,
}

impl Rules {
    /// The URL for browsers.
    pub(crate) fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        self.origin.clone().unwrap_or_else(|| format!("{scheme}://{address}"))
    }

    /// Whether browsers connect with TLS, here or at a proxy.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_tls || self.origin.as_ref().is_some_and(|origin| origin.starts_with("https://"))
    }
}

/// The host of an origin.
fn host_of(origin: &str) -> Option<String> {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then(|| host.to_owned())
}
