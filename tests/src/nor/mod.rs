//! A NOR flash as it behaves when the power goes: torn writes, torn erases, words that read differently after each boot,
//! words of ECC flashes that cannot be read at all. Strict about what a driver must not do.

mod flash;
mod power;
mod run;

pub use flash::{Nor, NorError};
pub use power::{Fault, Pace};
pub use run::{block_on, poll_times};
