//! Text in a rectangle: as large as fits, in as few lines as it takes.

use core::fmt::{self, Write};

use embedded_graphics::Drawable;
use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Dimensions, OriginDimensions, Point, Size};
use embedded_graphics::mono_font::ascii::{FONT_6X10, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Baseline, Text};

/// Letters of one size.
#[derive(Clone, Copy)]
pub(super) struct Letters {
    font: &'static MonoFont<'static>,
    /// Dots of the screen in a row of each dot of the font.
    scale: u32,
}

impl Letters {
    /// The largest letters, at most so many times 20 dots high, in which the text takes at most so many lines of this width. If
    /// none are small enough: the smallest.
    pub(super) fn fitting(text: &str, width: u32, scale: u32, lines: usize) -> Self {
        let sizes = (1..=scale).rev().map(|scale| Self { font: &FONT_10X20, scale });
        let mut sizes = sizes.filter(|letters| letters.hold(text, width, lines));
        sizes.next().unwrap_or(Self { font: &FONT_6X10, scale: 1 })
    }

    /// Whether the text takes at most so many lines of this width, with no word broken.
    fn hold(self, text: &str, width: u32, lines: usize) -> bool {
        let letters = self.in_width(width);
        text.split(' ').all(|word| word.len() <= letters) && Lines { text, letters }.count() <= lines
    }

    /// Dots of a line's height.
    pub(super) const fn height(self) -> u32 {
        self.font.character_size.height * self.scale
    }

    /// Dots of the height of all lines.
    pub(super) fn height_of(self, text: &str, width: u32) -> u32 {
        let letters = self.in_width(width);
        Lines { text, letters }.map(|_| self.height()).sum()
    }

    /// Draws the text's lines, each in the middle of the width, from `top` on. The answer is where the next line would be.
    pub(super) fn draw<D: DrawTarget>(
        self,
        text: &str,
        across: Rectangle,
        top: i32,
        ink: D::Color,
        display: &mut D,
    ) -> Result<i32, D::Error> {
        let letters = self.in_width(across.size.width);
        let mut top = top;
        for line in (Lines { text, letters }) {
            let width = self.letter_width() * line.len() as u32;
            let left = across.top_left.x + (across.size.width.saturating_sub(width) / 2) as i32;
            let mut enlarged = Enlarged { display, at: Point::new(left, top), scale: self.scale };
            let style = MonoTextStyle::new(self.font, ink);
            Text::with_baseline(line, Point::zero(), style, Baseline::Top).draw(&mut enlarged)?;
            top += self.height() as i32;
        }
        Ok(top)
    }

    fn in_width(self, width: u32) -> usize {
        (width / self.letter_width()).max(1) as usize
    }

    fn letter_width(self) -> u32 {
        (self.font.character_size.width + self.font.character_spacing) * self.scale
    }
}

/// A text cut into lines of at most so many letters: between words, or within one that is longer. A letter is a byte: the fonts have
/// ASCII alone, and of a text with others no line is cut within a character.
struct Lines<'t> {
    text: &'t str,
    letters: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.text.is_empty() {
            return None;
        }
        let mut end = self.letters;
        if self.text.len() > end {
            // A blank right behind the line ends it, too.
            let words = self.text.bytes().take(end + 1).rposition(|byte| byte == b' ');
            end = words.filter(|end| *end > 0).unwrap_or(end);
        }
        while end < self.text.len() && !self.text.is_char_boundary(end) {
            end += 1;
        }
        let (line, rest) = self.text.split_at_checked(end).unwrap_or((self.text, ""));
        self.text = rest.trim_start_matches(' ');
        Some(line)
    }
}

/// A display on which each dot is a square of dots.
struct Enlarged<'d, D> {
    display: &'d mut D,
    at: Point,
    scale: u32,
}

impl<D: DrawTarget> DrawTarget for Enlarged<'_, D> {
    type Color = D::Color;
    type Error = D::Error;

    fn draw_iter<I: IntoIterator<Item = Pixel<D::Color>>>(&mut self, pixels: I) -> Result<(), D::Error> {
        let size = Size::new_equal(self.scale);
        pixels.into_iter().try_for_each(|Pixel(point, colour)| {
            self.display.fill_solid(&Rectangle::new(self.at + point * self.scale as i32, size), colour)
        })
    }
}

impl<D: Dimensions> OriginDimensions for Enlarged<'_, D> {
    fn size(&self) -> Size {
        self.display.bounding_box().size
    }
}

/// A short text, in place; what is too long is cut.
#[derive(Default)]
pub(super) struct Short {
    bytes: [u8; 24],
    used: usize,
}

impl Short {
    /// The text of these.
    pub(super) fn of(text: fmt::Arguments<'_>) -> Self {
        let mut short = Self::default();
        let _ = short.write_fmt(text);
        short
    }

    pub(super) fn text(&self) -> &str {
        self.bytes.get(..self.used).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            *self.bytes.get_mut(self.used).ok_or(fmt::Error)? = byte;
            self.used += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    /// Meant to notice: a word cut that fits a line of its own; a blank at a line's start; letters that are lost.
    #[test]
    fn lines_end_between_words_where_they_can() {
        for (text, letters, lines) in [
            ("Your money is being returned", 15, &["Your money is", "being returned"][..]),
            ("Scan to pay", 7, &["Scan to", "pay"]),
            ("Scan to pay", 11, &["Scan to pay"]),
            ("sandbox.cashfree.com", 8, &["sandbox.", "cashfree", ".com"]),
            ("a bcdefgh", 4, &["a", "bcde", "fgh"]),
            ("", 4, &[]),
            ("रुपये", 2, &["र", "ु", "प", "य", "े"]),
        ] {
            let cut: Vec<_> = Lines { text, letters }.collect();
            assert_eq!(cut, lines);
        }
    }
}
