//! A listening address: connections in, requests to whoever answers them, and an end that breaks nothing off.

use core::convert::Infallible;
use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming as Body};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// Largest head, the least that hyper takes, and most headers.
const HEAD_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 32;
/// For a handshake, and a head (which includes the pause before it).
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(30);

pub(crate) type Request = hyper::Request<Body>;
pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// Where connections come in.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// Connections at a time.
    pub(crate) places: u32,
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
        let Self { listener, places: count, tls } = self;
        let places = Arc::new(Semaphore::new(count as usize));
        let stopped = stop.clone();
        let accept = async {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                let Ok((stream, peer)) = listener.accept().await else {
                    // Out of file handles, most likely: let some close first.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let (tls, stopped, handle) = (tls.clone(), stopped.clone(), handle.clone());
                tokio::spawn(async move {
                    serve(stream, peer, tls, stopped, handle).await;
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        drop(listener);
        let _ = places.acquire_many(count).await;
    }
}

async fn serve<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(Request, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    // Small answers must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    match tls {
        Some(tls) => {
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(HANDSHAKE, tls.accept(stream)) => shaken,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            if let Ok(Ok(stream)) = shaken {
                talk(stream, peer, stop, handle).await;
            }
        }
        None => talk(stream, peer, stop, handle).await,
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
