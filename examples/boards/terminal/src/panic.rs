//! The end of a program that went wrong: leave nothing in memory, start anew. A sale that it cut off is taken up from the journal.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

use crate::memory::wipe_and_reset;

/// Says nothing: the serial line belongs to what went wrong, and the message could hold a value that must not be seen.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    wipe_and_reset()
}

// SAFETY: never returns.
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    wipe_and_reset()
}
