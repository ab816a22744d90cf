//! Sales, one for each call, with what the board brings.

use core::cell::RefCell;
use core::fmt::Write;

use embassy_net::Stack;
use embassy_time::Instant;
use kiosk::{Config, ConfigError, Exit, Language, Machine, Pretend, Report, Shopper, TextScreen};
use pay_core::{Buffers, Journal};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use static_cell::ConstStaticCell;
use transport_embassy::{StackConnector, tls};
use zeroize::Zeroize;

use crate::memory::scrub_stack;
use crate::serial::Line;

/// What a board brings.
pub struct Board<W, J: Journal> {
    /// The network, which may still be without an address.
    pub stack: Stack<'static>,
    /// What its page says. Without it nothing is sold.
    pub config: Result<Config<'static>, ConfigError>,
    /// The time at the start of the program, if the board's clock was ever set.
    pub started_s: Option<u64>,
    /// 32 bytes that nobody can guess: all ids, keys and handshakes come from them. Without them nothing is sold.
    pub seed: Option<[u8; 32]>,
    /// Where sales are remembered. Without it nothing is sold.
    pub journal: Result<J, J::Error>,
    /// Screen and report.
    pub serial: W,
}

/// A board that is ready to sell.
pub struct Sales<W, J: Journal> {
    stack: Stack<'static>,
    config: Result<Config<'static>, ConfigError>,
    clock: Clock,
    random: Option<ChaCha20Rng>,
    journal: Result<J, J::Error>,
    serial: RefCell<W>,
    memory: Memory,
}

/// Lent to each sale.
struct Memory {
    tcp_rx: &'static mut [u8; 4096],
    tcp_tx: &'static mut [u8; 2048],
    second_rx: &'static mut [u8; 4096],
    second_tx: &'static mut [u8; 2048],
    tls_rx: &'static mut [u8; tls::RX_FOR_ANY_SERVER],
    tls_tx: &'static mut [u8; 2048],
    tx: &'static mut [u8; 1024],
    rx: &'static mut [u8; 12 * 1024],
}

impl<W: Write, J: Journal> Sales<W, J> {
    /// Takes the board over. Once: a second call panics.
    pub fn new(mut board: Board<W, J>) -> Self {
        static TCP_RX: ConstStaticCell<[u8; 4096]> = ConstStaticCell::new([0; _]);
        static TCP_TX: ConstStaticCell<[u8; 2048]> = ConstStaticCell::new([0; _]);
        static SECOND_RX: ConstStaticCell<[u8; 4096]> = ConstStaticCell::new([0; _]);
        static SECOND_TX: ConstStaticCell<[u8; 2048]> = ConstStaticCell::new([0; _]);
        static TLS_RX: ConstStaticCell<[u8; tls::RX_FOR_ANY_SERVER]> = ConstStaticCell::new([0; _]);
        static TLS_TX: ConstStaticCell<[u8; 2048]> = ConstStaticCell::new([0; _]);
        static TX: ConstStaticCell<[u8; 1024]> = ConstStaticCell::new([0; _]);
        static RX: ConstStaticCell<[u8; 12 * 1024]> = ConstStaticCell::new([0; _]);
        let random = board.seed.map(ChaCha20Rng::from_seed);
        board.seed.zeroize();
        Self {
            stack: board.stack,
            config: board.config,
            clock: Clock(board.started_s),
            random,
            journal: board.journal,
            serial: RefCell::new(board.serial),
            memory: Memory {
                tcp_rx: TCP_RX.take(),
                tcp_tx: TCP_TX.take(),
                second_rx: SECOND_RX.take(),
                second_tx: SECOND_TX.take(),
                tls_rx: TLS_RX.take(),
                tls_tx: TLS_TX.take(),
                tx: TX.take(),
                rx: RX.take(),
            },
        }
    }

    /// Sells what the page says.
    pub async fn sell(&mut self) -> Exit {
        let mut screen = TextScreen::new(Line(&self.serial), Language::English, "\r\n");
        let mut lines = Line(&self.serial);
        let report = Report::new(&mut lines);
        let config = match &self.config {
            Ok(config) => config,
            Err(error) => {
                report.error(error);
                return Exit::Usage;
            }
        };
        let Some(random) = &mut self.random else {
            report.error("the board has no random source that works");
            return Exit::Local;
        };
        let journal = match &mut self.journal {
            Ok(journal) => journal,
            Err(error) => {
                report.error(format_args!("the journal: {error}"));
                return Exit::Local;
            }
        };
        self.stack.wait_config_up().await;
        let memory = &mut self.memory;
        let machine = Machine {
            connector: StackConnector::new(self.stack, memory.tcp_rx, memory.tcp_tx)
                .with_second_socket(memory.second_rx, memory.second_tx),
            tls: tls::Buffers::new(memory.tls_rx, memory.tls_tx),
            tls_random: child(random),
            random: child(random),
            clock: self.clock,
            journal,
            // A product moves its motor here.
            vendor: Pretend { works: true },
            buffers: Buffers { tx: memory.tx, rx: memory.rx },
            scrub: scrub_stack,
            wipe: true,
        };
        // No reader and no keypad on these boards.
        kiosk::run(config, Shopper::default(), machine, &mut screen, &report).await
    }
}

/// A source that shares nothing with its parent's further output.
fn child(random: &mut ChaCha20Rng) -> ChaCha20Rng {
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    let child = ChaCha20Rng::from_seed(seed);
    seed.zeroize();
    child
}

/// The board's clock was read once; from then on the timer counts.
#[derive(Clone, Copy)]
struct Clock(Option<u64>);

impl tls::Clock for Clock {
    fn unix_seconds(&self) -> Option<u64> {
        self.0?.checked_add(Instant::now().as_secs())
    }
}
