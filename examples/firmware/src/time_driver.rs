//! embassy-time on the SysTick timer: one interrupt each millisecond.
//!
//! A tick per millisecond is the simplest driver that is right. A product that lives on a battery would set a one-shot
//! timer of its chip to the next expiry instead.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m_rt::exception;
use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::{Driver, TICK_HZ};
use embassy_time_queue_utils::Queue;

use crate::machine::CORE_HZ;

/// Core clock cycles of one tick.
fn cycles_per_tick() -> u32 {
    CYCLES_PER_TICK.load(Ordering::Relaxed)
}

static CYCLES_PER_TICK: AtomicU32 = AtomicU32::new(CORE_HZ / TICK_HZ as u32);

/// Starts the ticks, so many times as fast as they should be: 1, unless a test has no time.
pub fn start(mut timer: SYST, speed: u32) {
    CYCLES_PER_TICK.store(CORE_HZ / TICK_HZ as u32 / speed.clamp(1, 100), Ordering::Relaxed);
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(cycles_per_tick() - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Core clock cycles since [`start`], idle time included.
pub fn cycles() -> u64 {
    critical_section::with(|cs| {
        let within = cycles_per_tick() - 1 - SYST::get_current();
        // The counter may have started anew with its interrupt still waiting for this section to end.
        let waiting = SCB::is_pendst_pending();
        let (within, ticks) = match waiting {
            true => (cycles_per_tick() - 1 - SYST::get_current(), 1),
            false => (within, 0),
        };
        let now = (DRIVER.ticks.borrow(cs).get() + ticks) * u64::from(cycles_per_tick()) + u64::from(within);
        // The emulator's counter starts anew a moment before it says so.
        let now = now.max(LATEST.borrow(cs).get());
        LATEST.borrow(cs).set(now);
        now
    })
}

/// What [`cycles`] has answered last: it never goes back.
static LATEST: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

struct SysTickDriver {
    /// Milliseconds since the start.
    ticks: Mutex<Cell<u64>>,
    /// The tick at which the queue has something to wake next.
    next: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static DRIVER: SysTickDriver = SysTickDriver {
    ticks: Mutex::new(Cell::new(0)),
    next: Mutex::new(Cell::new(u64::MAX)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

impl SysTickDriver {
    fn wake_expired(&self, cs: CriticalSection<'_>, now: u64) {
        let next = self.queue.borrow_ref_mut(cs).next_expiration(now);
        self.next.borrow(cs).set(next);
    }
}

impl Driver for SysTickDriver {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.ticks.borrow(cs).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            if self.queue.borrow_ref_mut(cs).schedule_wake(at, waker) {
                self.wake_expired(cs, self.ticks.borrow(cs).get());
            }
        });
    }
}

#[exception]
fn SysTick() {
    critical_section::with(|cs| {
        let now = DRIVER.ticks.borrow(cs).get() + 1;
        DRIVER.ticks.borrow(cs).set(now);
        if now >= DRIVER.next.borrow(cs).get() {
            DRIVER.wake_expired(cs, now);
        }
    });
}
