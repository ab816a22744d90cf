//! The screen.

use core::fmt;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::primitives::Rectangle;

use super::lettering::{Letters, Short};
use super::palette::Palette;
use super::parts::Parts;
use super::sign;
use super::writing::Writing;
use crate::notice::{Act, Notice, Price};
use crate::qr::QrPicture;
use crate::screen::Screen;
use crate::words::{Language, Words};

/// A display as the screen of a kiosk.
///
/// It is made for 320×240 and 480×320 dots; on others letters and code take what room there is, on those of less than 240 rows a code
/// may be too large, and the words for that are shown. What the display does not take is lost, as on a screen that is off.
/// The gateway's QR image is not drawn: let the kiosk ask for links.
pub struct GraphicScreen<D: DrawTarget, F> {
    display: D,
    palette: Palette<D::Color>,
    language: Language,
    ready: F,
    /// The words that are shown alone.
    said: Option<Words>,
}

impl<D: DrawTarget, F: FnMut(&mut D)> GraphicScreen<D, F> {
    /// A screen on this display. `ready` is called with the display when a picture is complete: to send it there, if the display's
    /// driver draws into memory first.
    pub const fn new(display: D, palette: Palette<D::Color>, language: Language, ready: F) -> Self {
        Self { display, palette, language, ready, said: None }
    }

    /// The display.
    pub const fn display(&self) -> &D {
        &self.display
    }

    fn draw(&mut self, notice: &Notice<'_>) -> Result<(), D::Error> {
        let parts = Parts::of(self.display.bounding_box());
        self.display.fill_solid(&parts.all, self.palette.paper)?;
        match notice {
            Notice::Say(words) => self.say(&parts, *words),
            Notice::Act { on, price, left_s } => {
                self.ask(&parts, on, price)?;
                self.time(&parts, *left_s)
            }
        }
    }

    fn ask(&mut self, parts: &Parts, on: &Act<'_>, price: &Price<'_>) -> Result<(), D::Error> {
        match on {
            Act::Code(picture) => match scale(picture, parts.code.size) {
                Some(scale) => {
                    self.code(parts.code, picture, scale)?;
                    self.price(parts, price)
                }
                None => self.words(parts, Words::CodeNotDrawn, ""),
            },
            Act::Image(_) => self.words(parts, Words::CodeNotDrawn, ""),
            // The rest of an address carries the session.
            Act::Page(url) | Act::Form(url, _) => self.words(parts, Words::GoOnAt, url.host()),
            Act::Transfer(details) => self.words(parts, Words::TransferTo, details.account_number.unwrap_or("-")),
            Act::Words(words) => self.words(parts, *words, ""),
        }
    }

    /// A sign, and words below it, in the middle of all.
    fn say(&mut self, parts: &Parts, words: Words) -> Result<(), D::Error> {
        let across = parts.inside();
        let writing = Writing::fitting(words, self.language, across.size.width, parts.scale, 3);
        let (side, gap) = (sign::SIDE * 2 * parts.scale, 4 * parts.margin);
        let height = side + gap + writing.height_in(across.size.width);
        let top = across.top_left.y + (across.size.height.saturating_sub(height) / 2) as i32;
        let left = across.top_left.x + (across.size.width.saturating_sub(side) / 2) as i32;
        sign::draw(words, Point::new(left, top), 2 * parts.scale, &self.palette, &mut self.display)?;
        writing.draw(across, top + (side + gap) as i32, self.palette.ink, &mut self.display)?;
        Ok(())
    }

    /// Words, and more of them below, above the time.
    fn words(&mut self, parts: &Parts, words: Words, more: &str) -> Result<(), D::Error> {
        let (across, ink) = (parts.inside(), self.palette.ink);
        let writing = Writing::fitting(words, self.language, across.size.width, parts.scale, 3);
        let top = across.top_left.y + 2 * parts.margin as i32;
        let top = writing.draw(across, top, ink, &mut self.display)? + 2 * parts.margin as i32;
        let letters = Letters::fitting(more, across.size.width, parts.scale, 2);
        letters.draw(more, across, top, ink, &mut self.display)?;
        Ok(())
    }

    /// A code in the middle of `area`.
    fn code(&mut self, area: Rectangle, picture: &QrPicture<'_>, scale: u32) -> Result<(), D::Error> {
        let side = framed(picture);
        let free = area.size.saturating_sub(Size::new_equal(side * scale));
        let at = area.top_left + Point::new((free.width / 2) as i32, (free.height / 2) as i32);
        for y in 0..side {
            let dark = |x: u32| x < side && picture.is_dark_framed(x as usize, y as usize);
            let mut x = 0;
            while x < side {
                let mut end = x;
                while dark(end) {
                    end += 1;
                }
                let corner = at + Point::new((x * scale) as i32, (y * scale) as i32);
                if end > x {
                    let run = Rectangle::new(corner, Size::new((end - x) * scale, scale));
                    self.display.fill_solid(&run, self.palette.ink)?;
                }
                x = end + 1;
            }
        }
        Ok(())
    }

    /// What a code is for, beside it.
    fn price(&mut self, parts: &Parts, price: &Price<'_>) -> Result<(), D::Error> {
        let (across, ink) = (parts.beside, self.palette.ink);
        let width = across.size.width;
        let writing = Writing::fitting(Words::ScanToPay, self.language, width, parts.scale, 2);
        let top = writing.draw(across, across.top_left.y, ink, &mut self.display)?;
        let currency = price.currency.as_str();
        let letters = Letters::fitting(currency, width, 1, 1);
        let top = top + 4 * parts.margin as i32;
        let top = letters.draw(currency, across, top, ink, &mut self.display)?;
        let amount = Short::of(format_args!("{}", price.amount));
        let letters = Letters::fitting(amount.text(), width, parts.scale, 1);
        letters.draw(amount.text(), across, top, ink, &mut self.display)?;
        Ok(())
    }

    /// The time that is left, over what was there before.
    fn time(&mut self, parts: &Parts, left_s: u32) -> Result<(), D::Error> {
        let (across, ink) = (parts.time, self.palette.ink);
        self.display.fill_solid(&across, self.palette.paper)?;
        let writing = Writing::fitting(Words::TimeLeft, self.language, across.size.width, 1, 1);
        let top = writing.draw(across, across.top_left.y, ink, &mut self.display)?;
        let time = Short::of(format_args!("{}:{:02}", left_s / 60, left_s % 60));
        let letters = Letters::fitting(time.text(), across.size.width, parts.scale, 1);
        letters.draw(time.text(), across, top + parts.margin as i32, ink, &mut self.display)?;
        Ok(())
    }

    fn done(&mut self) {
        (self.ready)(&mut self.display);
    }
}

/// Modules in a row with the quiet zone.
fn framed(picture: &QrPicture<'_>) -> u32 {
    (picture.size() + 2 * QrPicture::QUIET) as u32
}

/// Dots in a row of each module: as many as there is room for.
fn scale(picture: &QrPicture<'_>, room: Size) -> Option<u32> {
    let scale = room.width.min(room.height) / framed(picture);
    (scale > 0).then_some(scale)
}

impl<D: DrawTarget, F: FnMut(&mut D)> Screen for GraphicScreen<D, F> {
    fn show(&mut self, notice: Notice<'_>) {
        let said = match notice {
            Notice::Say(words) => Some(words),
            Notice::Act { .. } => None,
        };
        if said.is_some() && said == self.said {
            return;
        }
        // What the display did not take is drawn again.
        let is_drawn = self.draw(&notice).is_ok();
        self.said = said.filter(|_| is_drawn);
        self.done();
    }

    fn left(&mut self, seconds: u32) {
        if self.said.is_none() {
            let _ = self.time(&Parts::of(self.display.bounding_box()), seconds);
            self.done();
        }
    }
}

impl<D: DrawTarget, F> fmt::Debug for GraphicScreen<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GraphicScreen({:?})", self.said)
    }
}
