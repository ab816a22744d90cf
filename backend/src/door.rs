//! A listening address: connections in, requests to whoever answers them, and an end that breaks nothing off.

use core::convert::Infallible;
use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming as Body};
use hyper::header;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::lobby::{Guest, Lobby};
use crate::metrics::Metrics;

/// Largest head, the least that hyper takes, and most headers.
const HEAD_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 32;
/// Before the next look for room, or for a file handle.
const PAUSE: Duration = Duration::from_millis(20);
/// So much of a path is logged.
const PATH_MAX: usize = 128;
/// For a handshake, and a head (which includes the pause before it).
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(30);

pub(crate) type Request = hyper::Request<Body>;
pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// Where connections come in.
pub(crate) struct Door {
    /// Its name, for counters and logs.
    pub(crate) name: &'static str,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) listener: TcpListener,
    /// Connections at a time of known callers.
    pub(crate) places: u32,
    /// Who calls shows a token, and whoever answers says so by [`Guest::welcome`]. Else the first request makes a caller known.
    pub(crate) shows_tokens: bool,
    /// Without it: plain HTTP.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Binds a listening address, for [`TcpListener::from_std`].
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Door {
    /// Lets connections in until it is told to stop; then returns once each has had the answer it waits for.
    pub(crate) async fn open<H, F>(self, mut stop: watch::Receiver<bool>, handle: H)
    where
        H: Fn(Request, SocketAddr) -> F + Clone + Send + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let Self { name, metrics, listener, places, tls, shows_tokens } = self;
        let lobby = Lobby::new(places);
        let mut connections = JoinSet::new();
        let stopped = stop.clone();
        let accept = async {
            loop {
                while connections.try_join_next().is_some() {}
                let Ok((stream, peer)) = listener.accept().await else {
                    // Out of file handles, most likely: let some close first.
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                // Where there is no room it waits outside.
                let guest = loop {
                    match lobby.enter(peer.ip(), Instant::now()) {
                        Some(guest) => break Arc::new(guest),
                        None => tokio::time::sleep(PAUSE).await,
                    }
                };
                let (tls, stopped, handle) = (tls.clone(), stopped.clone(), handle.clone());
                let counted = Counted::new(name, &metrics);
                connections.spawn(async move {
                    let handle = counted.handle(handle);
                    let known = Arc::clone(&guest);
                    let handle = move |mut request: Request, peer| {
                        if !shows_tokens && !known.welcome() {
                            return refused();
                        }
                        request.extensions_mut().insert(Arc::clone(&known));
                        handle(request, peer)
                    };
                    serve(stream, peer, tls, stopped, &guest, handle).await;
                    drop(counted);
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}

/// There is no place: whoever asks comes again.
fn refused() -> BoxedAnswer {
    let answer = hyper::Response::builder().status(503).header(header::CONNECTION, "close");
    Box::pin(core::future::ready(answer.body(Full::default()).unwrap_or_default()))
}

/// A connection that is counted while it is open.
struct Counted(&'static str, Arc<Metrics>);

impl Counted {
    fn new(name: &'static str, metrics: &Arc<Metrics>) -> Self {
        metrics.connected(name);
        Self(name, Arc::clone(metrics))
    }

    /// Counts and logs each answer. The query is left out: whoever puts a secret there does not find it in the log.
    fn handle<H, F>(
        &self,
        handle: H,
    ) -> impl Fn(Request, SocketAddr) -> BoxedAnswer + Clone + Send + use<H, F> + 'static
    where
        H: Fn(Request, SocketAddr) -> F + Clone + Send + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let (door, metrics) = (self.0, Arc::clone(&self.1));
        move |request, peer| {
            let (since, metrics) = (Instant::now(), Arc::clone(&metrics));
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let answer = handle(request, peer);
            Box::pin(async move {
                let answer = answer.await;
                let (status, time) = (answer.status().as_u16(), since.elapsed());
                metrics.answered(door, status, time);
                let path = path.get(..PATH_MAX).unwrap_or(&path);
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(door, %method, path, status, ms, "answered");
                answer
            })
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.disconnected(self.0);
    }
}

type BoxedAnswer = Pin<Box<dyn Future<Output = Response> + Send>>;

async fn serve<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
    guest: &Guest,
    handle: H,
) where
    H: Fn(Request, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    // Small answers must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let talk = async {
        let mut byte = [0];
        let first = tokio::select! {
            first = tokio::time::timeout(HANDSHAKE, stream.peek(&mut byte)) => first,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if !matches!(first, Ok(Ok(1))) {
            return;
        }
        guest.talks();
        let Some(tls) = tls else { return talk(stream, peer, stop, handle).await };
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(HANDSHAKE, tls.accept(stream)) => shaken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if let Ok(Ok(stream)) = shaken {
            talk(stream, peer, stop, handle).await;
        }
    };
    tokio::select! {
        () = talk => {}
        () = guest.shown_out() => {}
    }
}

async fn talk<S, H, F>(stream: S, peer: SocketAddr, mut stop: watch::Receiver<bool>, handle: H)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handle(request, peer);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A client that goes away is its own business.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
