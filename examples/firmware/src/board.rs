//! The board "Arm MPS2 with image AN386" as QEMU makes it: what is wired where, and the network stack on top.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{STACK_PAINT_VALUE, exception};
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, Stack, StackResources};
use static_cell::StaticCell;

use crate::lan9118::{Lan9118, NotFound};
use crate::time_driver;

/// Sockets that may be open at once, DHCP's own included.
pub const SOCKETS: usize = 4;

/// Starts the clock, the Ethernet controller and the network stack. `seed` picks ports and sequence numbers and must
/// differ at each start. The answer may be used at once; it is up when `wait_config_up` says so.
pub fn start(spawner: Spawner, config: Config, seed: u64) -> Result<Stack<'static>, NotFound> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static CONTROLLER: StaticCell<Lan9118> = StaticCell::new();
    let Some(peripherals) = cortex_m::Peripherals::take() else { return Err(NotFound) };
    time_driver::start(peripherals.SYST);
    // SAFETY: the board has a LAN9118 there, and `Peripherals::take` above lets this line be reached only once.
    let controller = CONTROLLER.init(unsafe { Lan9118::new(ETHERNET_BASE) }?);
    let (stack, runner) = embassy_net::new(controller, config, RESOURCES.init(StackResources::new()), seed);
    // The only spawn of the task, whose pool has one place.
    spawner.spawn(network(runner).map_err(|_| NotFound)?);
    // SAFETY: the controller is set up, and no critical section relies on this line being masked.
    unsafe { NVIC::unmask(Ethernet) };
    Ok(stack)
}

/// Most bytes of stack that were in use at once since the start: what no longer has the paint of the start-up code.
pub fn peak_stack() -> usize {
    let mut at = &raw const _stack_end;
    let top = &raw const _stack_start;
    // SAFETY: memory.x gives the stack whole words between these two addresses, and reading them changes nothing;
    // volatile, because no Rust object is meant.
    while at < top && unsafe { at.read_volatile() } == STACK_PAINT_VALUE {
        at = at.wrapping_add(1);
    }
    top as usize - at as usize
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, &'static mut Lan9118>) {
    runner.run().await;
}

const ETHERNET_BASE: usize = 0x4020_0000;

/// The interrupt line of the Ethernet controller.
#[derive(Clone, Copy)]
struct Ethernet;

impl Ethernet {
    const LINE: u16 = 13;
}

// SAFETY: always the same line, and the board has it.
unsafe impl InterruptNumber for Ethernet {
    fn number(self) -> u16 {
        Self::LINE
    }
}

unsafe extern "C" {
    /// One past the highest word of the stack, by memory.x.
    static _stack_start: u32;
    /// The lowest word of the stack, by memory.x.
    static _stack_end: u32;
}

// SAFETY: touches only the controller's interrupt enable and an atomic waker.
#[exception]
unsafe fn DefaultHandler(line: i16) {
    if line == Ethernet::LINE as i16 {
        // SAFETY: the line is unmasked only after `Lan9118::new(ETHERNET_BASE)` returned.
        unsafe { Lan9118::on_interrupt(ETHERNET_BASE) };
    } else {
        panic!("interrupt {line} has no handler");
    }
}
