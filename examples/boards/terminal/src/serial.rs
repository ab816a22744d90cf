//! The serial line: a terminal program on the other end shows what is written, and draws the QR.

use core::cell::RefCell;
use core::fmt::{self, Write};

/// The serial line, for two that write to it: the screen and the report. Neither keeps it.
pub(crate) struct Line<'a, W>(pub(crate) &'a RefCell<W>);

impl<W: Write> Write for Line<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_borrow_mut().map_err(|_| fmt::Error)?.write_str(text)
    }
}
