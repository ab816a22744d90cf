//! The kiosk on a Cortex-M without an operating system or a heap, for the machines of QEMU in `machines`.
//!
//! The drivers below are the only place of the project with `unsafe`.

#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod board;
#[cfg(feature = "screen")]
mod display;
mod executor;
mod flash;
mod goods;
mod host;
mod journal;
mod lan9118;
mod lines;
#[cfg_attr(feature = "mps2-an386", path = "../machines/mps2-an386/machine.rs")]
#[cfg_attr(feature = "mps2-an500", path = "../machines/mps2-an500/machine.rs")]
#[cfg_attr(feature = "mps2-an505", path = "../machines/mps2-an505/machine.rs")]
mod machine;
mod offset;
mod panic;
mod program;
mod random;
mod rig;
#[cfg(not(feature = "screen"))]
mod screen;
mod semihosting;
mod time_driver;

use embassy_executor::Spawner;

#[cortex_m_rt::entry]
fn main() -> ! {
    // The only spawn of the task, whose pool has one place.
    executor::run(|spawner| spawner.spawn(kiosk(spawner).expect("the pool is empty")))
}

#[embassy_executor::task]
async fn kiosk(spawner: Spawner) {
    semihosting::exit(program::run(spawner).await)
}
