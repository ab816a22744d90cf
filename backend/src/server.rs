//! HTTPS around the rules.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::sync::Arc;
use std::thread::JoinHandle;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming as Body};
use hyper::header::HeaderValue;
use hyper::{HeaderMap, header};
use pay_core::model::CallKind;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::account::MERCHANT;
use crate::answer::Answer;
use crate::call::Incoming;
use crate::certificate;
use crate::config::{Config, StartError};
use crate::desk::Desk;
use crate::door::{Door, Request, Response, bind};
use crate::lobby::Guest;
use crate::monitor::{self, Monitor};
use crate::page::{self, Page};
use crate::wait::Waited;
use crate::{hook, wait};

/// The largest request body, in bytes: far above any that the rules allow.
const BODY_MAX: usize = 4 * 1024;
/// Connections at a time on the plain HTTP port for webhooks, and on the page for people.
const HOOKS: u32 = 64;
const PEOPLE: u32 = 64;
/// Time limit for receiving a body.
const BODY: Duration = Duration::from_secs(10);
/// At the end, requests under way may take this long.
const FINISH: Duration = Duration::from_secs(15);

/// Threads that do duties. A slow answer of the gateway holds up one of them.
const WATCHERS: usize = 4;

/// A running backend; it stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    url: String,
    hooks: Option<SocketAddr>,
    people: Option<SocketAddr>,
    page_url: Option<String>,
    monitor: Option<SocketAddr>,
    ca_pem: Option<String>,
    ca_der: Option<Vec<u8>>,
    desk: Arc<Desk>,
    stop: watch::Sender<bool>,
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
        let page = config
            .page
            .as_ref()
            .map(|page| page.check(config.certificate.is_some()))
            .transpose()
            .map_err(StartError::Page)?;
        let acceptor = certificate::acceptor(identity).map_err(|error| StartError::Certificate(error.to_string()))?;
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
        let people = config.page.as_ref().map(|page| bind(page.listen)).transpose()?;
        let people_address = people.as_ref().map(std::net::TcpListener::local_addr).transpose()?;
        let watchers = config.monitor.map(bind).transpose()?;
        let monitor = watchers.as_ref().map(std::net::TcpListener::local_addr).transpose()?;
        let page_url = people_address.zip(page.as_ref()).map(|(address, page)| page.url(address));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let door = |name: &'static str, listener, places, tls| {
            let _inside = runtime.enter();
            let metrics = Arc::clone(&desk.metrics);
            let shows_tokens = name == "devices";
            Ok::<_, std::io::Error>(Door {
                name,
                metrics,
                shows_tokens,
                listener: TcpListener::from_std(listener)?,
                places,
                tls,
            })
        };
        let page_tls = page.as_ref().is_some_and(|page| page.is_tls).then(|| acceptor.clone());
        let places = u32::try_from(config.connections).unwrap_or(u32::MAX);
        let devices = door("devices", listener, places, Some(acceptor))?;
        let hooks = hooks.map(|listener| door("hooks", listener, HOOKS, None)).transpose()?;
        let people = people.map(|listener| door("page", listener, PEOPLE, page_tls)).transpose()?;
        let monitor_door = watchers.map(|listener| door("monitor", listener, HOOKS, None)).transpose()?;
        let page = page.map(|rules| Arc::new(Page::new(rules, Arc::clone(&desk))));
        let (stop, stopped) = watch::channel(false);
        desk.listen();
        let serving = Arc::clone(&desk);
        let server = std::thread::Builder::new().name("backend".to_owned()).spawn(move || {
            runtime.block_on(async {
                let mut doors = tokio::task::JoinSet::new();
                let desk = Arc::clone(&serving);
                doors.spawn(devices.open(stopped.clone(), move |request, _| answer(request, Arc::clone(&desk), true)));
                if let Some(hooks) = hooks {
                    let desk = Arc::clone(&serving);
                    doors.spawn(
                        hooks.open(stopped.clone(), move |request, _| answer(request, Arc::clone(&desk), false)),
                    );
                }
                if let (Some(people), Some(page)) = (people, page) {
                    doors
                        .spawn(people.open(stopped.clone(), move |request, peer| {
                            page::answer(request, peer, Arc::clone(&page))
                        }));
                }
                if let Some(door) = monitor_door {
                    let monitor = Arc::new(Monitor::new(Arc::clone(&serving)));
                    doors.spawn(
                        door.open(stopped.clone(), move |request, _| monitor::answer(request, Arc::clone(&monitor))),
                    );
                }
                let mut stopped = stopped;
                let _ = stopped.wait_for(|stop| *stop).await;
                // Devices that wait for news are answered now.
                serving.accounts().for_each(|account| account.waiters.stop());
                let _ = tokio::time::timeout(FINISH, doors.join_all()).await;
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
        Ok(Self {
            address,
            url,
            hooks: hooks_address,
            people: people_address,
            page_url,
            monitor,
            ca_pem,
            ca_der,
            desk,
            stop,
            threads,
        })
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

    /// The URL for webhooks in plain HTTP, with [`Config::listen_hooks`], for the account of [`Config::gateway`]. For another account
    /// replace the last part by its name.
    #[must_use]
    pub fn hooks_url(&self) -> Option<String> {
        self.hooks.map(|address| format!("http://{address}{}{MERCHANT}", hook::PATH))
    }

    /// The URL of the page for people, with [`Config::page`].
    #[must_use]
    pub fn page_url(&self) -> Option<&str> {
        self.page_url.as_deref()
    }

    /// The address where the page is served.
    #[must_use]
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.people
    }

    /// The address of `/healthz`, `/readyz` and `/metrics`, with [`Config::monitor`].
    #[must_use]
    pub fn monitor_address(&self) -> Option<SocketAddr> {
        self.monitor
    }

    /// The certificate of the backend's own authority, as PEM. `None` with [`Config::certificate`].
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The same certificate as DER bytes.
    #[must_use]
    pub fn ca_der(&self) -> Option<&[u8]> {
        self.ca_der.as_deref()
    }

    /// Number of calls of this kind to the gateway since the start, of all accounts.
    #[must_use]
    pub fn gateway_calls(&self, kind: CallKind) -> u64 {
        self.desk.accounts().map(|account| account.gateway.made(kind)).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desk.agenda.stop();
        let _ = self.stop.send(true);
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

/// Answers webhooks, and with `devices` devices as well.
async fn answer(request: Request, desk: Arc<Desk>, devices: bool) -> Response {
    let (head, body) = request.into_parts();
    if let Some(account) = head.uri.path().strip_prefix(hook::PATH).filter(|_| head.method == hyper::Method::POST) {
        return respond(hooked(account.to_owned(), head.headers, body, desk).await, None, None);
    }
    if !devices {
        return respond(Answer::no_such_path(), None, None);
    }
    // The head of the first request shows who calls, before its body is read.
    if let Some(guest) = head.extensions.get::<Arc<Guest>>().filter(|guest| !guest.is_welcome()) {
        let token = head.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec());
        let known = Arc::clone(&desk);
        let known = tokio::task::spawn_blocking(move || known.knows(token)).await;
        let refusal = match known.unwrap_or_else(|_| Err(Answer::nothing_known("the backend failed"))) {
            Ok(()) if guest.welcome() => None,
            Ok(()) => Some(Answer::not_now()),
            Err(answer) => Some(answer),
        };
        if let Some(answer) = refusal {
            // Read the body: closing with unread bytes can lose the answer.
            let _ = tokio::time::timeout(BODY, Limited::new(body, BODY_MAX).collect()).await;
            let mut response = respond(answer, None, None);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
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
            // The rules block: for the disk, the gateway and each other.
            let answered = move || match waited {
                Waited::Quiet(before) => desk.unchanged(&request, before),
                Waited::News => desk.news(&request),
                Waited::Not => desk.handle(&request),
            };
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
    response
}

/// A webhook of an account, with its body as it came.
async fn hooked(account: String, headers: HeaderMap, body: Body, desk: Arc<Desk>) -> Answer {
    let Ok(Ok(body)) = tokio::time::timeout(BODY, Limited::new(body, hook::BODY_MAX).collect()).await else {
        return Answer::too_large();
    };
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    let handled = tokio::task::spawn_blocking(move || desk.hook(&account, &headers, body.to_bytes().to_vec())).await;
    handled.unwrap_or_else(|_| Answer::not_kept())
}

/// Whether a header that matters occurs twice: then it is ambiguous.
fn is_plain(headers: &HeaderMap) -> bool {
    ["authorization", "x-api-version", "content-type", "x-device-epoch", "x-idempotency-key"]
        .iter()
        .all(|name| headers.get_all(*name).iter().count() < 2)
}

fn respond(answer: Answer, request_id: Option<String>, version: Option<String>) -> Response {
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
