//! The places that memory.x names, and overwriting them.

use core::arch::asm;

/// Where the provisioned page begins: an address of the flash, as the processor sees it.
pub fn provisioned_address() -> usize {
    &raw const _provisioned as usize
}

/// The region of the journal: addresses of the flash, as the processor sees it.
pub(crate) fn journal_addresses() -> core::ops::Range<usize> {
    &raw const _journal_start as usize..&raw const _journal_end as usize
}

/// Overwrites what finished calls left on the stack: everything below the caller's frame.
#[inline(never)]
pub(crate) fn scrub_stack() {
    // SAFETY: only words below the stack pointer are written, which hold nothing that is alive; an interrupt would use the
    // same words, so they are off meanwhile. The loop keeps its state in registers and calls nothing.
    cortex_m::interrupt::free(|_| unsafe {
        asm!(
            "mov {top}, sp",
            "2:",
            "cmp {at}, {top}",
            "bhs 3f",
            "str {zero}, [{at}]",
            "adds {at}, #4",
            "b 2b",
            "3:",
            at = inout(reg) &raw const _stack_end => _,
            top = out(reg) _,
            zero = in(reg) 0,
            options(nostack),
        )
    });
}

/// Overwrites the stack and all variables, and starts the processor anew.
pub(crate) fn wipe_and_reset() -> ! {
    /// Application Interrupt and Reset Control Register: its address, its key with the request for a system reset.
    static RESET: [u32; 2] = [0xE000_ED0C, 0x05FA_0004];
    cortex_m::interrupt::disable();
    // SAFETY: interrupts are off and control never returns, so nobody sees the RAM again; the loops keep all their state in
    // registers, and what they read of memory lies in flash.
    unsafe {
        asm!(
            "2:",
            "cmp r0, r1",
            "bhs 3f",
            "str r4, [r0]",
            "adds r0, #4",
            "b 2b",
            "3:",
            "cmp r2, r3",
            "bhs 4f",
            "str r4, [r2]",
            "adds r2, #4",
            "b 3b",
            "4:",
            "ldr r0, [r5]",
            "ldr r1, [r5, #4]",
            "dsb",
            "str r1, [r0]",
            "5:",
            "b 5b",
            in("r0") &raw const _stack_end,
            in("r1") &raw const _stack_start,
            in("r2") &raw const _variables_start,
            in("r3") &raw const _variables_end,
            in("r4") 0,
            in("r5") &raw const RESET,
            options(noreturn),
        )
    }
}

unsafe extern "C" {
    /// One past the highest word of the stack.
    static _stack_start: u32;
    /// The lowest word of the stack.
    static _stack_end: u32;
    /// The lowest word of all other RAM.
    static _variables_start: u32;
    /// One past its highest word.
    static _variables_end: u32;
    /// The provisioned page.
    static _provisioned: u8;
    /// The first byte of the journal.
    static _journal_start: u8;
    /// One past its last.
    static _journal_end: u8;
}
