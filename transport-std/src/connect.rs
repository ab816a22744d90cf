//! Opens connections: address, TCP, TLS, each within what is left of the exchange.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};

use super::config::Lookup;
use super::error::{Fault, Phase, Problem};
use super::progress::Progress;
use super::race;
use super::stream::{Socket, TlsStream};

/// The whole chain under ureq: there is no other connector, so there is no proxy, no plain text, and no byte that
/// [`Progress`] does not hear of.
pub(super) struct TlsConnector {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) name: ServerName<'static>,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) lookup: Lookup,
    pub(super) source: Option<IpAddr>,
    pub(super) progress: Arc<Progress>,
    /// The look-up under way. The system's resolver cannot be interrupted, so one that outlived its exchange goes on, and
    /// the next exchange waits for it instead of starting another.
    pub(super) pending: Mutex<Option<Receiver<io::Result<Vec<SocketAddr>>>>>,
}

/// ureq resolves before it looks for a kept connection; the connector does it afterwards.
#[derive(Debug)]
pub(super) struct ResolveLater;

impl Resolver for ResolveLater {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

impl Connector for TlsConnector {
    type Out = TlsStream;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<TlsStream>, ureq::Error> {
        let addresses = self.resolve()?;
        let socket = race::connect(addresses, self.source, &self.progress)?;
        self.progress.enter(Phase::Handshake);
        let mut socket = Socket::new(socket, Arc::clone(&self.progress));
        let handshake = |error| Fault::from_io(error, Phase::Handshake);
        let mut session = ClientConnection::new(Arc::clone(&self.tls), self.name.clone())
            .map_err(|error| Fault::from_tls(error, Phase::Handshake))?;
        while session.is_handshaking() {
            session.complete_io(&mut socket).map_err(handshake)?;
        }
        self.progress.connected();
        Ok(Some(TlsStream::new(session, socket)))
    }
}

impl TlsConnector {
    fn resolve(&self) -> Result<Vec<SocketAddr>, Fault> {
        self.progress.enter(Phase::Resolve);
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = match pending.take() {
            Some(receiver) if matches!(receiver.try_recv(), Err(TryRecvError::Empty)) => receiver,
            // None under way; what an old one has found since may be old, too.
            _ => self.start_lookup()?,
        };
        let addresses = match receiver.recv_timeout(self.progress.remaining()?) {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => return Err(Fault::new(Problem::NoAddress, error)),
            Err(RecvTimeoutError::Timeout) => {
                *pending = Some(receiver);
                return Err(Problem::TimedOut(Phase::Resolve).into());
            }
            // The look-up panicked.
            Err(RecvTimeoutError::Disconnected) => return Err(Problem::NoAddress.into()),
        };
        if addresses.is_empty() { Err(Problem::NoAddress.into()) } else { Ok(addresses) }
    }

    fn start_lookup(&self) -> Result<Receiver<io::Result<Vec<SocketAddr>>>, Fault> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let (lookup, host, port) = (Arc::clone(&self.lookup), self.host.clone(), self.port);
        thread::Builder::new()
            .name("resolve".into())
            // Nobody waits for it any more: nothing to tell.
            .spawn(move || sender.send(lookup(&host, port)).unwrap_or_default())
            .map_err(|error| Fault::new(Problem::NoAddress, error))?;
        Ok(receiver)
    }
}

/// The name the certificate must be for.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    match host.parse::<IpAddr>() {
        Ok(address) => Some(ServerName::from(address)),
        Err(_) => ServerName::try_from(host.to_owned()).ok(),
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS to {}:{}", self.host, self.port)
    }
}
