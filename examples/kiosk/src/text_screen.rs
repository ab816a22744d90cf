//! A terminal as the screen of a kiosk: a person's window, or a serial line with a terminal program on its other end.

use core::fmt::{self, Write};

use crate::notice::{Act, Notice, Price};
use crate::qr::QrPicture;
use crate::screen::Screen;
use crate::words::{Language, Words};

/// Writes a line for each notice, and draws a code of blocks. What `out` does not take is lost, as on a screen that is off.
#[derive(Clone, Debug)]
pub struct TextScreen<W> {
    out: W,
    language: Language,
    end: &'static str,
}

impl<W: Write> TextScreen<W> {
    /// A terminal whose lines end with this: `"\n"`, or `"\r\n"` on a serial line.
    pub const fn new(out: W, language: Language, end: &'static str) -> Self {
        Self { out, language, end }
    }

    fn write(&mut self, notice: Notice<'_>) -> fmt::Result {
        let (on, Price { amount, .. }) = match notice {
            Notice::Say(words) => return self.line(words, format_args!("")),
            Notice::Act { on, price, .. } => (on, price),
        };
        match on {
            Act::Code(picture) => {
                self.line(Words::ScanToPay, format_args!(" {amount}"))?;
                self.draw(&picture)
            }
            // A line of text cannot show it. `--method upi-link` is the way here.
            Act::Image(image) => self.line(Words::ScanToPay, format_args!(" (an image of {} bytes)", image.png_len())),
            // The rest of an address carries the session.
            Act::Page(url) | Act::Form(url, _) => self.line(Words::GoOnAt, format_args!(" {}", url.host())),
            Act::Transfer(details) => {
                self.line(Words::TransferTo, format_args!(" {}", details.account_number.unwrap_or("-")))
            }
            Act::Words(words) => self.line(words, format_args!("")),
        }
    }

    fn line(&mut self, words: Words, more: fmt::Arguments<'_>) -> fmt::Result {
        write!(self.out, "{}{more}{}", words.text(self.language), self.end)
    }

    /// Two rows of modules in a line of text, dark on light whatever the colours of the terminal.
    fn draw(&mut self, picture: &QrPicture<'_>) -> fmt::Result {
        let side = picture.size() + 2 * QrPicture::QUIET;
        for y in (0..side).step_by(2) {
            self.out.write_str("\x1b[97;40m")?;
            for x in 0..side {
                let light = |y| !picture.is_dark_framed(x, y);
                self.out.write_char(match (light(y), light(y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                })?;
            }
            write!(self.out, "\x1b[0m{}", self.end)?;
        }
        Ok(())
    }
}

impl<W: Write> Screen for TextScreen<W> {
    fn show(&mut self, notice: Notice<'_>) {
        let _ = self.write(notice);
    }
}
