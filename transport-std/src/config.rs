//! How to connect to an endpoint, and which certificates to trust.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use core::{error, fmt};
use std::io;
use std::net::ToSocketAddrs;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Resolves a host and port; may block.
pub(super) type Lookup = Arc<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// How to connect to an endpoint: trust, addresses, how long an idle connection is kept.
#[derive(Clone)]
pub struct Config {
    pub(super) roots: Roots,
    pub(super) lookup: Lookup,
    pub(super) source: Option<IpAddr>,
    pub(super) keep_alive_max: Duration,
}

/// The root certificates that make a server trusted.
#[derive(Clone)]
pub struct Roots(Kind);

#[derive(Clone)]
enum Kind {
    Bundled,
    #[cfg(feature = "platform-verifier")]
    Platform,
    Own(RootCertStore),
}

/// Why a transport could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupError {
    /// The given roots have no certificate.
    NoCertificate,
    /// A root certificate cannot be read.
    BadCertificate,
    /// The endpoint's host is neither a DNS name nor an address.
    BadHost,
    /// The operating system's trust store is not available.
    NoPlatform,
}

impl Config {
    /// The bundled roots, the system's resolver, connections kept for 15 s of idle time.
    pub fn new() -> Self {
        Self {
            roots: Roots::bundled(),
            lookup: Arc::new(|host, port| Ok((host, port).to_socket_addrs()?.collect())),
            source: None,
            keep_alive_max: Duration::from_secs(15),
        }
    }

    /// Trusts these roots instead.
    #[must_use]
    pub fn with_roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// Connects to this address, whatever the resolver would say. The host's name is still what the certificate must be
    /// for. For tests, and for networks without DNS.
    #[must_use]
    pub fn with_address(self, address: SocketAddr) -> Self {
        self.with_resolver(move |_, _| Ok(vec![address]))
    }

    /// Resolves host and port with this function instead. It may block: it runs on its own thread, and the exchange
    /// still ends at its limit. It is called once per new connection, never twice at a time.
    #[must_use]
    pub fn with_resolver(
        mut self,
        resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        self.lookup = Arc::new(resolve);
        self
    }

    /// Connects from this address of the machine, for a gateway that counts calls by address. The operating system chooses the port. The
    /// host's addresses of the other family (IPv4, IPv6) fail. An address that the machine does not have fails at each exchange, with
    /// [`Problem::NoConnection`](crate::Problem::NoConnection).
    #[must_use]
    pub const fn with_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// How long an idle connection may be used again; zero opens a new one for every exchange. Keep it below the
    /// server's own limit: if the server closes while a request leaves, the outcome is unknown.
    #[must_use]
    pub const fn with_keep_alive_max(mut self, age: Duration) -> Self {
        self.keep_alive_max = age;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Roots {
    /// Mozilla's list as of this build. It needs nothing from the machine, and ages with the program.
    pub const fn bundled() -> Self {
        Self(Kind::Bundled)
    }

    /// The operating system's trust store.
    #[cfg(feature = "platform-verifier")]
    pub const fn platform() -> Self {
        Self(Kind::Platform)
    }

    /// Only these certificates, in PEM. Other sections are skipped.
    ///
    /// # Errors
    /// [`SetupError::NoCertificate`] and [`SetupError::BadCertificate`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, SetupError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        Self::own(certificates.map_err(|_| SetupError::BadCertificate)?)
    }

    /// Only these certificates, each in DER.
    ///
    /// # Errors
    /// [`SetupError::NoCertificate`] and [`SetupError::BadCertificate`].
    pub fn from_der<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, SetupError> {
        Self::own(certificates.into_iter().map(CertificateDer::from))
    }

    fn own<'a>(certificates: impl IntoIterator<Item = CertificateDer<'a>>) -> Result<Self, SetupError> {
        let mut store = RootCertStore::empty();
        for certificate in certificates {
            store.add(certificate).map_err(|_| SetupError::BadCertificate)?;
        }
        if store.is_empty() { Err(SetupError::NoCertificate) } else { Ok(Self(Kind::Own(store))) }
    }

    /// TLS 1.2 and 1.3 with these roots. Sessions are not resumed: a resumed one would not look at the certificate
    /// again.
    pub(super) fn into_tls(self) -> Result<Arc<ClientConfig>, SetupError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = builder(&provider)?;
        let mut config = match self.0 {
            Kind::Bundled => builder
                .with_root_certificates(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
                .with_no_client_auth(),
            Kind::Own(store) => builder.with_root_certificates(store).with_no_client_auth(),
            #[cfg(feature = "platform-verifier")]
            Kind::Platform => {
                let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(|_| SetupError::NoPlatform)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
            }
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, SetupError> {
    // It only fails for a provider without a suite for a version; ring has them.
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| SetupError::NoPlatform)
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("roots", &self.roots)
            .field("keep_alive_max", &self.keep_alive_max)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bundled => f.write_str("bundled"),
            #[cfg(feature = "platform-verifier")]
            Kind::Platform => f.write_str("platform"),
            Kind::Own(store) => write!(f, "{} of the caller", store.len()),
        }
    }
}

impl error::Error for SetupError {}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "no certificate was found in the roots",
            Self::BadCertificate => "a root certificate cannot be read",
            Self::BadHost => "the endpoint's host is neither a DNS name nor an address",
            Self::NoPlatform => "the operating system's trust is not available",
        })
    }
}
