//! Calls the merchant: webhooks over HTTP to a loopback address.

use crate::gateway::outbox::Webhook;
use core::{fmt, net::SocketAddr, time::Duration};
use http_body_util::Full;
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;

/// Why webhooks cannot be sent there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookError {
    /// Not `http://ADDRESS:PORT/PATH` with an IP address.
    NotAUrl,
    /// The address is not a loopback address.
    NotLoopback,
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAUrl => "webhooks need a URL of the form http://127.0.0.1:PORT/PATH",
            Self::NotLoopback => "the sandbox calls loopback addresses only",
        })
    }
}

impl core::error::Error for HookError {}

/// Where the merchant listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    address: SocketAddr,
    path: String,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, HookError> {
        let rest = url.strip_prefix("http://").ok_or(HookError::NotAUrl)?;
        let (address, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let address: SocketAddr = address.parse().map_err(|_| HookError::NotAUrl)?;
        if !address.ip().is_loopback() {
            return Err(HookError::NotLoopback);
        }
        Ok(Self { address, path: path.to_owned() })
    }

    /// Sends it on a connection of its own; the status of the answer, if there was one.
    pub(crate) async fn call(&self, webhook: Webhook) -> Option<u16> {
        let mut request = Request::post(&self.path).header("host", self.address.to_string());
        for (name, value) in webhook.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(webhook.body))).ok()?;
        let stream = TcpStream::connect(self.address).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let answered = async {
            let answer = sender.send_request(request).await;
            // Without a sender the connection ends.
            drop(sender);
            answer.map(|answer| answer.status().as_u16()).ok()
        };
        let (_, status) = tokio::join!(connection, answered);
        status
    }
}

/// Calls the merchant with whatever is due, as long as anything can be; `taken` hears of what was answered with 200.
pub(crate) async fn tell(
    target: Target,
    due: impl Fn() -> Option<Vec<Webhook>>,
    taken: impl Fn(u64) + Send + Sync + 'static,
) {
    let (target, taken) = (Arc::new(target), Arc::new(taken));
    while let Some(due) = due() {
        for webhook in due {
            let (target, taken) = (Arc::clone(&target), Arc::clone(&taken));
            tokio::spawn(async move {
                let number = webhook.number;
                if let Ok(Some(200)) = tokio::time::timeout(Duration::from_secs(10), target.call(webhook)).await {
                    taken(number);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{HookError, Target};

    // Mutant: an address that is not this machine's.
    #[test]
    fn only_loopback_is_called() {
        let target = Target::parse("http://127.0.0.1:8080/hooks/cashfree/a?b=c").expect("a target");
        assert_eq!((target.address.port(), target.path.as_str()), (8080, "/hooks/cashfree/a?b=c"));
        assert_eq!(Target::parse("http://[::1]:80").map(|target| target.path), Ok("/".to_owned()));
        for url in ["http://192.0.2.1:80/", "http://0.0.0.0:80/", "http://[::]:80/"] {
            assert_eq!(Target::parse(url), Err(HookError::NotLoopback), "{url}");
        }
        for url in ["https://127.0.0.1:80/", "http://localhost:80/", "http://127.0.0.1/", "127.0.0.1:80", ""] {
            assert_eq!(Target::parse(url), Err(HookError::NotAUrl), "{url}");
        }
    }
}
