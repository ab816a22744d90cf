//! Hindi: each word is a picture. Devanagari is not letter beside letter, and shaping it takes more than a kiosk has.
//!
//! `tests/hindi.rs` draws the pictures with a font, and says what is in the file.

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::primitives::Rectangle;

use crate::words::Words;

/// For each of [`Words::ALL`] its length in two bytes, the lower first; then its height, and for each word its width and its rows,
/// eight dots in a byte, the first in the highest bit.
static PICTURES: &[u8] = include_bytes!("hindi.bin");

/// A text in pictures, each dot a square of `scale`.
#[derive(Clone, Copy)]
pub(super) struct Pictures {
    height: u8,
    words: &'static [u8],
    scale: u32,
}

impl Pictures {
    /// The largest that fit, at most so large, into this width and height. If none are small enough: the smallest.
    pub(super) fn fitting(words: Words, room: Size, scale: u32) -> Self {
        let mut texts = PICTURES;
        let mut next = || {
            let (length, rest) = texts.split_first_chunk()?;
            let (text, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
            texts = rest;
            Some(text)
        };
        let text = (0..=words as usize).map_while(|_| next()).last().unwrap_or_default();
        let (height, words) = text.split_first().unwrap_or((&0, &[]));
        let sizes = (1..=scale).rev().map(|scale| Self { height: *height, words, scale });
        let mut sizes = sizes.filter(|pictures| pictures.fit(room));
        sizes.next().unwrap_or(Self { height: *height, words, scale: 1 })
    }

    fn fit(self, room: Size) -> bool {
        self.pictures().all(|word| self.wide(word) <= room.width) && self.height_in(room.width) <= room.height
    }

    /// Dots of the height of all lines.
    pub(super) fn height_in(self, width: u32) -> u32 {
        self.lines(width).map(|_| self.height()).sum()
    }

    /// Draws the lines, each in the middle of the width, from `top` on. The answer is where the next line would be.
    pub(super) fn draw<D: DrawTarget>(
        self,
        across: Rectangle,
        top: i32,
        ink: D::Color,
        display: &mut D,
    ) -> Result<i32, D::Error> {
        let mut top = top;
        for (line, count, used) in self.lines(across.size.width) {
            let mut left = across.top_left.x + (across.size.width.saturating_sub(used) / 2) as i32;
            for word in line.take(count) {
                word.draw(Point::new(left, top), self.scale, ink, display)?;
                left += (self.wide(word) + self.blank()) as i32;
            }
            top += self.height() as i32;
        }
        Ok(top)
    }

    /// Each line: the words from its first on, how many are in it, and how wide they are.
    fn lines(self, width: u32) -> impl Iterator<Item = (Cut, usize, u32)> {
        let mut words = self.pictures();
        core::iter::from_fn(move || {
            let line = words.clone();
            let (mut count, mut used) = (0, 0);
            loop {
                let mut rest = words.clone();
                let Some(word) = rest.next() else { break };
                let more = self.wide(word) + if count > 0 { self.blank() } else { 0 };
                if count > 0 && used + more > width {
                    break;
                }
                (count, used, words) = (count + 1, used + more, rest);
            }
            (count > 0).then_some((line, count, used))
        })
    }

    fn pictures(self) -> Cut {
        Cut { height: self.height.into(), rest: self.words }
    }

    fn height(self) -> u32 {
        u32::from(self.height) * self.scale
    }

    fn blank(self) -> u32 {
        self.height() / 4
    }

    fn wide(self, word: Picture) -> u32 {
        word.width * self.scale
    }
}

/// What is left of the words.
#[derive(Clone)]
struct Cut {
    height: usize,
    rest: &'static [u8],
}

impl Iterator for Cut {
    type Item = Picture;

    fn next(&mut self) -> Option<Picture> {
        let (width, rest) = self.rest.split_first()?;
        let row = usize::from(*width).div_ceil(8).max(1);
        let (rows, rest) = rest.split_at_checked(row * self.height)?;
        self.rest = rest;
        Some(Picture { width: u32::from(*width), row, rows })
    }
}

/// The picture of a word.
#[derive(Clone, Copy)]
struct Picture {
    width: u32,
    /// Bytes of a row.
    row: usize,
    rows: &'static [u8],
}

impl Picture {
    fn draw<D: DrawTarget>(self, at: Point, scale: u32, ink: D::Color, display: &mut D) -> Result<(), D::Error> {
        for (y, row) in (0..).zip(self.rows.chunks_exact(self.row)) {
            let dark = |x: u32| row.get(x as usize / 8).is_some_and(|byte| byte << (x % 8) & 0x80 != 0);
            for x in (0..self.width).filter(|x| dark(*x)) {
                let dot = Rectangle::new(at + Point::new(x as i32, y) * scale as i32, Size::new_equal(scale));
                display.fill_solid(&dot, ink)?;
            }
        }
        Ok(())
    }
}
