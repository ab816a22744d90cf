//! Where the gateway is, who we are to it, and what we say about this device.

use core::fmt;

use super::super::model::{ClientId, Environment, InvalidValue, Reason, Secret, Text};

/// Where calls go: host, port, base path and who we are there. A transport is bound to one.
#[derive(Clone, Debug)]
pub struct Endpoint {
    host: Text<128>,
    port: u16,
    base_path: Text<64>,
    auth: Auth,
}

/// Who we are to an endpoint.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Auth {
    /// Nobody: Order Pay and OTP need only a session id. What a kiosk uses towards the gateway.
    #[default]
    Session,
    /// The merchant: for a desktop or a backend. Never on a device in a shop.
    Merchant {
        /// `x-client-id`
        client_id: ClientId,
        /// `x-client-secret`
        client_secret: Secret<128>,
    },
    /// A token for the merchant's own backend.
    Bearer(BearerToken),
}

/// `Authorization: Bearer …` (RFC 6750, section 2.1).
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BearerToken(Secret<263>);

/// The `x-client-*` headers: what NPCI's rules want to know about the device. Documented as required on Order Pay of
/// `2026-01-01`, optional in its specification, used with older versions too: so optional here, whatever the version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct ClientHints {
    /// `x-client-device`
    pub device: Option<ClientDevice>,
    /// `x-client-os`
    pub os: Option<ClientOs>,
    /// `x-client-rendering-type`, for mobiles
    pub rendering: Option<ClientRendering>,
    /// `x-client-browser`
    pub browser: Option<ClientBrowser>,
}

macro_rules! hint {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum $name { $($(#[$word_doc])* $variant,)* }

        impl $name {
            /// The header's value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What the header's value stands for; `None` if it is not one of these.
            pub fn parse(value: &str) -> Option<Self> {
                match value { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

hint!(
    /// The kind of device.
    ClientDevice {
        /// A phone.
        Mobile = "mobile",
        /// A desktop, or a kiosk without a touch system of its own.
        Desktop = "desktop",
        /// A tablet.
        Tablet = "tablet",
    }
);
hint!(
    /// Its operating system.
    ClientOs {
        /// Android
        Android = "android",
        /// iOS
        Ios = "ios",
        /// Windows
        Windows = "windows",
        /// macOS
        Macos = "macos",
        /// Linux
        Linux = "linux",
        /// Any other, or none.
        Others = "others",
    }
);
hint!(
    /// How pages are shown on a mobile.
    ClientRendering {
        /// Mobile web.
        Mweb = "mweb",
        /// A web view in an app.
        Webview = "webview",
        /// No page at all.
        Native = "native",
    }
);
hint!(
    /// Its browser.
    ClientBrowser {
        /// Safari
        Safari = "safari",
        /// Chrome
        Chrome = "chrome",
        /// Firefox
        Firefox = "firefox",
        /// Edge
        Edge = "edge",
        /// Any other, or none.
        Others = "others",
    }
);

impl Endpoint {
    /// The gateway's own.
    pub fn gateway(environment: Environment, auth: Auth) -> Self {
        Self { host: Text::cut(environment.host()), port: 443, base_path: Text::cut("/pg"), auth }
    }

    /// From an address: `https://host[:port][/base/path]`, a DNS name or an IPv4 address. Plain `http` is refused.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `url`.
    pub fn parse(url: &str, auth: Auth) -> Result<Self, InvalidValue> {
        const FORM: InvalidValue = InvalidValue::new("url", Reason::Form);
        let rest = url.strip_prefix("https://").ok_or(FORM)?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let path = path.trim_end_matches('/');
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port.parse().map_err(|_| FORM)?),
            Some(_) => return Err(FORM),
            None => (authority, 443),
        };
        let host_ok = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        let path_ok = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
        if !host_ok || !path_ok || port == 0 {
            return Err(FORM);
        }
        Ok(Self { host: Text::parse("url", host)?, port, base_path: Text::parse("url", path)?, auth })
    }

    /// The host: for DNS, for the certificate and for the `Host` header.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What stands before every path: `/pg` at the gateway; may be empty.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Who we are there.
    pub const fn auth(&self) -> &Auth {
        &self.auth
    }
}

impl Auth {
    /// The merchant's keys; the secret is 1 to 128 visible ASCII characters (no length is published).
    ///
    /// # Errors
    /// [`InvalidValue`] naming the header.
    pub fn merchant(client_id: &str, client_secret: &str) -> Result<Self, InvalidValue> {
        let field = "x-client-secret";
        super::super::model::text::check(field, client_secret, 1..=128, super::super::model::text::is_visible)?;
        Ok(Self::Merchant {
            client_id: ClientId::parse(client_id)?,
            client_secret: Secret::parse(field, client_secret)?,
        })
    }

    /// A token for the merchant's backend, 1 to 256 visible ASCII characters.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the header.
    pub fn bearer(token: &str) -> Result<Self, InvalidValue> {
        let field = "authorization";
        super::super::model::text::check(field, token, 1..=256, super::super::model::text::is_visible)?;
        let mut value = zeroize::Zeroizing::new([0_u8; 263]);
        for (to, from) in value.iter_mut().zip(b"Bearer ".iter().chain(token.as_bytes())) {
            *to = *from;
        }
        let value = value.get(..token.len() + 7).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("");
        Ok(Self::Bearer(BearerToken(Secret::parse(field, value)?)))
    }

    /// Whether the page's promise of idempotency covers calls made so.
    pub const fn has_keys(&self) -> bool {
        matches!(self, Self::Merchant { .. })
    }
}

impl BearerToken {
    pub(super) fn header(&self) -> &str {
        self.0.expose()
    }
}

impl ClientHints {
    /// What a kiosk without an operating system is closest to: `desktop`, `others`, `others`.
    pub const fn kiosk() -> Self {
        Self {
            device: Some(ClientDevice::Desktop),
            os: Some(ClientOs::Others),
            rendering: None,
            browser: Some(ClientBrowser::Others),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}:{}{}", self.host, self.port, self.base_path)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    #[test]
    fn endpoints_are_https_and_plain() {
        let endpoint = Endpoint::parse("https://127.0.0.1:8443/pg/", Auth::Session).unwrap();
        assert_eq!((endpoint.host(), endpoint.port(), endpoint.base_path()), ("127.0.0.1", 8443, "/pg"));
        assert_eq!(Endpoint::parse("https://api.example", Auth::Session).unwrap().port(), 443);
        for url in [
            "http://a.b/pg",
            "https://",
            "https://u@a.b/",
            "https://a.b:x/",
            "https://a.b:0/",
            "https://a.b:70000/",
            "https://a.b/?q",
            "https://a.b/\r\nx: y",
            "a.b",
        ] {
            assert!(Endpoint::parse(url, Auth::Session).is_err(), "{url}");
        }
    }

    // Mutant: deriving Debug on a struct with `Text` in place of `Secret` prints the token.
    #[test]
    fn credentials_are_not_printed() {
        for auth in [Auth::merchant("id", "hunter2hunter2").unwrap(), Auth::bearer("hunter2hunter2").unwrap()] {
            assert!(!format!("{:?}", Endpoint::parse("https://a.b", auth).unwrap()).contains("hunter2"));
        }
        assert!(Auth::merchant("id", "a\r\nb").is_err());
        assert!(Auth::bearer("a b").is_err());
    }
}
