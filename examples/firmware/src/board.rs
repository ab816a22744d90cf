//! The board as QEMU makes it: its clock, its Ethernet controller, and the network stack on top.

use core::arch::asm;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{STACK_PAINT_VALUE, exception};
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, Stack, StackResources};
use static_cell::StaticCell;

use crate::lan9118::{Lan9118, NotFound};
use crate::machine::{ETHERNET_BASE, ETHERNET_LINE, LINES};
use crate::time_driver;

/// Sockets that may be open at once: DHCP's, DNS's and the connection.
pub const SOCKETS: usize = 3;

/// Starts the clock, the Ethernet controller and the network stack. `seed` picks ports and sequence numbers and must
/// differ at each start. `speed`: of the clock, 1 is right. The answer may be used at once; it is up when `wait_config_up` says so.
#[inline(never)]
pub fn start(spawner: Spawner, config: Config, seed: u64, speed: u32) -> Result<Stack<'static>, NotFound> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static CONTROLLER: StaticCell<Lan9118> = StaticCell::new();
    let Some(peripherals) = cortex_m::Peripherals::take() else { return Err(NotFound) };
    time_driver::start(peripherals.SYST, speed);
    // SAFETY: the board has a LAN9118 there, and `Peripherals::take` above lets this line be reached only once.
    let controller = CONTROLLER.init(unsafe { Lan9118::new(ETHERNET_BASE) }?);
    let (stack, runner) = embassy_net::new(controller, config, RESOURCES.init(StackResources::new()), seed);
    // The only spawn of the task, whose pool has one place.
    spawner.spawn(network(runner).map_err(|_| NotFound)?);
    // SAFETY: the controller is set up, and no critical section relies on this line being masked.
    unsafe { NVIC::unmask(Ethernet) };
    Ok(stack)
}

/// Overwrites with paint what finished calls left on the stack: everything below the caller's frame.
#[inline(never)]
pub fn scrub_stack() {
    // SAFETY: only words below the stack pointer are written, which hold nothing that is alive; an interrupt would use the
    // same words, so they are off meanwhile. The loop keeps its state in registers and calls nothing.
    cortex_m::interrupt::free(|_| unsafe {
        asm!(
            // Four words at a time while there are four, then one by one.
            "2:",
            "adds {end}, {at}, #16",
            "cmp {end}, sp",
            "bhi 3f",
            "strd {paint}, {paint}, [{at}], #8",
            "strd {paint}, {paint}, [{at}], #8",
            "b 2b",
            "3:",
            "cmp {at}, sp",
            "bhs 4f",
            "str {paint}, [{at}], #4",
            "b 3b",
            "4:",
            at = inout(reg) &raw const _stack_end => _,
            end = out(reg) _,
            paint = in(reg) STACK_PAINT_VALUE,
            options(nostack),
        )
    });
}

/// Most bytes of stack that were in use at once since the start, or since [`scrub_stack`]: what no longer has their paint.
pub fn peak_stack() -> usize {
    let mut at = &raw const _stack_end;
    let top = &raw const _stack_start;
    // SAFETY: memory.x gives the stack whole words between these two addresses, and reading them changes nothing;
    // volatile, because no Rust object is meant.
    let painted = |at: *const u32| unsafe { at.read_volatile() } == STACK_PAINT_VALUE;
    while at < top && painted(at) {
        at = at.wrapping_add(1);
    }
    top as usize - at as usize
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, &'static mut Lan9118>) {
    runner.run().await;
}

/// The interrupt line of the Ethernet controller.
#[derive(Clone, Copy)]
struct Ethernet;

// SAFETY: always the same line, and the board has it.
unsafe impl InterruptNumber for Ethernet {
    fn number(self) -> u16 {
        ETHERNET_LINE
    }
}

/// The handler of each interrupt line. cortex-m-rt's own table has 240 places.
// SAFETY: this is what the section is for, and the name is the one that the linker script asks for.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [unsafe extern "C" fn(); LINES] = [default_handler; LINES];

unsafe extern "C" {
    /// What `#[exception]` makes of the function below.
    #[link_name = "DefaultHandler"]
    fn default_handler();
    /// One past the highest word of the stack, by memory.x.
    static _stack_start: u32;
    /// The lowest word of the stack, by memory.x.
    static _stack_end: u32;
}

// SAFETY: touches only the controller's interrupt enable and an atomic waker.
#[exception]
unsafe fn DefaultHandler(line: i16) {
    if line == ETHERNET_LINE as i16 {
        // SAFETY: the line is unmasked only after `Lan9118::new(ETHERNET_BASE)` returned.
        unsafe { Lan9118::on_interrupt(ETHERNET_BASE) };
    } else {
        panic!("interrupt {line} has no handler");
    }
}
