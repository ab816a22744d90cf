//! Where things are on a screen of any size.

use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::primitives::Rectangle;

/// The parts of a screen.
///
/// ```text
/// +--------+-----+
/// |        | top |
/// |  code  +-----+
/// |        |time |
/// +--------+-----+
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// Everything.
    pub(super) all: Rectangle,
    /// For a code, with its quiet zone.
    pub(super) code: Rectangle,
    /// Beside it: what it is for, and the price.
    pub(super) beside: Rectangle,
    /// Below that: the time that is left.
    pub(super) time: Rectangle,
    /// Dots at the edge that stay free.
    pub(super) margin: u32,
    /// The largest letters, in units of 20 dots.
    pub(super) scale: u32,
}

impl Parts {
    pub(super) fn of(all: Rectangle) -> Self {
        let Size { width, height } = all.size;
        let (margin, scale) = ((height / 40).max(2), (width / 160).max(1));
        // Two thirds of the width, or the height if that is less: a code is a square.
        let code = (width * 21 / 32).min(height);
        let time = (20 * (scale + 1) + 3 * margin).min(height);
        let part = |x, y, width, height| {
            Rectangle::new(all.top_left + Point::new(x as i32, y as i32), Size::new(width, height))
        };
        let (left, wide) = (code, width.saturating_sub(code + margin));
        Self {
            all,
            code: part(0, 0, code, height),
            beside: part(left, 2 * margin, wide, height.saturating_sub(time + 2 * margin)),
            time: part(left, height - time, wide, time),
            margin,
            scale,
        }
    }

    /// All but the margin.
    pub(super) fn inside(&self) -> Rectangle {
        let size = self.all.size.saturating_sub(Size::new_equal(2 * self.margin));
        Rectangle::new(self.all.top_left + Point::new_equal(self.margin as i32), size)
    }
}
