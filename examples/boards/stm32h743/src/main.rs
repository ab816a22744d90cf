//! The kiosk on a NUCLEO-H743ZI2: the processor's Ethernet with a LAN8742A on RMII, its random generator, its clock with a
//! battery, the serial line of the board's debugger as a screen. The blue button sells.

#![no_std]
#![no_main]

use core::fmt;

use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, StackResources};
use embassy_stm32::eth::{self, Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::exti::{self, ExtiInput};
use embassy_stm32::flash::{Blocking, FLASH_BASE, Flash};
use embassy_stm32::gpio::Pull;
use embassy_stm32::mode;
use embassy_stm32::peripherals::{ETH, ETH_SMA, RNG};
use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, HSIPrescaler, LsConfig, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk, VoltageScale,
};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::rtc::{Rtc, RtcConfig, RtcTimeProvider};
use embassy_stm32::usart::{self, UartTx};
use embassy_stm32::{bind_interrupts, interrupt, uid};
use static_cell::{ConstStaticCell, StaticCell};
use terminal::{Board, Sales, journal, provisioned_address};

/// Of the journal, 128 KB each.
const SECTORS: usize = 7;

bind_interrupts!(struct Interrupts {
    ETH => eth::InterruptHandler;
    EXTI15_10 => exti::InterruptHandler<interrupt::typelevel::EXTI15_10>;
    RNG => rng::InterruptHandler<RNG>;
});

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let p = embassy_stm32::init(clocks());
    let mut random = Rng::new(p.RNG, Interrupts);
    let (_rtc, time) = Rtc::new(p.RTC, RtcConfig::default());

    static QUEUE: ConstStaticCell<PacketQueue<4, 4>> = ConstStaticCell::new(PacketQueue::new());
    let device = Ethernet::new(
        QUEUE.take(),
        p.ETH,
        Interrupts,
        p.PA1,  // REF_CLK
        p.PA7,  // CRS_DV
        p.PC4,  // RXD0
        p.PC5,  // RXD1
        p.PG13, // TXD0
        p.PB13, // TXD1
        p.PG11, // TX_EN
        mac_address(),
        p.ETH_SMA,
        p.PA2, // MDIO
        p.PC1, // MDC
    );
    static RESOURCES: StaticCell<StackResources<4>> = StaticCell::new();
    let resources = RESOURCES.init(StackResources::new());
    let (stack, runner) = embassy_net::new(device, Config::dhcpv4(Default::default()), resources, random.next_u64());
    // The only spawn of the task, whose pool has one place.
    spawner.spawn(network(runner).expect("the pool is empty"));

    // To the debugger's USB port, at 115,200 baud.
    let line = UartTx::new_blocking(p.USART3, p.PD8, usart::Config::default());
    let serial = Line(line.expect("the clocks allow 115,200 baud"));
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    let mut flash = Flash::new_blocking(p.FLASH);
    let config = kiosk::Config::read(provisioned(&mut flash));
    static KEPT: StaticCell<BlockingAsync<Flash<'static, Blocking>>> = StaticCell::new();
    let journal = journal::<_, SECTORS>(KEPT.init(BlockingAsync::new(flash)), FLASH_BASE).await;
    let mut sales = Sales::new(Board { stack, config, started_s: now(&time), seed: Some(seed), journal, serial });
    let mut button = ExtiInput::new(p.PC13, p.EXTI13, Pull::Down, Interrupts);
    loop {
        button.wait_for_rising_edge().await;
        sales.sell().await;
    }
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>>) {
    runner.run().await;
}

/// 400 MHz from the internal oscillator, buses at 100 MHz; the clock from the crystal and the battery. The random generator
/// has its own 48 MHz by default.
fn clocks() -> embassy_stm32::Config {
    let mut config = embassy_stm32::Config::default();
    config.rcc.hsi = Some(HSIPrescaler::DIV1);
    config.rcc.pll1 = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL50,
        fracn: None,
        divp: Some(PllDiv::DIV2),
        divq: None,
        divr: None,
    });
    config.rcc.sys = Sysclk::PLL1_P;
    config.rcc.ahb_pre = AHBPrescaler::DIV2;
    config.rcc.apb1_pre = APBPrescaler::DIV2;
    config.rcc.apb2_pre = APBPrescaler::DIV2;
    config.rcc.apb3_pre = APBPrescaler::DIV2;
    config.rcc.apb4_pre = APBPrescaler::DIV2;
    config.rcc.voltage_scale = VoltageScale::Scale1;
    config.rcc.ls = LsConfig::default_lse();
    config
}

/// A locally administered address, made of the processor's number so that no two boards of a shop share one.
fn mac_address() -> [u8; 6] {
    let id = uid::uid();
    // The wafer's coordinates, its number and the lot all differ: every byte has its say.
    let mut address = [0x02u8, 0, 0, 0, 0, 0];
    for (at, byte) in id.iter().enumerate() {
        let to = &mut address[1 + at % 5];
        *to = to.wrapping_mul(31).wrapping_add(*byte);
    }
    address
}

/// What was written to the region PROVISIONED of memory.x.
fn provisioned(flash: &mut Flash<'_, Blocking>) -> &'static [u8; kiosk::Config::PAGE_MAX] {
    static PAGE: ConstStaticCell<[u8; kiosk::Config::PAGE_MAX]> = ConstStaticCell::new([0xFF; _]);
    let page = PAGE.take();
    let offset = provisioned_address() - FLASH_BASE;
    if flash.blocking_read(offset as u32, page).is_err() {
        page.fill(0xFF);
    }
    page
}

/// The clock that the battery keeps. One that was never set begins in 2000, which the kiosk refuses.
fn now(clock: &RtcTimeProvider) -> Option<u64> {
    let at = clock.now().ok()?;
    kiosk::unix_seconds(at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second())
}

/// The serial line.
struct Line(UartTx<'static, mode::Blocking>);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.blocking_write(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
