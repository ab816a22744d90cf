//! "Arm MPS2 with image AN386": a Cortex-M4 with a floating point unit.

/// The core's clock, in hertz.
pub const CORE_HZ: u32 = 25_000_000;

/// Where the Ethernet controller is.
pub const ETHERNET_BASE: usize = 0x4020_0000;

/// The interrupt line of the Ethernet controller.
pub const ETHERNET_LINE: u16 = 13;

/// Interrupt lines.
pub const LINES: usize = 32;
