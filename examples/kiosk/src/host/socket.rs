//! An ordinary TCP socket.

use core::net::SocketAddr;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::io;

use embedded_io::ErrorKind;
use embedded_io_async::{ErrorType, Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use transport_embassy::{Connect, ConnectError};

/// How long an address has before the next one is tried beside it (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// One connection at a time.
#[derive(Default)]
pub(crate) struct Socket(Option<TcpStream>);

impl Socket {
    fn stream(&mut self) -> Result<&mut TcpStream, ErrorKind> {
        self.0.as_mut().ok_or(ErrorKind::NotConnected)
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.stream()?.read(buf).await.map_err(|error| kind(&error))
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.stream()?.write(buf).await.map_err(|error| kind(&error))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.stream()?.flush().await.map_err(|error| kind(&error))
    }
}

impl Connect for Socket {
    async fn connect(&mut self, host: &str, port: u16) -> Result<(), ConnectError> {
        self.abort();
        let addresses = lookup_host((host, port)).await.map_err(|_| ConnectError::Resolve)?.collect();
        let stream = first_of(addresses).await.ok_or(ConnectError::Connect)?;
        // A request is one write: there is nothing to gather.
        let _ = stream.set_nodelay(true);
        self.0 = Some(stream);
        Ok(())
    }

    fn peer_closed(&mut self) -> bool {
        // An idle connection has nothing to read. Whatever there is, its end or bytes, stays there.
        let idle = |stream: &TcpStream| {
            let poll = stream.poll_peek(&mut Context::from_waker(Waker::noop()), &mut ReadBuf::new(&mut [0]));
            matches!(poll, Poll::Pending)
        };
        !self.0.as_ref().is_some_and(idle)
    }

    fn abort(&mut self) {
        self.0 = None;
    }
}

/// The connection to whichever address answers first (RFC 8305); the others are closed without a byte.
async fn first_of(addresses: Vec<SocketAddr>) -> Option<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    loop {
        match waiting.next() {
            Some(address) => _ = attempts.spawn(TcpStream::connect(address)),
            None if attempts.is_empty() => return None,
            None => {}
        }
        let wait = if waiting.len() > 0 { STAGGER } else { Duration::MAX };
        // One that failed makes way for the next at once, one that is silent gets company.
        if let Ok(Some(Ok(Ok(stream)))) = timeout(wait, attempts.join_next()).await {
            return Some(stream);
        }
    }
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::ConnectionReset => ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted => ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe => ErrorKind::BrokenPipe,
        io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Other,
    }
}

// Other systems answer a full queue with a refusal.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use socket2::{Domain, Socket, Type};

    use super::*;

    // Meant to notice: one address after the other, each as long as the system takes (two minutes).
    #[test]
    fn silent_and_refusing_addresses_do_not_hold_up_the_next() {
        let silent = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        silent.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        silent.listen(0).unwrap();
        let silent = TcpListener::from(silent);
        let dead = silent.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&dead, Duration::from_millis(100)) {
            queue.push(stream);
        }
        let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let live = listener.local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = Instant::now();
        let stream = runtime.block_on(first_of(vec![refusing, dead, refusing, live])).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), live);
        assert!(start.elapsed() >= STAGGER && start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert!(runtime.block_on(first_of(vec![refusing; 3])).is_none());
    }
}
