//! `pay_core::drive::transport::Transport` over any connector: one exchange, one deadline, one connection.

use core::cell::RefCell;

use embassy_time::{Duration, Instant, with_timeout};
use embedded_io_async::{Read, Write};
use pay_core::drive::transport;
use pay_core::sale::Delivery;
use pay_core::wire::http1::{Progress, ResponseReader, SentIds};
use pay_core::wire::{Endpoint, Request, ResponseHead};
use rand_core::CryptoRngCore;
use rustls_pki_types::ServerName;

use crate::connect::{Connect, ConnectError};
use crate::error::{Error, Fault};
use crate::request::write_request;
use crate::tls::{self, Buffers, Clock, Session, TlsError, Trust};

/// Idle time after which a kept connection is not used again, unless the caller says otherwise. Common servers close
/// after 15 to 75 s; a request that meets a closing server has an unknown fate.
const KEEP_ALIVE_MAX: Duration = Duration::from_secs(10);
/// Time for telling the server that a connection ends. The answer is there; whether the server hears of it makes no
/// difference.
const FAREWELL_MAX: Duration = Duration::from_millis(200);
/// Bytes taken from the connection at a time, on the stack.
const PIECE: usize = 256;

/// One connection with what it needs: connector, TLS buffers, random source, clock. The [`Transport`]s of one or two
/// routes share it; changing to the other route closes the connection. Two links are two connections.
pub struct Link<'b, C, R, K> {
    connector: C,
    buffers: Buffers<'b>,
    rng: R,
    clock: K,
    keep_alive_max: Duration,
    transports: u32,
    /// Never moved out: it is used, and wiped, where it lies.
    session: Option<Session>,
    /// The transport whose session it is.
    owner: u32,
    /// End of the session's last exchange.
    since: Instant,
    /// What was asked before, over this connection or another.
    sent: SentIds,
}

/// Exchanges with one endpoint over a [`Link`].
pub struct Transport<'l, 'b, C, R, K> {
    link: &'l RefCell<Link<'b, C, R, K>>,
    endpoint: Endpoint,
    trust: Trust<'l>,
    /// Where to connect to, if not to the endpoint's own host and port.
    address: Option<(&'l str, u16)>,
    id: u32,
}

impl<'b, C, R, K> Link<'b, C, R, K> {
    /// Makes a link; the first exchange connects. `rng` must be a cryptographic source, seeded by the hardware: every
    /// connection takes new bytes from it.
    pub fn new(connector: C, buffers: Buffers<'b>, rng: R, clock: K) -> Self {
        Self {
            connector,
            buffers,
            rng,
            clock,
            keep_alive_max: KEEP_ALIVE_MAX,
            transports: 0,
            session: None,
            owner: 0,
            since: Instant::MIN,
            sent: SentIds::new(),
        }
    }

    /// Keeps a connection for at most this long without use; zero opens a new one for every exchange.
    #[must_use]
    pub fn with_keep_alive_max(mut self, max: Duration) -> Self {
        self.keep_alive_max = max;
        self
    }
}

impl<C: Connect, R, K> Link<'_, C, R, K> {
    /// Closes the connection, if there is one, with `close_notify`, and wipes its keys and the buffers: for a program that is done.
    /// Takes 200 ms at most; whether the server hears of it makes no difference.
    ///
    /// Cancellation: dropping the future drops the connection, as [`abort`](Self::abort) does.
    pub async fn close(&mut self) {
        let line =
            Line { session: &mut self.session, io: &mut self.connector, buffers: &mut self.buffers, keep: false };
        line.farewell().await;
    }

    /// Drops the connection, if there is one, without a word, and wipes its keys and the buffers.
    pub fn abort(&mut self) {
        self.session = None;
        self.connector.abort();
        self.buffers.wipe();
    }
}

impl<'l, 'b, C, R, K> Transport<'l, 'b, C, R, K> {
    /// The server of `endpoint` must prove itself to `trust` under the endpoint's host name.
    ///
    /// # Panics
    /// If an exchange over `link` is in progress.
    pub fn new(link: &'l RefCell<Link<'b, C, R, K>>, endpoint: Endpoint, trust: Trust<'l>) -> Self {
        let id = {
            let mut link = link.borrow_mut();
            link.transports += 1;
            link.transports
        };
        Self { link, endpoint, trust, address: None, id }
    }

    /// Connects to `host` and `port` instead of the endpoint's own; name and trust stay those of the endpoint. For a
    /// tunnel, a relay, or a test on the loopback.
    #[must_use]
    pub fn with_address(mut self, host: &'l str, port: u16) -> Self {
        self.address = Some((host, port));
        self
    }
}

impl<C, R, K> transport::ErrorType for Transport<'_, '_, C, R, K> {
    type Error = Error;
}

impl<C: Connect, R: CryptoRngCore, K: Clock> transport::Transport for Transport<'_, '_, C, R, K> {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn disconnect(&mut self) {
        // Nothing is under way: an exchange borrows this transport. Another transport's may be, and it is not ours to close.
        if let Ok(mut link) = self.link.try_borrow_mut() {
            link.abort();
        }
    }

    #[expect(clippy::await_holding_refcell_ref, reason = "another exchange meanwhile is refused, not a panic")]
    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Error> {
        let Ok(mut link) = self.link.try_borrow_mut() else {
            return Err(Error::new(Fault::Busy, Delivery::NotSent));
        };
        let link = &mut *link;
        let reusable = link.session.is_some()
            && link.owner == self.id
            && link.since.elapsed() < link.keep_alive_max
            && !link.connector.peer_closed();
        if !reusable {
            link.session = None;
        }
        let mut line =
            Line { session: &mut link.session, io: &mut link.connector, buffers: &mut link.buffers, keep: false };
        let limit = Duration::from_millis(request.timeout_ms.into());
        let work = async {
            if line.session.is_none() {
                self.open(&mut line, &mut link.rng, &link.clock).await?;
                line.hear_out().await?;
            }
            let (head, keep) = ask(&mut line, &self.endpoint, request, rx).await?;
            if link.sent.is_earlier(&request.request_id, &head) {
                return Err(Fault::EarlierAnswer);
            }
            Ok((head, keep))
        };
        let result = with_timeout(limit, work).await.unwrap_or(Err(Fault::TimedOut));
        let sent = line.session.as_mut().is_some_and(Session::take_data_sent);
        link.sent.note(&request.request_id);
        match result {
            Ok((head, keep)) => {
                line.keep = keep;
                if !keep {
                    line.farewell().await;
                }
                link.owner = self.id;
                link.since = Instant::now();
                Ok(head)
            }
            Err(fault) => Err(Error::new(fault, if sent { Delivery::Unknown } else { Delivery::NotSent })),
        }
    }
}

impl<C: Connect, R: CryptoRngCore, K: Clock> Transport<'_, '_, C, R, K> {
    async fn open(&self, line: &mut Line<'_, '_, C>, rng: &mut R, clock: &K) -> Result<(), Fault> {
        let name = ServerName::try_from(self.endpoint.host()).map_err(|_| Fault::Handshake(TlsError::BadServerName))?;
        let (host, port) = self.address.unwrap_or((self.endpoint.host(), self.endpoint.port()));
        line.io.connect(host, port).await.map_err(|e| match e {
            ConnectError::Resolve => Fault::Resolve,
            ConnectError::Connect => Fault::Connect,
        })?;
        tls::connect_into(line.session, line.io, line.buffers, &name, &self.trust, clock, rng)
            .await
            .map_err(Fault::Handshake)
    }
}

/// Session, socket and buffers during an exchange. However it ends, a dropped future included, nothing of the request
/// or the answer stays in the buffers, and the connection stays, with its keys, only if it is worth keeping.
struct Line<'a, 'b, C: Connect> {
    session: &'a mut Option<Session>,
    io: &'a mut C,
    buffers: &'a mut Buffers<'b>,
    keep: bool,
}

impl<C: Connect> Line<'_, '_, C> {
    /// Takes what came with the server's Finished, or with its answer to ours. Tickets may; data is no answer to what
    /// was not asked.
    async fn hear_out(&mut self) -> Result<(), Fault> {
        let session = self.session.as_mut().ok_or(Fault::Connect)?;
        while self.io.peer_closed() {
            if session.channel(self.io, self.buffers).take_unasked().await.map_err(Fault::Handshake)? {
                return Err(Fault::Unasked);
            }
        }
        Ok(())
    }

    /// Says close_notify (RFC 8446 section 6.1), and ends the connection.
    async fn farewell(self) {
        if let Some(session) = &mut *self.session {
            let _ = with_timeout(FAREWELL_MAX, session.channel(self.io, self.buffers).close()).await;
        }
    }
}

impl<C: Connect> Drop for Line<'_, '_, C> {
    fn drop(&mut self) {
        if !self.keep {
            // In place: what is moved out leaves its bytes behind.
            *self.session = None;
            self.io.abort();
        }
        self.buffers.wipe();
    }
}

/// Sends the request and reads the answer: its head, and whether the connection can be used again.
async fn ask<C: Connect>(
    line: &mut Line<'_, '_, C>,
    endpoint: &Endpoint,
    request: &Request<'_>,
    rx: &mut [u8],
) -> Result<(ResponseHead, bool), Fault> {
    // It was put there just now, if it was not there before.
    let session = line.session.as_mut().ok_or(Fault::Connect)?;
    let mut channel = session.channel(line.io, line.buffers);
    write_request(&mut channel, endpoint, request).await?;
    channel.flush().await.map_err(|_| Fault::Write)?;

    let mut reader = ResponseReader::new();
    let mut piece = [0; PIECE];
    let rest = loop {
        let len = match channel.read(&mut piece).await {
            Ok(len) => len,
            Err(TlsError::CloseNotify) => {
                reader.end().map_err(Fault::Response)?;
                return Ok((reader.into_head(), false));
            }
            Err(e) => return Err(Fault::Read(e)),
        };
        match reader.feed(rx, &piece[..len]).map_err(Fault::Response)? {
            Progress::More => {}
            Progress::Done(taken) => break len - taken,
        }
    };
    // Bytes after the answer belong to nothing that was asked: the next answer would be read out of step.
    let keep = reader.keep_alive() && rest == 0 && session.is_idle();
    Ok((reader.into_head(), keep))
}
