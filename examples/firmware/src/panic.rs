//! The end of a program that went wrong: say where, leave nothing in memory.

use core::fmt::Write;
use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

use crate::semihosting::{self, Stdout};

/// Reports the place only: the message could hold a value that must not be seen. Where the compiler makes panics faults, to save
/// flash, it is `HardFault` that does this.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    if let Some(place) = info.location() {
        let (file, line) = (place.file(), place.line());
        let _ = writeln!(Stdout::new(), r#"{{"event":"panic","file":"{file}","line":{line}}}"#);
    }
    semihosting::wipe_and_exit()
}

// SAFETY: changes nothing but the output and never returns. After a stack overflow the processor cannot enter it and
// the emulator stops by itself.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    let _ = writeln!(Stdout::new(), r#"{{"event":"fault","pc":{}}}"#, frame.pc());
    semihosting::wipe_and_exit()
}
