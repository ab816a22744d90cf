//! One embassy executor that sleeps with WFI.
//!
//! embassy's own thread executor waits with WFE, which the emulator runs as a busy loop: an idle guest would burn a core
//! of the host.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};

use critical_section::Mutex;
use embassy_executor::{Spawner, raw};
use static_cell::StaticCell;

use crate::time_driver;

/// Runs tasks for ever; `start` spawns the first.
pub fn run(start: impl FnOnce(Spawner)) -> ! {
    static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
    let executor: &'static raw::Executor = EXECUTOR.init(raw::Executor::new(core::ptr::null_mut()));
    start(executor.spawner());
    loop {
        // SAFETY: the only call of `poll`, on the thread that made the executor, and not from within itself.
        unsafe { executor.poll() };
        let idle_since = time_driver::cycles();
        while !WOKEN.load(Ordering::Relaxed) {
            // With interrupts masked nothing can be woken between the look and the sleep; WFI ends when an interrupt is
            // pending, masked or not, and its handler runs as soon as the section ends.
            critical_section::with(|_| {
                if !WOKEN.load(Ordering::Relaxed) {
                    cortex_m::asm::dsb();
                    cortex_m::asm::wfi();
                }
            });
        }
        let idle = time_driver::cycles() - idle_since;
        critical_section::with(|cs| IDLE_CYCLES.borrow(cs).update(|sum| sum + idle));
        WOKEN.store(false, Ordering::Relaxed);
    }
}

/// Core clock cycles spent on tasks since the start; ticks that woke none do not count. Under the emulator it is a measure
/// of work only with `-icount`.
pub fn busy_cycles() -> u64 {
    critical_section::with(|cs| time_driver::cycles() - IDLE_CYCLES.borrow(cs).get())
}

/// A task became ready since the last look.
static WOKEN: AtomicBool = AtomicBool::new(false);

static IDLE_CYCLES: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

#[unsafe(export_name = "__pender")]
fn pender(_context: *mut ()) {
    WOKEN.store(true, Ordering::Relaxed);
}
