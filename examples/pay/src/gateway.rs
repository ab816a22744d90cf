//! Where the gateway is, whom to trust, who we are.

use core::net::IpAddr;
use std::env;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use pay_core::drive::Routes;
use pay_core::model::{ApiVersion, Environment};
use pay_core::sale::{Policy, Refunds};
use pay_core::till::Terms;
use pay_core::wire::{Auth, ClientBrowser, ClientHints, ClientOs, Endpoint};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use transport_std::{Config, HttpsTransport, Roots};
use zeroize::Zeroize;

use super::cli::{Selling, Talk, To};
use super::input;

const CLIENT_ID: &str = "CASHFREE_CLIENT_ID";
const CLIENT_SECRET: &str = "CASHFREE_CLIENT_SECRET";
const DEVICE_TOKEN: &str = "CASHFREE_DEVICE_TOKEN";

const SANDBOX: &str = "https://sandbox.cashfree.com/pg";

/// An order that an earlier call left open can be paid for so long after it is taken up.
const ABANDONED_MS: u32 = 60_000;

/// Both ends of the wire, as the options say.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) pay: Endpoint,
    /// The backend, where there is one; it answers for orders instead of the gateway.
    pub(super) ask: Option<Endpoint>,
    /// It sends payments on, too.
    is_relayed: bool,
    config: Config,
    pub(super) version: ApiVersion,
    pub(super) timeout_ms: u32,
    ask_ms: Option<u32>,
    settle_ms: Option<u32>,
}

#[derive(Deserialize)]
struct KeyFile {
    client_id: String,
    client_secret: String,
}

impl Gateway {
    /// For a sale.
    pub(super) fn for_sales(selling: &Selling) -> anyhow::Result<Self> {
        let gateway = Self { ask_ms: selling.pace.ask_ms, settle_ms: selling.pace.settle_ms, ..Self::to(&selling.to)? };
        let hasty = gateway.settle_ms.is_some_and(|ms| ms < Policy::with_ask().settle_ms);
        if hasty && !gateway.is_loopback() {
            bail!("--settle-ms: less than the default is for a gateway on this machine only")
        }
        Ok(gateway)
    }

    /// For single calls.
    pub(super) fn to(to: &To) -> anyhow::Result<Self> {
        let ask = match &to.status_url {
            None => None,
            Some(url) => {
                let token = device_token(to)?.with_context(|| {
                    format!("--status-url needs a device token: set {DEVICE_TOKEN} or give --token-file")
                })?;
                Some(endpoint("--status-url", url, token)?)
            }
        };
        let auth = merchant(to)?.unwrap_or(Auth::Session);
        let is_relayed = ask.is_some() && to.gateway.is_none();
        let pay = match &ask {
            Some(backend) if is_relayed => backend.clone(),
            _ => endpoint("--gateway", to.gateway.as_deref().unwrap_or(SANDBOX), auth)?,
        };
        let config = match &to.ca {
            None => Config::new(),
            Some(path) => {
                let own = certificates(path)?;
                let roots = Roots::from_der(own.iter().map(|certificate| certificate.as_ref()));
                Config::new().with_roots(roots.with_context(|| unusable(path))?)
            }
        };
        Ok(Self {
            pay,
            ask,
            is_relayed,
            config,
            version: to.talk.api_version,
            timeout_ms: to.talk.timeout.saturating_mul(1_000),
            ask_ms: None,
            settle_ms: None,
        })
    }

    /// To a sandbox inside this program.
    pub(super) fn to_sandbox(server: &sandbox::Server, talk: &Talk) -> anyhow::Result<Self> {
        let auth = Auth::merchant(server.client_id(), server.client_secret())?;
        let config = Config::new().with_roots(Roots::from_der([server.ca_der()])?);
        Ok(Self {
            pay: Endpoint::parse(server.url(), auth)?,
            ask: None,
            is_relayed: false,
            config,
            version: talk.api_version,
            timeout_ms: talk.timeout.saturating_mul(1_000),
            ask_ms: None,
            settle_ms: None,
        })
    }

    /// On this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.pay.host();
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// No money is there: fields may have test values.
    pub(super) fn is_test(&self) -> bool {
        self.is_loopback() || self.pay.host() == Environment::Sandbox.host()
    }

    /// Where the money is.
    pub(super) fn environment(&self) -> Environment {
        if self.is_test() { Environment::Sandbox } else { Environment::Production }
    }

    /// Somebody answers for orders.
    pub(super) fn can_ask(&self) -> bool {
        self.ask.is_some() || self.pay.auth().has_keys()
    }

    /// For calls that only the merchant, or a backend for its tills, can make.
    pub(super) fn need_keys(&self) -> anyhow::Result<()> {
        if self.can_ask() {
            return Ok(());
        }
        bail!("this needs merchant keys: set {CLIENT_ID} and {CLIENT_SECRET}, or give --keys or --status-url")
    }

    pub(super) fn pay_transport(&self) -> anyhow::Result<HttpsTransport> {
        self.transport(&self.pay)
    }

    pub(super) fn ask_transport(&self) -> anyhow::Result<HttpsTransport> {
        self.transport(self.ask.as_ref().unwrap_or(&self.pay))
    }

    /// To both, as a till takes them.
    pub(super) fn routes(&self) -> anyhow::Result<Routes<HttpsTransport, HttpsTransport>> {
        let pay = self.pay_transport()?;
        Ok(if self.ask.is_none() || self.is_relayed {
            Routes::Same(pay)
        } else {
            Routes::two(pay, self.ask_transport()?)
        })
    }

    fn transport(&self, endpoint: &Endpoint) -> anyhow::Result<HttpsTransport> {
        Ok(HttpsTransport::new(endpoint.clone(), self.config.clone())?)
    }

    /// What its tills go by.
    pub(super) fn terms(&self) -> Terms {
        let mut policy = if self.can_ask() { Policy::with_ask() } else { Policy::session_only() };
        // Waiting ends before it, so that the order stays open for whoever asks later.
        policy.deadline_ms = self.timeout_ms.saturating_add(60_000);
        policy.exchange_ms = self.exchange_ms();
        // A thread that blocks sees neither the clock nor a wish meanwhile.
        policy.wait_s = 2;
        if self.is_loopback() {
            // Nobody's limits are spent.
            policy.ask_ms = 200;
        }
        if let Some(ms) = self.ask_ms {
            policy.ask_ms = ms;
            policy.ask_max_ms = policy.ask_max_ms.min(ms.saturating_mul(20));
        }
        policy.settle_ms = self.settle_ms.unwrap_or(policy.settle_ms);
        policy.refunds = match (&self.ask, self.pay.auth().has_keys()) {
            (Some(_), _) => Refunds::ByBackend,
            (None, true) => Refunds::ByKeys,
            (None, false) => Refunds::ByCaller,
        };
        let mut terms = Terms::new(self.environment(), policy);
        terms.api_version = self.version;
        terms.client = Some(hints());
        terms.linger_ms = self.timeout_ms;
        terms.abandoned_ms = ABANDONED_MS;
        terms
    }

    /// The limit of one exchange: no longer than anybody waits, but long enough for a slow bank.
    pub(super) fn exchange_ms(&self) -> u32 {
        self.timeout_ms.clamp(5_000, 20_000)
    }

    /// How long to go on where nothing can be sent at all.
    pub(super) fn patience_ms(&self) -> u32 {
        self.timeout_ms.min(if self.is_loopback() { 3_000 } else { 20_000 })
    }
}

fn endpoint(option: &str, url: &str, auth: Auth) -> anyhow::Result<Endpoint> {
    Endpoint::parse(url, auth).map_err(|_| anyhow!("{option} must be https://host, with a port and a path if need be"))
}

/// The certificates in a file, PEM or DER.
pub(super) fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let bytes = input::whole(path)?;
    // DER is no text, and text is PEM, in whatever encoding.
    let pem = input::decoded(&bytes).filter(|text| text.contains("-----BEGIN "));
    match &pem {
        Some(text) => {
            let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
            list.map_err(|_| anyhow!(unusable(path)))
        }
        None => Ok(vec![CertificateDer::from(bytes.to_vec())]),
    }
}

fn unusable(path: &Path) -> String {
    format!("{} holds no usable certificate", input::name(path))
}

/// What this machine tells of itself.
pub(super) fn hints() -> ClientHints {
    let mut hints = ClientHints::kiosk();
    hints.os = Some(match env::consts::OS {
        "linux" => ClientOs::Linux,
        "macos" => ClientOs::Macos,
        "windows" => ClientOs::Windows,
        _ => ClientOs::Others,
    });
    hints.browser = Some(ClientBrowser::Others);
    hints
}

fn merchant(to: &To) -> anyhow::Result<Option<Auth>> {
    if let Some(path) = &to.keys {
        let text = input::text(path)?;
        // serde_json would say what it found there.
        let mut keys: KeyFile = serde_json::from_str(&text)
            .map_err(|_| anyhow!("{} is not a JSON object with client_id and client_secret", input::name(path)))?;
        let auth = Auth::merchant(&keys.client_id, &keys.client_secret);
        keys.client_secret.zeroize();
        return Ok(Some(auth?));
    }
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    match (set(CLIENT_ID), set(CLIENT_SECRET)) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => Ok(Some(Auth::merchant(&id, &secret)?)),
        _ => bail!("{CLIENT_ID} and {CLIENT_SECRET} must both be set, or neither"),
    }
}

fn device_token(to: &To) -> anyhow::Result<Option<Auth>> {
    if let Some(path) = &to.token_file {
        return Ok(Some(Auth::bearer(input::text(path)?.trim())?));
    }
    match env::var(DEVICE_TOKEN) {
        Ok(token) if !token.is_empty() => Ok(Some(Auth::bearer(&token)?)),
        _ => Ok(None),
    }
}
