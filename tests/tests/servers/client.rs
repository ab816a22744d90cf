//! One connection of the client under test over a socket of the system.

use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use embassy_futures::block_on;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use rand_core::OsRng;
use transport_embassy::tls::{Buffers, Clock, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, TrustAnchor, connect};

/// Groups by their IANA numbers.
pub(crate) const P256: u16 = 0x0017;
pub(crate) const X25519: u16 = 0x001d;

/// 2026-06-01, within every certificate's dates.
struct Now;

impl Clock for Now {
    fn unix_seconds(&self) -> Option<u64> {
        Some(1_780_272_000)
    }
}

struct Socket {
    stream: TcpStream,
    records: usize,
    largest_record: usize,
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let len = self.stream.read(buf).map_err(|error| kind(&error))?;
        // The client reads a record's header by itself.
        if let [20..=23, 3, _, high, low] = *buf {
            self.records += 1;
            self.largest_record = self.largest_record.max(u16::from_be_bytes([high, low]).into());
        }
        Ok(len)
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.stream.write(buf).map_err(|error| kind(&error))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn kind(error: &io::Error) -> ErrorKind {
    if error.kind() == io::ErrorKind::WouldBlock { ErrorKind::TimedOut } else { ErrorKind::ConnectionReset }
}

/// What came of a connection.
pub(crate) struct Got {
    pub(crate) answer: Vec<u8>,
    pub(crate) group: u16,
    /// How many records the server sent, and the bytes of the largest behind its header.
    pub(crate) records: usize,
    pub(crate) largest_record: usize,
}

/// Shakes hands, asks for a page, reads to the end of the connection, and says goodbye.
pub(crate) fn get(port: u16, anchor: &TrustAnchor<'_>) -> Got {
    get_as(port, anchor, || ())
}

/// The same; `asked` is called when the request is out.
pub(crate) fn get_as(port: u16, anchor: &TrustAnchor<'_>, asked: impl FnOnce()) -> Got {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut socket = Socket { stream, records: 0, largest_record: 0 };
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let name = ServerName::try_from("localhost").unwrap();
    let anchors = [anchor.clone()];
    block_on(async {
        let trust = Trust::new(&anchors, 0);
        let mut session = connect(&mut socket, &mut buffers, &name, &trust, &Now, &mut OsRng).await.unwrap();
        let group = session.negotiated().group;
        let mut channel = session.channel(&mut socket, &mut buffers);
        channel.write_all(b"GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n").await.unwrap();
        channel.flush().await.unwrap();
        asked();
        let (mut answer, mut piece) = (Vec::new(), [0; 1000]);
        loop {
            match channel.read(&mut piece).await {
                Ok(len) => answer.extend(&piece[..len]),
                // Not every server says close_notify.
                Err(TlsError::CloseNotify | TlsError::Closed) => break,
                Err(error) => panic!("{error:?} after {}", answer.escape_ascii()),
            }
        }
        Got { answer, group, records: socket.records, largest_record: socket.largest_record }
    })
}
