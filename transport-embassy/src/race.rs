//! Which of a host's addresses takes a connection first (RFC 8305), with one socket or two.

use core::cell::RefCell;
use core::pin::pin;

use embassy_futures::select::{Either, select};
use embassy_net::IpAddress;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, Timer};
use heapless::Deque;
use smoltcp::config::DNS_MAX_RESULT_COUNT;

/// How long an address has before the next one is tried (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// How often that time is doubled at most, once all addresses were silent: to 4 s.
const MAX_DOUBLINGS: u32 = 4;

/// Addresses that have not refused.
struct Queue {
    waiting: Deque<IpAddress, DNS_MAX_RESULT_COUNT>,
    /// Those that wait, and those that are being tried.
    left: usize,
    /// How many there were, how many attempts there have been, how many are made at a time.
    count: u32,
    attempts: u32,
    sockets: u32,
}

/// Connects to whichever of `addresses` answers first; `false` if all refuse. The connection is in `first`, whatever socket it came about on;
/// the other is closed without a byte.
///
/// An address that refuses makes way for the next at once. One that is silent for 250 ms gets company from the next; where no socket is free,
/// the oldest attempt is given up, and made again when all others were silent too, with twice the time.
pub(crate) async fn connect<'a>(
    first: &mut TcpSocket<'a>,
    second: Option<&mut TcpSocket<'a>>,
    addresses: &[IpAddress],
    port: u16,
) -> bool {
    let queue = RefCell::new(Queue::new(addresses, 1 + u32::from(second.is_some())));
    let Some(second) = second else { return attempts(first, port, &queue).await };
    let (connected, by_second) = {
        let mut one = pin!(attempts(first, port, &queue));
        let mut two = pin!(async {
            Timer::after(STAGGER).await;
            attempts(second, port, &queue).await
        });
        match select(one.as_mut(), two.as_mut()).await {
            Either::First(true) => (true, false),
            Either::Second(true) => (true, true),
            Either::First(false) => (queue.borrow().left > 0 && two.await, true),
            Either::Second(false) => (one.await, false),
        }
    };
    if connected && by_second {
        core::mem::swap(first, second);
    }
    second.abort();
    connected
}

/// Tries one address after the other on one socket, until one takes the connection or none is left.
async fn attempts(socket: &mut TcpSocket<'_>, port: u16, queue: &RefCell<Queue>) -> bool {
    loop {
        let Some((address, time)) = queue.borrow_mut().next() else { return false };
        let taken = {
            let mut attempt = pin!(socket.connect((address, port)));
            match select(attempt.as_mut(), Timer::after(time)).await {
                Either::First(result) => Some(result.is_ok()),
                // No other address wants the socket, nor will: it is only given up for one that waits.
                Either::Second(()) if queue.borrow().waiting.is_empty() => Some(attempt.await.is_ok()),
                Either::Second(()) => None,
            }
        };
        match taken {
            Some(true) => return true,
            Some(false) => queue.borrow_mut().left -= 1,
            None => {
                socket.abort();
                queue.borrow_mut().put_back(address);
            }
        }
    }
}

impl Queue {
    fn new(addresses: &[IpAddress], sockets: u32) -> Self {
        let mut waiting = Deque::new();
        for address in addresses {
            // There is room for all that a look-up gives.
            let _ = waiting.push_back(*address);
        }
        Self { left: waiting.len(), count: waiting.len() as u32, attempts: 0, sockets, waiting }
    }

    /// The next address, and how long it has.
    fn next(&mut self) -> Option<(IpAddress, Duration)> {
        let address = self.waiting.pop_front()?;
        let doublings = (self.attempts / self.count).min(MAX_DOUBLINGS);
        self.attempts += 1;
        Some((address, STAGGER * self.sockets * (1 << doublings)))
    }

    fn put_back(&mut self, address: IpAddress) {
        // There is room: it was in there before.
        let _ = self.waiting.push_back(address);
    }
}
