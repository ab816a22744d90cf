//! One request, one answer.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use pay_core::drive::transport::{ErrorType, blocking};
use pay_core::sale::Delivery;
use pay_core::wire::http1::SentIds;
use pay_core::wire::{Endpoint, Method, Request, ResponseHead};
use ureq::Agent;
use ureq::http::Request as HttpRequest;
use zeroize::Zeroizing;

use super::config::{Config, SetupError};
use super::connect::{ResolveLater, TlsConnector, server_name};
use super::error::{Error, Fault, Problem};
use super::progress::Progress;

const USER_AGENT: &str = concat!("pay-core-", env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// HTTPS to one endpoint, over one connection that is kept between exchanges.
pub struct HttpsTransport {
    endpoint: Endpoint,
    agent: Agent,
    progress: Arc<Progress>,
    sent: SentIds,
}

impl HttpsTransport {
    /// A transport to `endpoint`. Nothing is sent or looked up yet.
    ///
    /// # Errors
    /// [`SetupError::BadHost`], [`SetupError::NoPlatform`].
    pub fn new(endpoint: Endpoint, config: Config) -> Result<Self, SetupError> {
        let progress = Arc::new(Progress::new());
        let connector = TlsConnector {
            host: endpoint.host().to_owned(),
            port: endpoint.port(),
            name: server_name(endpoint.host()).ok_or(SetupError::BadHost)?,
            tls: config.roots.into_tls()?,
            lookup: config.lookup,
            source: config.source,
            progress: Arc::clone(&progress),
            pending: None.into(),
        };
        let client = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .user_agent(USER_AGENT)
            // Ours is among the headers that ureq does not see.
            .accept("")
            .accept_encoding("identity")
            .max_idle_connections(1)
            .max_idle_age(config.keep_alive_max)
            // No time-out of ureq's: every call that blocks is ours, and ends at the deadline in `progress`.
            .build();
        let agent = Agent::with_parts(client, connector, ResolveLater);
        Ok(Self { endpoint, agent, progress, sent: SentIds::new() })
    }

    fn run(&self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Fault> {
        self.progress.begin(Duration::from_millis(request.timeout_ms.into()), self.headers(request), rx.len());
        self.progress.remaining()?;
        self.send(request).map_err(|error| Fault::from_ureq(error, self.progress.phase()))?;
        let (head, body) = self.progress.take_answer().ok_or(Problem::Client)?;
        if self.sent.is_earlier(&request.request_id, &head) {
            return Err(Problem::EarlierAnswer.into());
        }
        rx.get_mut(..body.len()).ok_or(Problem::Client)?.copy_from_slice(&body);
        Ok(head)
    }

    /// Returns when the answer has been read and put by in [`Progress`].
    fn send(&self, request: &Request<'_>) -> Result<(), ureq::Error> {
        let http = HttpRequest::builder().method(request.call.method().as_str()).uri(self.url(request));
        match request.call.method() {
            // A GET with even an empty body would carry a length.
            Method::Get => self.agent.run(http.body(())?)?,
            _ => self.agent.run(http.body(request.body.expose())?)?,
        };
        Ok(())
    }

    fn url(&self, request: &Request<'_>) -> String {
        let (host, base) = (self.endpoint.host(), self.endpoint.base_path());
        match self.endpoint.port() {
            443 => format!("https://{host}{base}{}", request.call),
            port => format!("https://{host}:{port}{base}{}", request.call),
        }
    }

    /// Header lines for [`Progress`]: past ureq, which would keep copies and print them at its `trace` level.
    fn headers(&self, request: &Request<'_>) -> Zeroizing<Vec<u8>> {
        let pairs = || request.headers(self.endpoint.auth());
        // The exact size, so that no copy is left behind by growing.
        let size = pairs().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut lines = Zeroizing::new(Vec::with_capacity(size));
        for part in pairs().flat_map(|(name, value)| [name, ": ", value, "\r\n"]) {
            lines.extend_from_slice(part.as_bytes());
        }
        lines
    }
}

impl ErrorType for HttpsTransport {
    type Error = Error;
}

impl blocking::Transport for HttpsTransport {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn disconnect(&mut self) {
        self.progress.discard_kept();
    }

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Error> {
        let result = self.run(request, rx);
        self.sent.note(&request.request_id);
        result.map_err(|fault| {
            self.progress.discard_kept();
            let delivery = if self.progress.sent() { Delivery::Unknown } else { Delivery::NotSent };
            Error::new(fault, delivery)
        })
    }
}

impl fmt::Debug for HttpsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpsTransport to {}", self.endpoint)
    }
}
