//! A wire between kiosk and gateway that a test can trouble. It sees TLS records only from outside.

use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens to the answer of the first request on the first connection; later connections are left alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// All bytes of the server come one at a time, on every connection.
    Drip,
    /// The answer is held back for good.
    Hold,
    /// Part of the answer arrives, then a reset.
    Reset,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    seen: Arc<Seen>,
    requested: Mutex<Receiver<()>>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    records: AtomicUsize,
}

impl Proxy {
    pub(crate) fn start(server: u16, trouble: Trouble) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let (sender, requested) = channel();
        let counted = Arc::clone(&seen);
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let first = counted.connections.fetch_add(1, Ordering::SeqCst) == 0;
                let trouble = if first || trouble == Trouble::Drip { trouble } else { Trouble::None };
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { return };
                pass(client, server, trouble, &counted, &sender);
            }
        });
        Self { port, seen, requested: Mutex::new(requested) }
    }

    /// Waits until a request has gone to the gateway.
    pub(crate) fn wait_for_request(&self) {
        let limit = core::time::Duration::from_secs(240);
        self.requested.lock().unwrap().recv_timeout(limit).expect("a request");
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Protected records from the kiosk that are longer than an alert: the end of each handshake, and the requests.
    pub(crate) fn records(&self) -> usize {
        self.seen.records.load(Ordering::SeqCst)
    }
}

/// Bytes of an answer that arrive before the reset: some of its 7 KB.
const PART: usize = 2_000;

fn pass(client: TcpStream, server: TcpStream, trouble: Trouble, seen: &Arc<Seen>, requested: &Sender<()>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    // Set when the first request of this connection has gone through.
    let asked = Arc::new(AtomicUsize::new(0));
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (count, counted, requested) = (Arc::clone(&asked), Arc::clone(seen), requested.clone());
    thread::spawn(move || {
        let mut records = Records::default();
        let mut buffer = [0; 4096];
        while let Ok(len @ 1..) = from_client.read(&mut buffer) {
            let ended = records.feed(&buffer[..len]);
            counted.records.fetch_add(ended, Ordering::SeqCst);
            // The first is the end of the handshake.
            if records.protected > 1 && ended > 0 {
                count.store(1, Ordering::SeqCst);
            }
            if to_server.write_all(&buffer[..len]).is_err() {
                break;
            }
            if records.protected > 1 && ended > 0 {
                let _ = requested.send(());
            }
        }
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        let mut left = PART;
        let mut buffer = [0; 1024];
        while let Ok(len @ 1..) = from_server.read(&mut buffer) {
            let after = asked.load(Ordering::SeqCst) == 1;
            let written = match trouble {
                Trouble::Hold if after => continue,
                Trouble::Reset if after => {
                    let now = left.min(len);
                    left -= now;
                    let written = to_client.write_all(&buffer[..now]);
                    if left == 0 {
                        let socket = socket2::SockRef::from(&to_client);
                        socket.set_linger(Some(core::time::Duration::ZERO)).unwrap();
                        let _ = to_client.shutdown(Shutdown::Both);
                        return;
                    }
                    written
                }
                Trouble::Drip => buffer[..len].iter().try_for_each(|byte| to_client.write_all(&[*byte])),
                _ => to_client.write_all(&buffer[..len]),
            };
            if written.is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
}

/// Bytes of a protected alert: level, description, content type, tag.
const ALERT: usize = 2 + 1 + 16;

/// Counts whole protected records (type 23) in a row of bytes, but for alerts.
#[derive(Default)]
struct Records {
    protected: usize,
    header: Vec<u8>,
    len: usize,
    left: usize,
}

impl Records {
    /// How many ended in these bytes.
    fn feed(&mut self, bytes: &[u8]) -> usize {
        let before = self.protected;
        for byte in bytes {
            if self.left > 0 {
                self.left -= 1;
            } else {
                self.header.push(*byte);
                if self.header.len() < 5 {
                    continue;
                }
                self.len = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
                self.left = self.len;
            }
            if self.left == 0 && self.header.len() == 5 {
                self.protected += usize::from(self.header[0] == 23 && self.len > ALERT);
                self.header.clear();
            }
        }
        self.protected - before
    }
}
