//! HTTPS on loopback around the [`Gateway`], and at the same port plain HTTP for the shopper's pages.

use crate::gateway::outbox::{Hook, Webhook};
use crate::ground::http::{Request, Response};
use crate::ground::time::UnixMillis;
use crate::ground::wire::WireFault;
use crate::page::site;
use crate::server::body::Sent;
use crate::server::certificate;
use crate::server::certificate::Certificates;
use crate::server::faulty::Faulty;
use crate::server::hook::{self, HookError, Target};
use crate::stage::gateway::Gateway;
use crate::stage::rules::Rules;
use core::{
    convert::Infallible,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use http_body_util::{BodyExt, Limited};
use hyper::{
    body::Incoming,
    header::{HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::SystemTime,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime::Handle,
    sync::oneshot,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// Largest request body read: 64 KiB, far above any request of the API.
const BODY_MAX: usize = 64 * 1024;

/// The first byte of a TLS connection: a record of the type handshake (RFC 8446 section 5.1). No HTTP request begins with it.
const TLS_HANDSHAKE: u8 = 22;
/// A connection says so soon what it is for.
const BEGIN: Duration = Duration::from_secs(30);

/// How a [`Server`] starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen: loopback only. Port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// The gateway's rules.
    pub rules: Rules,
    /// Seed of the gateway's ids; random without it. Credentials and TLS keys are random always.
    pub seed: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), rules: Rules::default(), seed: None }
    }
}

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// The address is not a loopback address.
    NotLoopback,
    /// The address cannot be listened on, or no thread could be made.
    Io(io::Error),
    /// No certificate or no randomness.
    Certificate(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback => write!(f, "the sandbox listens on loopback addresses only"),
            Self::Io(error) => write!(f, "the sandbox cannot listen: {error}"),
            Self::Certificate(error) => write!(f, "the sandbox has no certificate: {error}"),
        }
    }
}

impl core::error::Error for StartError {}

/// A running sandbox; it stops, and its connections close, when this is dropped.
pub struct Server {
    url: String,
    ca_pem: String,
    ca_der: Vec<u8>,
    client_id: String,
    client_secret: String,
    shared: Arc<Shared>,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    gateway: Mutex<Gateway>,
    /// Milliseconds by which the sandbox's clock is ahead.
    ahead: AtomicU64,
    /// How often it was said where webhooks go: the last time counts.
    hooks: AtomicU64,
}

impl Server {
    /// Starts a sandbox in a thread of its own and returns when it listens.
    ///
    /// # Errors
    /// When the address is not loopback or is taken, or the system gives no randomness.
    pub fn start(config: Config) -> Result<Self, StartError> {
        if !config.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback);
        }
        let made = certificate::make(since_1970(), config.listen.ip())
            .map_err(|error| StartError::Certificate(error.to_string()))?;
        let (ca_pem, ca_der) = (made.ca_pem.clone(), made.ca_der.clone());
        let acceptor = acceptor(made).map_err(|error| StartError::Certificate(error.to_string()))?;
        let client_id = format!("TEST{}", random_hex()?);
        let client_secret = format!("cfsk_sandbox_{}", random_hex()?);
        let seed = match config.seed {
            Some(seed) => seed,
            None => u64::from_le_bytes(random()?),
        };

        let listener = std::net::TcpListener::bind(config.listen).map_err(StartError::Io)?;
        listener.set_nonblocking(true).map_err(StartError::Io)?;
        let address = listener.local_addr().map_err(StartError::Io)?;
        let url = format!("https://{address}/pg");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(StartError::Io)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener).map_err(StartError::Io)?
        };
        let gateway = Gateway::new(config.rules, &url, &client_id, &client_secret, seed);
        let shared =
            Arc::new(Shared { gateway: Mutex::new(gateway), ahead: AtomicU64::new(0), hooks: AtomicU64::new(0) });
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(listener, acceptor, serving) => {}
                        _ = stopped => {}
                    }
                });
                runtime.shutdown_background();
            })
            .map_err(StartError::Io)?;
        let (stop, thread) = (Some(stop), Some(thread));
        Ok(Self { url, ca_pem, ca_der, client_id, client_secret, shared, runtime: handle, stop, thread })
    }

    /// `https://127.0.0.1:PORT/pg`
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `http://127.0.0.1:PORT/`: what waits for the shopper, for a browser. There a person approves, declines or leaves by hand. The pages
    /// are at the gateway's own address, too, for browsers that trust its certificate.
    #[must_use]
    pub fn page_url(&self) -> String {
        let address = self.url.trim_start_matches("https://").trim_end_matches("/pg");
        format!("http://{address}/")
    }

    /// The certificate authority to trust, as PEM text.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The same certificate as DER bytes.
    #[must_use]
    pub fn ca_der(&self) -> &[u8] {
        &self.ca_der
    }

    /// `x-client-id` of the one merchant.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// `x-client-secret` of the one merchant.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The books as of now. Requests wait while this is held.
    pub fn gateway(&self) -> MutexGuard<'_, Gateway> {
        let mut gateway = self.shared.lock();
        gateway.advance(self.shared.now());
        gateway
    }

    /// Sends webhooks from now on to this URL on loopback (`http://127.0.0.1:PORT/PATH`), signed with the client secret, in place
    /// of where they went before. See [`Gateway::webhooks`]; a call has 10 s, and its repeats go by the sandbox's clock.
    ///
    /// # Errors
    /// [`HookError`].
    pub fn send_webhooks(&self, url: &str, hook: Hook) -> Result<(), HookError> {
        let target = Target::parse(url)?;
        let mut gateway = self.gateway();
        gateway.set_hook(Some(hook));
        let place = self.shared.hooks.fetch_add(1, Ordering::SeqCst) + 1;
        drop(gateway);
        let (due, taken) = (Arc::clone(&self.shared), Arc::clone(&self.shared));
        let due = move || due.webhooks(place);
        self.runtime.spawn(hook::tell(target, due, move |number| taken.lock().webhook_taken(number)));
        Ok(())
    }

    /// What the sandbox's clock shows, without what scenarios add to it.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.shared.now()
    }

    /// Moves the sandbox's clock forward, so that a test need not wait for an expiry.
    pub fn skip(&self, time: Duration) {
        self.shared.ahead.fetch_add(millis(time), Ordering::SeqCst);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Without the client secret.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.url)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Gateway> {
        self.gateway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> UnixMillis {
        millis(since_1970()) + self.ahead.load(Ordering::SeqCst)
    }

    /// What is due; `None` once webhooks go elsewhere.
    fn webhooks(&self, place: u64) -> Option<Vec<Webhook>> {
        let mut gateway = self.lock();
        (self.hooks.load(Ordering::SeqCst) == place).then(|| gateway.webhooks(self.now()))
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: let some close first.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Small answers must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let mut first = [0];
            match timeout(BEGIN, stream.peek(&mut first)).await.unwrap_or(Ok(0)) {
                Ok(1) if first[0] == TLS_HANDSHAKE => {
                    let Ok(Ok(stream)) = timeout(BEGIN, acceptor.accept(stream)).await else { return };
                    let (stream, fault) = Faulty::new(stream);
                    serve(stream, move |request| answer(request, Arc::clone(&shared), Some(Arc::clone(&fault)))).await;
                }
                Ok(1) => serve(stream, move |request| answer(request, Arc::clone(&shared), None)).await,
                _ => {}
            }
        });
    }
}

async fn serve<S, F>(stream: S, answer: impl Fn(hyper::Request<Incoming>) -> F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Result<hyper::Response<Sent>, Infallible>>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(true)
        // The gateway's answers have one, by the sandbox's clock.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    // A client that goes away is its own business.
    let _ = connection.await;
}

/// With `fault` over TLS, where the API is and the pages are; without it there are only the pages.
async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
    fault: Option<Arc<Mutex<Option<WireFault>>>>,
) -> Result<hyper::Response<Sent>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        return Ok(status(413));
    };
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().filter_map(header).collect(),
        body: body.to_bytes().to_vec(),
    };
    let now = shared.now();
    let fault = fault.filter(|_| !site::has(&request.path));
    let (response, chunked) = {
        let mut gateway = shared.lock();
        match &fault {
            Some(_) => (gateway.handle(&request, now), gateway.rules_mut().habits.chunked),
            None => (site::answer(&mut gateway, &request, now), false),
        }
    };
    if let Some(fault) = fault {
        *fault.lock().unwrap_or_else(PoisonError::into_inner) = response.fault;
    }
    Ok(to_hyper(response, chunked).unwrap_or_else(|_| status(500)))
}

/// A header, unless its value is not plain ASCII: such a one could not be echoed.
fn header((name, value): (&HeaderName, &HeaderValue)) -> Option<(String, String)> {
    Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
}

fn to_hyper(response: Response, chunked: bool) -> Result<hyper::Response<Sent>, hyper::http::Error> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in response.headers {
        builder = builder.header(name, value);
    }
    builder.body(Sent::new(response.body, chunked))
}

fn status(status: u16) -> hyper::Response<Sent> {
    let mut response = hyper::Response::new(Sent::new(Vec::new(), false));
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    response
}

fn acceptor(made: Certificates) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(made.chain, made.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn random<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StartError::Certificate(error.to_string()))?;
    Ok(bytes)
}

fn random_hex() -> Result<String, StartError> {
    Ok(random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn millis(time: Duration) -> UnixMillis {
    UnixMillis::try_from(time.as_millis()).unwrap_or(UnixMillis::MAX)
}
