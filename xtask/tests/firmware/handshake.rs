//! One handshake of the kiosk with a server that does nothing else.

use core::net::Ipv4Addr;
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::{ServerConfig, ServerConnection};

use super::guest::{Ended, scratch};
use super::shop::words;

/// `run` starts the guest with the words that lead it there; `root`: the authority that it trusts.
pub fn shake_hands(config: ServerConfig, root: &[u8], run: impl FnOnce(&[String]) -> Ended) -> Ended {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        // The guest hangs up as soon as it knows enough.
        let _ = tls.complete_io(&mut stream);
        let _ = stream.read(&mut [0]);
    });
    let ca = scratch("root.der");
    std::fs::write(&ca, root).unwrap();
    let line = format!("--connect 10.0.2.2:{port} --server-name localhost --ca {} --probe", ca.display());
    let ended = run(&words(&line));
    std::fs::remove_file(&ca).unwrap();
    server.join().unwrap();
    ended
}
