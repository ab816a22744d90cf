//! `/healthz`, `/readyz` and `/metrics` for operators, in plain HTTP and without secrets.

use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header;

use crate::desk::Desk;
use crate::door::{Request, Response};
use crate::metrics::Counts;

/// How long the store's figures are reused: counting reads every order that may need a person.
const FRESH: Duration = Duration::from_secs(15);
/// The content type of Prometheus's text format.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the monitor's requests need.
pub(crate) struct Monitor {
    desk: Arc<Desk>,
    counted: Mutex<Option<(Duration, Counts)>>,
}

impl Monitor {
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk, counted: Mutex::default() }
    }

    fn respond(&self, path: &str) -> Response {
        match path {
            // The process answers: that is all this path says.
            "/healthz" => text(200, "text/plain; charset=utf-8", "ok\n"),
            // The database answers too. Without it devices get 503.
            "/readyz" => match self.desk.store.answers() {
                Ok(()) => text(200, "text/plain; charset=utf-8", "ready\n"),
                Err(_) => text(503, "text/plain; charset=utf-8", "the database gives no answer\n"),
            },
            "/metrics" => match self.counts() {
                Ok(counts) => text(200, TEXT, self.desk.metrics.text(counts)),
                Err(_) => text(503, "text/plain; charset=utf-8", "the database gives no answer\n"),
            },
            _ => text(404, "text/plain; charset=utf-8", "there is no such path\n"),
        }
    }

    fn counts(&self) -> io::Result<Counts> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.desk.clock.now();
        if let Some((at, counts)) = *counted
            && now.saturating_sub(at) < FRESH
        {
            return Ok(counts);
        }
        let (store, moment) = (&self.desk.store, self.desk.clock.moment());
        let people = u64::try_from(store.matters(moment)?.len()).unwrap_or(u64::MAX);
        let counts = Counts { people, open: store.open_counts()?.values().sum(), overdue: store.overdue(moment)? };
        *counted = Some((now, counts));
        Ok(counts)
    }
}

/// Answers one request.
pub(crate) async fn answer(request: Request, monitor: Arc<Monitor>) -> Response {
    if request.method() != hyper::Method::GET {
        return text(405, "text/plain; charset=utf-8", "only GET\n");
    }
    let path = request.uri().path().to_owned();
    let shown = tokio::task::spawn_blocking(move || monitor.respond(&path)).await;
    shown.unwrap_or_else(|_| text(500, "text/plain; charset=utf-8", "the backend failed\n"))
}

fn text(status: u16, kind: &str, body: impl Into<Bytes>) -> Response {
    let builder = hyper::Response::builder().status(status).header(header::CONTENT_TYPE, kind);
    builder.header(header::CACHE_CONTROL, "no-store").body(Full::new(body.into())).unwrap_or_default()
}
