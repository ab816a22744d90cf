//! The network of a machine that has none: two pipes of this host.

use core::net::Ipv4Addr;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use super::guest::{Ended, Guest, scratch};

/// Runs `image` with a connection to the server at this port, and this file.
pub fn connect(image: &Path, port: u16, ca: &str, more: &[String]) -> Ended {
    let (from, to) = (scratch("from"), scratch("to"));
    assert!(Command::new("mkfifo").args([&from, &to]).status().unwrap().success());
    // For both, so that opening waits for nobody.
    let open = |path: &Path| OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (mut into_guest, mut out_of_guest) = (open(&from), open(&to));
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (mut receiving, mut sending) = (server.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = receiving.read(&mut piece) {
            let header = u16::try_from(length).unwrap().to_be_bytes();
            into_guest.write_all(&[&header, &piece[..length]].concat()).unwrap();
        }
    });
    // Nothing ends its pipe: it is left behind, with nothing to do.
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = out_of_guest.read(&mut piece) {
            if sending.write_all(&piece[..length]).is_err() {
                break;
            }
        }
    });
    let words = [&from, &to].map(|path| path.display().to_string());
    let ended = Guest::start_image(image, &[&words[..], &[ca.to_owned()]].concat(), more).end();
    let _ = server.shutdown(Shutdown::Both);
    for path in [from, to] {
        std::fs::remove_file(path).unwrap();
    }
    ended
}
