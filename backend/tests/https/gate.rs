//! A gate on the way to the gateway: what comes to it while it is shut is lost.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// One of its two directions.
#[derive(Default)]
pub(crate) struct Door {
    shut: AtomicBool,
    lost: AtomicBool,
}

impl Door {
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
    }

    /// Something has come to it in vain.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            if self.shut.load(Ordering::SeqCst) {
                self.lost.store(true, Ordering::SeqCst);
            } else if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}

/// Stays open until the tests end.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<Door>,
    pub(crate) answers: Arc<Door>,
}

impl Gate {
    /// Before this address.
    pub(crate) fn before(gateway: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (requests, answers) = (Arc::new(Door::default()), Arc::new(Door::default()));
        let doors = [Arc::clone(&requests), Arc::clone(&answers)];
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(gateway) else { continue };
                let ways = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
                for (door, (from, to)) in doors.iter().map(Arc::clone).zip(ways) {
                    let (from, to) = (from.expect("a stream"), to.expect("a stream"));
                    thread::spawn(move || door.pass(from, to));
                }
            }
        });
        Self { address, requests, answers }
    }
}
