//! A serial line as the screen of a kiosk: a terminal program on the other end draws the QR.

use core::cell::RefCell;
use core::fmt::{self, Write};

use kiosk::{QrPicture, Screen, Shown};

/// The serial line, for two that write to it: the screen and the report. Neither keeps it.
pub(crate) struct Line<'a, W>(pub(crate) &'a RefCell<W>);

impl<W: Write> Write for Line<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_borrow_mut().map_err(|_| fmt::Error)?.write_str(text)
    }
}

impl<W: Write> Screen for Line<'_, W> {
    /// What the line does not take is lost, as on a screen that is off.
    fn show(&mut self, shown: Shown<'_>) {
        let _ = match shown {
            Shown::Status(text) => writeln!(self, "{text}\r"),
            Shown::Qr(amount, picture) => writeln!(self, "Scan to pay {amount}\r").and_then(|()| draw(self, &picture)),
            // A display draws the image; a line of text cannot. `--method upi-link` is the way here.
            Shown::Image(image) => writeln!(self, "Scan to pay (an image of {} bytes)\r", image.png_len()),
            // The rest of an address carries the session.
            Shown::Page(url) | Shown::Form(url, _) => writeln!(self, "Go on at {}\r", url.host()),
            Shown::Transfer(details) => writeln!(self, "Transfer to {}\r", details.account_number.unwrap_or("-")),
            _ => writeln!(self, "One moment\r"),
        };
    }
}

/// Two rows of modules in a line of text, dark on light whatever the colours of the terminal.
fn draw(out: &mut impl Write, picture: &QrPicture<'_>) -> fmt::Result {
    let side = picture.size() + 2 * QUIET;
    let light = |x: usize, y: usize| match (x.checked_sub(QUIET), y.checked_sub(QUIET)) {
        (Some(x), Some(y)) => !picture.is_dark(x, y),
        _ => true,
    };
    for y in (0..side).step_by(2) {
        out.write_str("\x1b[97;40m")?;
        for x in 0..side {
            out.write_char(match (light(x, y), y + 1 < side && light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })?;
        }
        out.write_str("\x1b[0m\r\n")?;
    }
    Ok(())
}

/// Light modules around the picture, by ISO/IEC 18004.
const QUIET: usize = 4;
