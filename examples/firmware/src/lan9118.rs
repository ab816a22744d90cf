//! Driver for the SMSC LAN9118 Ethernet controller, interrupt driven.
//!
//! Register names and bits follow the data sheet "LAN9118" (Microchip DS00002266). Frames are copied through the
//! controller's FIFOs by the processor; there is no DMA. A frame is on the stack while it is looked at or made, and nowhere else.

use core::ptr;
use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::waitqueue::GenericAtomicWaker;

/// Largest Ethernet frame without its check sequence, in bytes.
pub const FRAME_MAX: usize = 1514;

/// The controller does not answer as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFound;

/// The controller.
pub struct Lan9118 {
    registers: Registers,
}

impl Lan9118 {
    /// Resets the controller at `base` and starts it. The caller then unmasks its interrupt line in the NVIC and calls
    /// [`Lan9118::on_interrupt`] from the handler; not before, because the line idles active until it is set up here.
    ///
    /// # Safety
    /// `base` must be the address of a LAN9118 on a 32-bit bus that nothing else uses.
    pub unsafe fn new(base: usize) -> Result<Self, NotFound> {
        let registers = Registers { base };
        if registers.read(BYTE_TEST) != BYTE_TEST_VALUE {
            return Err(NotFound);
        }
        registers.write(HW_CFG, HW_CFG_RESET);
        registers.wait_clear(HW_CFG, HW_CFG_RESET);
        registers.write(HW_CFG, HW_CFG_MUST_BE_ONE | HW_CFG_TX_FIFO_5K);
        registers.write(INT_EN, 0);
        registers.write(INT_STS, u32::MAX);
        registers.write(IRQ_CFG, IRQ_CFG_ENABLE | IRQ_CFG_ACTIVE_HIGH | IRQ_CFG_PUSH_PULL);
        registers.write(FIFO_INT, FIFO_INT_TX_LEVEL);
        registers.write_phy(PHY_CONTROL, PHY_AUTO_NEGOTIATE);
        registers.write_phy(PHY_INTERRUPT_MASK, PHY_LINK_EVENTS);
        registers.write_mac(MAC_CR, MAC_FULL_DUPLEX | MAC_TX_ENABLE | MAC_RX_ENABLE);
        registers.write(TX_CFG, TX_CFG_ON);
        Ok(Self { registers })
    }

    /// Stops further interrupts and has the network stack look at the controller, which allows them again.
    ///
    /// # Safety
    /// `base` must be the one given to [`Lan9118::new`], which must have returned.
    pub unsafe fn on_interrupt(base: usize) {
        Registers { base }.write(INT_EN, 0);
        WAKER.wake();
    }

    /// The next good frame, still in the FIFO; the others are taken out of it.
    fn next_frame(&mut self) -> Option<Received> {
        while (self.registers.read(RX_FIFO_INF) >> 16) & 0xFF != 0 {
            let status = self.registers.read(RX_STATUS);
            let whole = ((status >> 16) & 0x3FFF) as usize;
            let length = whole.saturating_sub(CHECK_SEQUENCE);
            let frame = Received { registers: self.registers, words: whole.div_ceil(4), length };
            if status & RX_STATUS_ERROR == 0 && (1..=FRAME_MAX).contains(&length) {
                return Some(frame);
            }
        }
        None
    }

    /// Registers for `event`, clears it, and says whether `look` finds nothing to do. Clear, look, enable, in this order:
    /// an event after the look is latched in INT_STS and interrupts as soon as it is enabled.
    fn arm<T>(&mut self, cx: &mut Context<'_>, event: u32, look: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        WAKER.register(cx.waker());
        self.registers.write(INT_STS, event);
        let found = look(self);
        if found.is_none() {
            critical_section::with(|_| {
                let enabled = self.registers.read(INT_EN);
                self.registers.write(INT_EN, enabled | event);
            });
        }
        found
    }

    /// Room for a whole frame and its commands.
    fn has_room(&mut self) -> bool {
        while (self.registers.read(TX_FIFO_INF) >> 16) & 0xFF != 0 {
            // The status of an earlier frame. TCP repeats what was lost.
            self.registers.read(TX_STATUS);
        }
        self.registers.read(TX_FIFO_INF) & 0xFFFF >= FRAME_ROOM
    }
}

impl Driver for Lan9118 {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sending;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received, Sending)> {
        // An answer to the frame must be possible, else it is left in the FIFO.
        if !self.has_room() {
            cx.waker().wake_by_ref();
            return None;
        }
        let received = match self.next_frame() {
            Some(received) => received,
            None => self.arm(cx, INT_RX_STATUS_LEVEL, Self::next_frame)?,
        };
        Some((received, Sending { registers: self.registers }))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Sending> {
        if !self.has_room() {
            // Rare and short: the FIFO holds several frames and empties at line speed. So look again, no interrupt.
            cx.waker().wake_by_ref();
            return None;
        }
        Some(Sending { registers: self.registers })
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        let state = self.arm(cx, INT_PHY, |nic| {
            // Reading acknowledges the event at the PHY.
            nic.registers.read_phy(PHY_INTERRUPT_SOURCE);
            None::<()>
        });
        debug_assert!(state.is_none());
        if self.registers.read_phy(PHY_STATUS) & PHY_LINK_UP == 0 { LinkState::Down } else { LinkState::Up }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME_MAX;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        let [a, b, c, d] = self.registers.read_mac(MAC_ADDRESS_LOW).to_le_bytes();
        let [e, f, ..] = self.registers.read_mac(MAC_ADDRESS_HIGH).to_le_bytes();
        HardwareAddress::Ethernet([a, b, c, d, e, f])
    }
}

/// One frame, in the words that the FIFOs take.
type Frame = [u32; FRAME_MAX.div_ceil(4)];

/// A frame that arrived and is still in the FIFO.
pub struct Received {
    registers: Registers,
    /// Words of it in the FIFO, with its check sequence.
    words: usize,
    length: usize,
}

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, f: F) -> R {
        let mut frame: Frame = [0; _];
        for place in frame.iter_mut().take(self.words) {
            *place = self.registers.read(RX_DATA);
            self.words -= 1;
        }
        f(&mut bytes_of(&mut frame)[..self.length])
    }
}

/// What is not looked at must still be taken out of the FIFO.
impl Drop for Received {
    fn drop(&mut self) {
        for _ in 0..self.words {
            self.registers.read(RX_DATA);
        }
    }
}

/// Leave to send one frame.
pub struct Sending {
    registers: Registers,
}

impl TxToken for Sending {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame: Frame = [0; _];
        let result = f(&mut bytes_of(&mut frame)[..length]);
        // `length` is at most FRAME_MAX (the slice above), so it fits the 11 bits of both commands.
        let size = length as u32;
        self.registers.write(TX_DATA, TX_FIRST_SEGMENT | TX_LAST_SEGMENT | size);
        self.registers.write(TX_DATA, size << 16 | size);
        for word in &frame[..length.div_ceil(4)] {
            self.registers.write(TX_DATA, *word);
        }
        result
    }
}

/// The words of a frame as bytes; the processor and the controller are both little-endian.
fn bytes_of(frame: &mut Frame) -> &mut [u8] {
    // SAFETY: u8 has no alignment and no invalid values, the length is that of the same memory, and the borrow is kept.
    unsafe { core::slice::from_raw_parts_mut(frame.as_mut_ptr().cast::<u8>(), size_of::<Frame>()) }
}

/// Woken by the interrupt handler; one controller, so one waker.
static WAKER: GenericAtomicWaker<CriticalSectionRawMutex> = GenericAtomicWaker::new(CriticalSectionRawMutex::new());

/// The controller's register file. Whoever makes one promises that `base` is right: see [`Lan9118::new`].
#[derive(Clone, Copy)]
struct Registers {
    base: usize,
}

impl Registers {
    fn read(self, offset: usize) -> u32 {
        // SAFETY: `base` is a LAN9118 by the contract of `Lan9118::new`, and all offsets are constants of this file.
        unsafe { ptr::read_volatile((self.base + offset) as *const u32) }
    }

    fn write(self, offset: usize, value: u32) {
        // SAFETY: as in `read`.
        unsafe { ptr::write_volatile((self.base + offset) as *mut u32, value) }
    }

    fn wait_clear(self, offset: usize, bits: u32) {
        while self.read(offset) & bits != 0 {}
    }

    fn read_mac(self, index: u32) -> u32 {
        self.wait_clear(MAC_CSR_CMD, MAC_CSR_BUSY);
        self.write(MAC_CSR_CMD, MAC_CSR_BUSY | MAC_CSR_READ | index);
        self.wait_clear(MAC_CSR_CMD, MAC_CSR_BUSY);
        self.read(MAC_CSR_DATA)
    }

    fn write_mac(self, index: u32, value: u32) {
        self.wait_clear(MAC_CSR_CMD, MAC_CSR_BUSY);
        self.write(MAC_CSR_DATA, value);
        self.write(MAC_CSR_CMD, MAC_CSR_BUSY | index);
        self.wait_clear(MAC_CSR_CMD, MAC_CSR_BUSY);
    }

    fn read_phy(self, index: u32) -> u32 {
        self.wait_phy();
        self.write_mac(MAC_MII_ACC, MII_PHY_ADDRESS | index << 6 | MII_BUSY);
        self.wait_phy();
        self.read_mac(MAC_MII_DATA) & 0xFFFF
    }

    fn write_phy(self, index: u32, value: u32) {
        self.wait_phy();
        self.write_mac(MAC_MII_DATA, value);
        self.write_mac(MAC_MII_ACC, MII_PHY_ADDRESS | index << 6 | MII_WRITE | MII_BUSY);
        self.wait_phy();
    }

    fn wait_phy(self) {
        while self.read_mac(MAC_MII_ACC) & MII_BUSY != 0 {}
    }
}

const RX_DATA: usize = 0x00;
const TX_DATA: usize = 0x20;
const RX_STATUS: usize = 0x40;
const TX_STATUS: usize = 0x48;
const IRQ_CFG: usize = 0x54;
const INT_STS: usize = 0x58;
const INT_EN: usize = 0x5C;
const BYTE_TEST: usize = 0x64;
const FIFO_INT: usize = 0x68;
const TX_CFG: usize = 0x70;
const HW_CFG: usize = 0x74;
const RX_FIFO_INF: usize = 0x7C;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xA4;
const MAC_CSR_DATA: usize = 0xA8;

const BYTE_TEST_VALUE: u32 = 0x8765_4321;
const HW_CFG_RESET: u32 = 1;
const HW_CFG_MUST_BE_ONE: u32 = 1 << 20;
const HW_CFG_TX_FIFO_5K: u32 = 5 << 16;
const IRQ_CFG_ENABLE: u32 = 1 << 8;
const IRQ_CFG_ACTIVE_HIGH: u32 = 1 << 4;
const IRQ_CFG_PUSH_PULL: u32 = 1;
const INT_PHY: u32 = 1 << 18;
const INT_RX_STATUS_LEVEL: u32 = 1 << 3;
/// Interrupt with the first frame received (levels of zero); the transmit level is the reset value and not used.
const FIFO_INT_TX_LEVEL: u32 = 0x4800_0000;
const TX_CFG_ON: u32 = 1 << 1;
const TX_FIRST_SEGMENT: u32 = 1 << 13;
const TX_LAST_SEGMENT: u32 = 1 << 12;
const RX_STATUS_ERROR: u32 = 1 << 15;
const MAC_CSR_BUSY: u32 = 1 << 31;
const MAC_CSR_READ: u32 = 1 << 30;

const MAC_CR: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;
const MAC_MII_ACC: u32 = 6;
const MAC_MII_DATA: u32 = 7;
const MAC_FULL_DUPLEX: u32 = 1 << 20;
const MAC_TX_ENABLE: u32 = 1 << 3;
const MAC_RX_ENABLE: u32 = 1 << 2;
/// The internal PHY has address 1.
const MII_PHY_ADDRESS: u32 = 1 << 11;
const MII_WRITE: u32 = 1 << 1;
const MII_BUSY: u32 = 1;

const PHY_CONTROL: u32 = 0;
const PHY_STATUS: u32 = 1;
const PHY_INTERRUPT_SOURCE: u32 = 29;
const PHY_INTERRUPT_MASK: u32 = 30;
/// Auto-negotiation on, and started.
const PHY_AUTO_NEGOTIATE: u32 = 0x1200;
const PHY_LINK_UP: u32 = 1 << 2;
/// Energy detected, auto-negotiation complete, link down.
const PHY_LINK_EVENTS: u32 = 0xD0;

/// Bytes of a frame's check sequence, which the controller hands over with the frame.
const CHECK_SEQUENCE: usize = 4;
/// Bytes of the transmit FIFO that a frame takes at most: itself, padded, and two command words.
const FRAME_ROOM: u32 = FRAME_MAX.next_multiple_of(4) as u32 + 8;
