//! The kiosk on a W5500-EVB-Pico: Ethernet over SPI, seeds from an oscillator and a provisioned secret, a clock chip on I2C,
//! a serial line as a screen. A button to ground at GPIO15 sells.

#![no_std]
#![no_main]

mod ds3231;
mod random;

use core::fmt;

use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_net::{Config, StackResources};
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, Runner, State};
use embassy_rp::bind_interrupts;
use embassy_rp::dma;
use embassy_rp::flash::{self, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::i2c::{self, I2c};
use embassy_rp::peripherals::{DMA_CH0, DMA_CH1, FLASH, SPI0};
use embassy_rp::spi::{self, Spi};
use embassy_rp::uart::{self, UartTx};
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use static_cell::{ConstStaticCell, StaticCell};
use terminal::{Board, Sales, journal, provisioned_address};
use zeroize::Zeroize;

bind_interrupts!(struct Interrupts {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>, dma::InterruptHandler<DMA_CH1>;
});

/// Frames that wait in each direction.
const FRAMES: usize = 4;
const FLASH_SIZE: usize = 2 * 1024 * 1024;
/// Of the journal, 4 KB each.
const SECTORS: usize = 16;
/// Where the processor sees the flash.
const FLASH_BASE: usize = 0x1000_0000;

type Bus = ExclusiveDevice<Spi<'static, SPI0, spi::Async>, Output<'static>, Delay>;
type Chip = Runner<'static, W5500, Bus, Input<'static>, Output<'static>>;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let p = embassy_rp::init(Default::default());
    // At 115,200 baud.
    let serial = Line(UartTx::new_blocking(p.UART0, p.PIN_0, uart::Config::default()));
    let mut flash = Flash::new_blocking(p.FLASH);
    let mut id = [0; 8];
    let _ = flash.blocking_unique_id(&mut id);
    let config = kiosk::Config::read(provisioned(&mut flash));
    // SDA at GPIO26, SCL at GPIO27.
    let mut bus = I2c::new_blocking(p.I2C1, p.PIN_27, p.PIN_26, i2c::Config::default());
    let started_s = ds3231::now(&mut bus);
    let secret = config.as_ref().map_or(&[][..], |config| config.settings().secret);
    let mut seed = random::seed(secret, &id, started_s);

    let mut spi_config = spi::Config::default();
    spi_config.frequency = 20_000_000;
    let spi = Spi::new(p.SPI0, p.PIN_18, p.PIN_19, p.PIN_16, p.DMA_CH0, p.DMA_CH1, Interrupts, spi_config);
    let select = Output::new(p.PIN_17, Level::High);
    let interrupt = Input::new(p.PIN_21, Pull::Up);
    let reset = Output::new(p.PIN_20, Level::High);
    static STATE: ConstStaticCell<State<FRAMES, FRAMES>> = ConstStaticCell::new(State::new());
    let Ok(spi) = ExclusiveDevice::new(spi, select, Delay);
    let chip = embassy_net_wiznet::new(mac_address(&id), STATE.take(), spi, interrupt, reset).await;
    // No chip, no kiosk: a start anew may find it.
    let (device, runner) = chip.unwrap_or_else(|_| panic!("no W5500"));
    // The only spawns of these tasks, whose pools have one place each.
    spawner.spawn(chip_task(runner).expect("the pool is empty"));
    static RESOURCES: StaticCell<StackResources<4>> = StaticCell::new();
    let resources = RESOURCES.init(StackResources::new());
    let (stack, runner) = embassy_net::new(device, Config::dhcpv4(Default::default()), resources, ports(seed.as_ref()));
    spawner.spawn(network(runner).expect("the pool is empty"));

    static KEPT: StaticCell<BlockingAsync<Flash<'static, FLASH, flash::Blocking, FLASH_SIZE>>> = StaticCell::new();
    let journal = journal::<_, SECTORS>(KEPT.init(BlockingAsync::new(flash)), FLASH_BASE).await;
    let mut sales = Sales::new(Board { stack, config, started_s, seed, journal, serial });
    seed.zeroize();
    let mut button = Input::new(p.PIN_15, Pull::Up);
    loop {
        button.wait_for_falling_edge().await;
        sales.sell().await;
    }
}

#[embassy_executor::task]
async fn chip_task(runner: Chip) {
    runner.run().await;
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, Device<'static>>) {
    runner.run().await;
}

/// The chip has no address of its own: a locally administered one, made of the flash's number.
fn mac_address(id: &[u8; 8]) -> [u8; 6] {
    [0x02, id[3], id[4], id[5], id[6], id[7]]
}

/// What ports and sequence numbers begin with. Other bytes of the generator are used for all else.
fn ports(seed: Option<&[u8; 32]>) -> u64 {
    use sha2::{Digest, Sha256};
    let hash: [u8; 32] = Sha256::new_with_prefix(b"ports").chain_update(seed.unwrap_or(&[0; 32])).finalize().into();
    hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// What was written to the region PROVISIONED of memory.x.
fn provisioned(flash: &mut Flash<'_, FLASH, flash::Blocking, FLASH_SIZE>) -> &'static [u8; kiosk::Config::PAGE_MAX] {
    static PAGE: ConstStaticCell<[u8; kiosk::Config::PAGE_MAX]> = ConstStaticCell::new([0xFF; _]);
    let page = PAGE.take();
    let offset = provisioned_address() - FLASH_BASE;
    if flash.blocking_read(offset as u32, page).is_err() {
        page.fill(0xFF);
    }
    page
}

/// The serial line.
struct Line(UartTx<'static, uart::Blocking>);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.blocking_write(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
