//! HTTPS around the rules.

use core::convert::Infallible;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::sync::Arc;
use std::thread::JoinHandle;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming as Body};
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use pay_core::model::CallKind;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;

use crate::answer::Answer;
use crate::call::Incoming;
use crate::certificate::{self, Identity};
use crate::config::{Config, StartError};
use crate::desk::Desk;
use crate::wait::Waited;
use crate::{hook, wait};

/// Largest request body: far above any that passes the rules.
const BODY_MAX: usize = 4 * 1024;
/// Largest head, the least that hyper takes, and most headers.
const HEAD_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 32;
/// Webhooks' connections at a time, where they come in plain HTTP.
const HOOKS: usize = 64;
/// For a handshake, a body, and a head (which includes the pause before it).
const HANDSHAKE: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(30);
/// What is being done is finished at the end, if it does not take longer.
const FINISH: Duration = Duration::from_secs(15);

/// Threads that do what is due: a slow answer of the gateway holds up one of them.
const WATCHERS: usize = 4;

/// A running backend; it stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    url: String,
    hooks: Option<SocketAddr>,
    ca_pem: Option<String>,
    ca_der: Option<Vec<u8>>,
    desk: Arc<Desk>,
    stop: Option<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts a backend in threads of its own and returns when it listens. Without a certificate of its own it writes
    /// `backend-ca.pem` and `backend-ca.der` to its directory.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: Config) -> Result<Self, StartError> {
        let (authority, identity) = match &config.certificate {
            Some((chain, key)) => (None, certificate::read(chain, key).map_err(StartError::Certificate)?),
            None if !config.listen.ip().is_loopback() => return Err(StartError::NotLoopback),
            None => {
                let made = certificate::make(config.listen.ip());
                let (authority, identity) = made.map_err(|error| StartError::Certificate(error.to_string()))?;
                (Some(authority), identity)
            }
        };
        if config.listen_hooks.is_some_and(|address| !address.ip().is_loopback()) {
            return Err(StartError::HooksNotLoopback);
        }
        let acceptor = acceptor(identity).map_err(|error| StartError::Certificate(error.to_string()))?;
        let desk = Arc::new(Desk::new(&config)?);
        if let Some(authority) = &authority {
            fs::create_dir_all(&config.dir)?;
            fs::write(config.dir.join("backend-ca.pem"), &authority.pem)?;
            fs::write(config.dir.join("backend-ca.der"), &authority.der)?;
        }

        let listener = bind(config.listen)?;
        let address = listener.local_addr()?;
        let hooks = config.listen_hooks.map(bind).transpose()?;
        let hooks_address = hooks.as_ref().map(std::net::TcpListener::local_addr).transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (listener, hooks) = {
            let _inside = runtime.enter();
            (TcpListener::from_std(listener)?, hooks.map(TcpListener::from_std).transpose()?)
        };
        let (stop, stopped) = oneshot::channel();
        let (serving, connections) = (Arc::clone(&desk), config.connections);
        let server = std::thread::Builder::new().name("backend".to_owned()).spawn(move || {
            runtime.block_on(async {
                if let Some(hooks) = hooks {
                    tokio::spawn(accept(hooks, HOOKS, None, Arc::clone(&serving)));
                }
                tokio::select! {
                    () = accept(listener, connections, Some(acceptor), serving) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(FINISH);
        })?;
        let mut threads = vec![server];
        for _ in 0..WATCHERS {
            let watching = Arc::clone(&desk);
            threads.push(std::thread::Builder::new().name("watch".to_owned()).spawn(move || watching.watch())?);
        }
        let (ca_pem, ca_der) = authority.map(|authority| (authority.pem, authority.der)).unzip();
        let url = format!("https://{address}/pg");
        Ok(Self { address, url, hooks: hooks_address, ca_pem, ca_der, desk, stop: Some(stop), threads })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://127.0.0.1:PORT/pg`
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the gateway's webhooks come in plain HTTP, with [`Config::listen_hooks`].
    #[must_use]
    pub fn hooks_url(&self) -> Option<String> {
        self.hooks.map(|address| format!("http://{address}{}", hook::PATH))
    }

    /// The authority to trust, as PEM text; none with a certificate of its own.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The same certificate as DER bytes.
    #[must_use]
    pub fn ca_der(&self) -> Option<&[u8]> {
        self.ca_der.as_deref()
    }

    /// Calls of this kind made to the gateway since the start.
    #[must_use]
    pub fn gateway_calls(&self, kind: CallKind) -> u64 {
        self.desk.gateway.made(kind)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desk.agenda.stop();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.desk.seen.keep_now(&self.desk.store);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.url)
    }
}

/// Devices and the gateway behind TLS; without it the gateway's webhooks alone.
async fn accept(listener: TcpListener, connections: usize, acceptor: Option<TlsAcceptor>, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: let some close first.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&desk), place));
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, desk: Arc<Desk>, _place: OwnedSemaphorePermit) {
    // Small answers must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let hooks_only = acceptor.is_none();
    let service = service_fn(move |request| answer(request, Arc::clone(&desk), hooks_only));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX);
    // A client that goes away is its own business.
    match acceptor {
        Some(acceptor) => {
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        }
        None => {
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        }
    }
}

async fn answer(
    request: hyper::Request<Body>,
    desk: Arc<Desk>,
    hooks_only: bool,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if head.uri.path() == hook::PATH && head.method == hyper::Method::POST {
        return Ok(respond(hooked(head.headers, body, desk).await, None, None));
    }
    if hooks_only {
        return Ok(respond(Answer::no_such_path(), None, None));
    }
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (request_id, version) = (text("x-request-id"), text("x-api-version"));
    let mut waited = Waited::Not;
    let body = tokio::time::timeout(BODY, Limited::new(body, BODY_MAX).collect()).await;
    let answer = match body {
        Ok(Ok(body)) if is_plain(&head.headers) => {
            let request = Incoming {
                method: head.method.as_str().to_owned(),
                path: head.uri.path().to_owned(),
                has_query: head.uri.query().is_some(),
                authorization: head.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec()),
                api_version: version.clone(),
                content_type: text("content-type"),
                epoch: text("x-device-epoch"),
                idempotency_key: text("x-idempotency-key"),
                client: ["device", "os", "rendering-type", "browser"].map(|of| text(&format!("x-client-{of}"))),
                body: body.to_bytes().to_vec(),
            };
            let request = Arc::new(request);
            if let Some(time) = text("prefer").as_deref().and_then(wait::preferred) {
                waited = wait::with(&desk, &request, time).await;
            }
            // The rules block: on the disk, on the gateway, on each other.
            let answered =
                move || if waited == Waited::Quiet { desk.unchanged(&request) } else { desk.handle(&request) };
            let handled = tokio::task::spawn_blocking(answered).await;
            handled.unwrap_or_else(|_| Answer::nothing_known("the backend failed"))
        }
        Ok(Ok(_)) => Answer::invalid("request_invalid", "a header occurs twice"),
        Ok(Err(_)) | Err(_) => Answer::too_large(),
    };
    let mut response = respond(answer, request_id, version);
    if waited != Waited::Not {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("wait"));
    }
    Ok(response)
}

/// A webhook, with its body as it came.
async fn hooked(headers: HeaderMap, body: Body, desk: Arc<Desk>) -> Answer {
    let Ok(Ok(body)) = tokio::time::timeout(BODY, Limited::new(body, hook::BODY_MAX).collect()).await else {
        return Answer::too_large();
    };
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    let handled = tokio::task::spawn_blocking(move || desk.hook(&headers, body.to_bytes().to_vec())).await;
    handled.unwrap_or_else(|_| Answer::not_kept())
}

fn bind(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Two values of a header that decides could be read as either.
fn is_plain(headers: &HeaderMap) -> bool {
    ["authorization", "x-api-version", "content-type", "x-device-epoch", "x-idempotency-key"]
        .iter()
        .all(|name| headers.get_all(*name).iter().count() < 2)
}

fn respond(answer: Answer, request_id: Option<String>, version: Option<String>) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder()
        .status(answer.status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store");
    if answer.status == 401 {
        builder = builder.header(header::WWW_AUTHENTICATE, "Bearer");
    }
    for (name, value) in [("x-request-id", request_id), ("x-api-version", version)] {
        if let Some(value) = value.filter(|value| value.len() <= 64) {
            builder = builder.header(name, value);
        }
    }
    if answer.is_ours {
        builder = builder.header("x-pay-origin", "backend");
    }
    if answer.replayed {
        builder = builder.header("x-idempotency-replayed", "true");
    }
    if let Some(rate) = answer.rate {
        builder = builder
            .header("x-ratelimit-limit", rate.limit)
            .header("x-ratelimit-remaining", rate.remaining)
            .header("x-ratelimit-retry", rate.retry_s)
            .header("x-ratelimit-type", "app_id");
    }
    builder.body(Full::new(Bytes::from(answer.body))).unwrap_or_default()
}

fn acceptor(identity: Identity) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
