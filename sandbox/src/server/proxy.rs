//! A proxy that breaks connections, whatever they carry.

use crate::ground::dice::Dice;
use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::oneshot,
};

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// In which direction bytes are counted.
    pub direction: Direction,
    /// After so many of them.
    pub at: u64,
    /// What happens then.
    pub what: What,
}

/// A direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// What can happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The rest comes so much later.
    Delay(Duration),
    /// Both sides are told that the other has closed.
    Cut,
    /// Both sides are told that the connection is reset.
    Reset,
    /// The next byte arrives with these bits turned over; 0 turns over none.
    Garble(u8),
    /// Nothing more goes this way; the connection stays.
    Stall,
}

/// A proxy on a port of 127.0.0.1 that the system chooses; it stops, and its connections end, when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    passed: Arc<Mutex<Vec<[u64; 2]>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Forwards connections to `target`; the first has the first of these troubles, and so on. What comes after the list
    /// has none.
    ///
    /// # Errors
    /// When no port can be listened on, or no thread made.
    pub fn start(target: SocketAddr, troubles: Vec<Option<Trouble>>) -> io::Result<Self> {
        let mut troubles = troubles.into_iter();
        Self::run(target, move || troubles.next().flatten())
    }

    /// The same, with troubles that come from a seed: one connection in `one_in` has some, within its first `within` bytes.
    ///
    /// # Errors
    /// As [`Proxy::start`].
    pub fn seeded(target: SocketAddr, seed: u64, one_in: u64, within: u64) -> io::Result<Self> {
        let mut dice = Dice::new(seed);
        Self::run(target, move || {
            let direction = if dice.next().is_multiple_of(2) { Direction::ToServer } else { Direction::ToClient };
            let (at, chosen, bits) = (dice.next() % within.max(1), dice.next() % 5, dice.next());
            let what = match chosen {
                0 => What::Delay(Duration::from_millis(bits % 200)),
                1 => What::Cut,
                2 => What::Reset,
                3 => What::Garble(1 << (bits % 8)),
                _ => What::Stall,
            };
            dice.next().is_multiple_of(one_in.max(1)).then_some(Trouble { direction, at, what })
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bytes that went to the server and to the client, for each connection so far.
    #[must_use]
    pub fn passed(&self) -> Vec<[u64; 2]> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn run(target: SocketAddr, next: impl FnMut() -> Option<Trouble> + Send + 'static) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let passed = Arc::new(Mutex::new(Vec::new()));
        let counted = Arc::clone(&passed);
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, target, next, counted) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { address, passed, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    mut next: impl FnMut() -> Option<Trouble>,
    passed: Arc<Mutex<Vec<[u64; 2]>>>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let place = {
            let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
            passed.push([0; 2]);
            passed.len() - 1
        };
        let (trouble, passed) = (next(), Arc::clone(&passed));
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(target).await {
                forward(client, server, trouble, |direction, bytes| {
                    passed.lock().unwrap_or_else(PoisonError::into_inner)[place][direction as usize] += bytes;
                })
                .await;
            }
        });
    }
}

async fn forward(client: TcpStream, server: TcpStream, trouble: Option<Trouble>, count: impl Fn(Direction, u64)) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let of = |direction| trouble.filter(|trouble| trouble.direction == direction);
    let (up, down) = (of(Direction::ToServer), of(Direction::ToClient));
    let up = pump(from_client, &mut to_server, up, |bytes| count(Direction::ToServer, bytes));
    let down = pump(from_server, &mut to_client, down, |bytes| count(Direction::ToClient, bytes));
    // One direction at its end is the end of both: nobody here speaks after closing.
    // Where both end at once, the one with the trouble counts: on a busy machine that is no rare case.
    let reset = if matches!(trouble, Some(trouble) if trouble.direction == Direction::ToServer) {
        tokio::select! { biased; reset = up => reset, reset = down => reset }
    } else {
        tokio::select! { biased; reset = down => reset, reset = up => reset }
    };
    if reset {
        for half in [to_client, to_server] {
            let _ = half.as_ref().set_zero_linger();
            // Dropped, it would say goodbye first.
            half.forget();
        }
    }
}

/// Passes bytes on until the connection is to end. `true`: by a reset.
async fn pump(mut from: OwnedReadHalf, to: &mut OwnedWriteHalf, trouble: Option<Trouble>, count: impl Fn(u64)) -> bool {
    let mut left = trouble.map(|trouble| (trouble.at, trouble.what));
    let mut buffer = [0; 4096];
    loop {
        let length = match left {
            // Trouble comes before the first byte, too.
            Some((0, _)) => 0,
            _ => match from.read(&mut buffer).await {
                Ok(length @ 1..) => length,
                _ => return false,
            },
        };
        let mut bytes = &mut buffer[..length];
        if let Some((at, what)) = left {
            let before = length.min(usize::try_from(at).unwrap_or(usize::MAX));
            if pass(to, &bytes[..before], &count).await.is_err() {
                return false;
            }
            bytes = &mut bytes[before..];
            let at = at - before as u64;
            left = Some((at, what));
            if at == 0 {
                match what {
                    What::Cut => return false,
                    What::Reset => return true,
                    What::Stall => core::future::pending().await,
                    What::Delay(time) => tokio::time::sleep(time).await,
                    What::Garble(bits) => match bytes.first_mut() {
                        Some(byte) => *byte ^= bits,
                        None => match from.read_u8().await {
                            Ok(byte) if pass(to, &[byte ^ bits], &count).await.is_ok() => {}
                            _ => return false,
                        },
                    },
                }
                left = None;
            }
        }
        if pass(to, bytes, &count).await.is_err() {
            return false;
        }
    }
}

async fn pass(to: &mut OwnedWriteHalf, bytes: &[u8], count: &impl Fn(u64)) -> io::Result<()> {
    to.write_all(bytes).await?;
    count(bytes.len() as u64);
    Ok(())
}
