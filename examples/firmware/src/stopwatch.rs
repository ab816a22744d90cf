//! Core clock cycles by SysTick, without an interrupt.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// The greatest number of cycles that it tells from none.
pub const RANGE: u32 = 0x00FF_FFFF;

/// Starts the clock, once. Nothing if that was done before.
pub fn start() -> Option<()> {
    let mut timer = cortex_m::Peripherals::take()?.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(RANGE);
    timer.clear_current();
    timer.enable_counter();
    Some(())
}

/// What came of the work, and the cycles that it took.
pub fn timed<R>(work: impl FnOnce() -> R) -> (R, u32) {
    let start = SYST::get_current();
    let result = work();
    // It counts down.
    (result, start.wrapping_sub(SYST::get_current()) & RANGE)
}
