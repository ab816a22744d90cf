//! Sales, one for each call, with what the board brings.

use core::cell::RefCell;
use core::fmt::Write;

use embassy_net::Stack;
use embassy_time::Instant;
use kiosk::{Arguments, Exit, Files, Machine, Page, Pretend, Report};
use pay_core::model::DeviceSecret;
use pay_core::{Buffers, Journal};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use static_cell::ConstStaticCell;
use transport_embassy::{StackConnector, tls};
use zeroize::Zeroize;

use crate::memory::scrub_stack;
use crate::serial::Line;

/// Most bytes that may be provisioned.
pub const PAGE_MAX: usize = 6 * 1024;

/// What a board brings.
pub struct Board<W, J: Journal> {
    /// The network, which may still be without an address.
    pub stack: Stack<'static>,
    /// The first [`PAGE_MAX`] bytes of the provisioned region.
    pub page: &'static [u8; PAGE_MAX],
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
    page: Option<Page<'static>>,
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
            page: Page::read(board.page),
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

    /// Sells what the provisioned words say.
    pub async fn sell(&mut self) -> Exit {
        let (mut lines, mut screen) = (Line(&self.serial), Line(&self.serial));
        let report = Report::new(&mut lines);
        let Some(page) = self.page else {
            report.error("the board was not provisioned");
            return Exit::Local;
        };
        let Some(secret) = page.secret.first_chunk().filter(|_| page.secret.len() == 32) else {
            report.error("the page has no secret of 32 bytes");
            return Exit::Local;
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
        let arguments = match Arguments::parse(page.words()) {
            Ok(arguments) => arguments,
            Err(error) => {
                report.error(error);
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
            secret: DeviceSecret::new(*secret),
            clock: self.clock,
            journal,
            // A product moves its motor here.
            vendor: Pretend { works: arguments.vend },
            buffers: Buffers { tx: memory.tx, rx: memory.rx },
            scrub: scrub_stack,
            wipe: true,
        };
        let files = Files {
            ca: page.ca,
            status_ca: page.status_ca,
            device_token: page.device_token,
            // No reader and no keypad on these boards.
            card: &mut [],
            otps: &mut [],
        };
        kiosk::run(&arguments, files, machine, &mut screen, &report).await
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
