//! "Arm MPS2 with image AN505": a Cortex-M33 with TrustZone. The program stays in the secure state that the processor starts in, so
//! everything is at its secure address, which is the other one with bit 28 set.

/// The core's clock, in hertz.
pub const CORE_HZ: u32 = 20_000_000;

/// Where the Ethernet controller is.
pub const ETHERNET_BASE: usize = 0x5200_0000;

/// The interrupt line of the Ethernet controller.
pub const ETHERNET_LINE: u16 = 48;

/// Interrupt lines up to that of the last device.
pub const LINES: usize = 128;
