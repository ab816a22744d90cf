//! The colours of a screen.

use embedded_graphics::pixelcolor::{BinaryColor, Rgb565, RgbColor, WebColors};

/// What is drawn in which colour. The paper must be lighter than the ink: not every app reads a code that is a negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Palette<C> {
    /// The light background.
    pub paper: C,
    /// Text, and the dark modules of a code.
    pub ink: C,
    /// The sign of what went well.
    pub good: C,
    /// The sign of what did not.
    pub bad: C,
    /// The sign of what goes on.
    pub busy: C,
}

impl Palette<Rgb565> {
    /// Black on white, with green, red and blue signs.
    pub const COLOUR: Self = Self {
        paper: Rgb565::WHITE,
        ink: Rgb565::BLACK,
        good: Rgb565::CSS_GREEN,
        bad: Rgb565::CSS_FIRE_BRICK,
        busy: Rgb565::CSS_ROYAL_BLUE,
    };
}

impl Palette<BinaryColor> {
    /// For a display on which [`BinaryColor::On`] is the lighter of both, as on an OLED.
    pub const ON_IS_LIGHT: Self = Self::two(BinaryColor::On, BinaryColor::Off);

    /// For a display on which [`BinaryColor::On`] is the darker of both, as on most LCDs and on electronic paper.
    pub const ON_IS_DARK: Self = Self::two(BinaryColor::Off, BinaryColor::On);

    const fn two(paper: BinaryColor, ink: BinaryColor) -> Self {
        Self { paper, ink, good: ink, bad: ink, busy: ink }
    }
}
