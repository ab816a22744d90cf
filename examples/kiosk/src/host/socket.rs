//! An ordinary TCP socket.

use std::io;

use embedded_io::ErrorKind;
use embedded_io_async::{ErrorType, Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use transport_embassy::{Connect, ConnectError};

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
        let addresses: Vec<_> = lookup_host((host, port)).await.map_err(|_| ConnectError::Resolve)?.collect();
        for address in addresses {
            if let Ok(stream) = TcpStream::connect(address).await {
                // A request is one write: there is nothing to gather.
                let _ = stream.set_nodelay(true);
                self.0 = Some(stream);
                return Ok(());
            }
        }
        Err(ConnectError::Connect)
    }

    fn peer_closed(&mut self) -> bool {
        // An idle connection has nothing to read; whatever there is, its end or bytes that nobody asked for, is one too many.
        let idle = |stream: &TcpStream| matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        !self.0.as_ref().is_some_and(idle)
    }

    fn abort(&mut self) {
        self.0 = None;
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
