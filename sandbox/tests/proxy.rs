//! The fault proxy, byte by byte, before a server that sends everything back.

use core::time::Duration;
use sandbox::{Direction, Proxy, Trouble, What};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Instant,
};

/// Sends back what it gets, to everybody, as long as the test lives.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut part = [0; 512];
                while let Ok(length @ 1..) = stream.read(&mut part) {
                    if stream.write_all(&part[..length]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

const TEXT: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// What comes back through the proxy of [`TEXT`], and how it ends. After `most` bytes nothing more is waited for.
fn through(proxy: &Proxy, most: usize) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(proxy.address()).expect("a connection");
    // It may be gone before everything is sent; the next call would not say so again.
    if let Err(error) = stream.write_all(TEXT) {
        return (Vec::new(), Some(error.kind()));
    }
    let (mut got, mut part) = (Vec::new(), [0; 512]);
    loop {
        let limit = if got.len() < most { Duration::from_secs(30) } else { Duration::from_millis(200) };
        stream.set_read_timeout(Some(limit)).expect("a limit");
        match stream.read(&mut part) {
            Ok(0) => return (got, None),
            Ok(length) => got.extend_from_slice(&part[..length]),
            Err(error) => return (got, Some(error.kind())),
        }
        if got.len() == TEXT.len() {
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}

fn with(direction: Direction, at: u64, what: What) -> (Vec<u8>, Option<ErrorKind>) {
    let most = if what == What::Stall { usize::try_from(at).expect("small") } else { usize::MAX };
    let proxy = Proxy::start(echo(), vec![Some(Trouble { direction, at, what })]).expect("a proxy");
    let first = through(&proxy, most);
    assert_eq!(through(&proxy, usize::MAX), (TEXT.to_vec(), None), "the second has no trouble");
    first
}

// Mutants: one byte more or less in `pump`; a reset without linger; a garbled byte that is sent twice.
#[test]
fn trouble_comes_at_its_byte() {
    for at in [0, 1, 10, 35] {
        let part = usize::try_from(at).expect("small");
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (got, _) = with(direction, at, What::Cut);
            if direction == Direction::ToClient {
                assert_eq!(got, TEXT[..part], "{direction:?} {at}");
            } else {
                assert!(TEXT[..part].starts_with(&got), "{direction:?} {at}");
            }
            let (got, end) = with(direction, at, What::Stall);
            assert_eq!(got, TEXT[..part], "{direction:?} {at}");
            assert!(matches!(end, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{end:?}");

            let mut garbled = TEXT.to_vec();
            garbled[part] ^= 0x20;
            assert_eq!(with(direction, at, What::Garble(0x20)), (garbled, None), "{direction:?} {at}");

            let (_, end) = with(direction, at, What::Reset);
            assert_eq!(end, Some(ErrorKind::ConnectionReset), "{direction:?} {at}");
        }
    }
}

#[test]
fn a_delay_loses_nothing() {
    let began = Instant::now();
    let got = with(Direction::ToClient, 5, What::Delay(Duration::from_millis(150)));
    assert_eq!(got, (TEXT.to_vec(), None));
    assert!(began.elapsed() >= Duration::from_millis(150));
}

#[test]
fn it_counts_what_passed() {
    let proxy = Proxy::start(echo(), Vec::new()).expect("a proxy");
    assert_eq!(through(&proxy, usize::MAX), (TEXT.to_vec(), None));
    assert_eq!(proxy.passed(), [[36, 36]]);
}
