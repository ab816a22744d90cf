//! The interrupt table of programs that switch no interrupt on.

/// The only entry; nothing comes there.
// SAFETY: this is what the section is for, and the name is the one that the linker script asks for.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [usize; 1] = [0];
