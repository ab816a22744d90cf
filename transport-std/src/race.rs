//! Which of a host's addresses takes a connection first (RFC 8305).

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use socket2::{Domain, Socket, Type};

use super::error::{Fault, Phase, Problem};
use super::progress::Progress;

/// How long an address has before the next one is tried beside it (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// A thread that connects needs little.
const STACK: usize = 64 * 1024;

/// Connects to whichever address answers first. An address that fails makes way for the next at once; one that keeps silent gets
/// company after 250 ms, and stays in the race. Whoever comes too late is closed without a byte. All come from `source`, if there is one.
pub(super) fn connect(
    addresses: Vec<SocketAddr>,
    source: Option<IpAddr>,
    progress: &Arc<Progress>,
) -> Result<TcpStream, Fault> {
    progress.enter(Phase::Connect);
    let (sender, receiver) = mpsc::channel();
    let mut waiting = interleaved(addresses).into_iter();
    let mut running = 0_usize;
    let mut last = Fault::from(Problem::NoConnection);
    loop {
        let left = progress.remaining()?;
        let wait = if let Some(address) = waiting.next() {
            let sender = sender.clone();
            thread::Builder::new()
                .name("connect".into())
                .stack_size(STACK)
                // If the race is over, the socket is dropped with the message.
                .spawn(move || sender.send(open(address, source, left)).unwrap_or_default())
                .map_err(|error| Fault::new(Problem::NoConnection, error))?;
            running += 1;
            if waiting.len() > 0 { STAGGER.min(left) } else { left }
        } else if running > 0 {
            left
        } else {
            return Err(last);
        };
        match receiver.recv_timeout(wait) {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => {
                running -= 1;
                last = Fault::new(Problem::NoConnection, error);
            }
            // Nobody has answered yet.
            Err(_) => {}
        }
    }
}

fn open(address: SocketAddr, source: Option<IpAddr>, limit: Duration) -> io::Result<TcpStream> {
    let socket = match source {
        None => TcpStream::connect_timeout(&address, limit)?,
        Some(source) => {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            socket.bind(&SocketAddr::new(source, 0).into())?;
            socket.connect_timeout(&address.into(), limit)?;
            socket.into()
        }
    };
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// The resolver's order, with the two families taking turns, beginning with that of the first address (RFC 8305 section 4).
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        mixed.extend(first.next());
        mixed.extend(second.next());
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let list = |text: &str| -> Vec<SocketAddr> { text.split(' ').map(|a| a.parse().unwrap()).collect() };
        for (given, tried) in [
            ("[::1]:1 [::2]:1 [::3]:1 1.1.1.1:1 1.1.1.2:1", "[::1]:1 1.1.1.1:1 [::2]:1 1.1.1.2:1 [::3]:1"),
            ("1.1.1.1:1 1.1.1.2:1 [::1]:1", "1.1.1.1:1 [::1]:1 1.1.1.2:1"),
            ("1.1.1.1:1", "1.1.1.1:1"),
        ] {
            assert_eq!(interleaved(list(given)), list(tried));
        }
    }
}
