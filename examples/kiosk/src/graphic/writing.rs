//! Words in a rectangle, in the language of the screen.

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::primitives::Rectangle;

#[cfg(feature = "hindi")]
use super::hindi::Pictures;
use super::lettering::Letters;
use crate::words::{Language, Words};

/// Words as they are drawn.
#[derive(Clone, Copy)]
pub(super) enum Writing {
    /// In letters.
    Text(Letters, &'static str),
    /// In pictures.
    #[cfg(feature = "hindi")]
    Pictures(Pictures),
}

impl Writing {
    /// As large as fits, at most so many times 20 dots high, into so many lines of this width.
    pub(super) fn fitting(words: Words, language: Language, width: u32, scale: u32, lines: usize) -> Self {
        match language {
            #[cfg(feature = "hindi")]
            Language::Hindi => {
                // A line of them is half as high again as one of letters, or twice as high.
                let room = embedded_graphics::geometry::Size::new(width, 20 * scale * lines as u32);
                Self::Pictures(Pictures::fitting(words, room, scale.div_ceil(2)))
            }
            Language::English => {
                let text = words.text(language);
                Self::Text(Letters::fitting(text, width, scale, lines), text)
            }
        }
    }

    /// Dots of the height of all lines.
    pub(super) fn height_in(self, width: u32) -> u32 {
        match self {
            Self::Text(letters, text) => letters.height_of(text, width),
            #[cfg(feature = "hindi")]
            Self::Pictures(pictures) => pictures.height_in(width),
        }
    }

    /// Draws the lines, each in the middle of the width, from `top` on. The answer is where the next line would be.
    pub(super) fn draw<D: DrawTarget>(
        self,
        across: Rectangle,
        top: i32,
        ink: D::Color,
        display: &mut D,
    ) -> Result<i32, D::Error> {
        match self {
            Self::Text(letters, text) => letters.draw(text, across, top, ink, display),
            #[cfg(feature = "hindi")]
            Self::Pictures(pictures) => pictures.draw(across, top, ink, display),
        }
    }
}
