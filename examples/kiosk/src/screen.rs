//! What the shopper sees.

use crate::notice::Notice;

/// The screen of a kiosk. The language is the screen's own.
pub trait Screen {
    /// Shows this until the next call. What was shown before is gone, a code above all.
    fn show(&mut self, notice: Notice<'_>);

    /// The shopper has so many seconds left for what is shown, at least one. Called while [`Notice::left_s`] has one, each
    /// second at most. A screen that cannot replace a part of what it shows does nothing.
    fn left(&mut self, seconds: u32) {
        let _ = seconds;
    }
}

impl<S: Screen + ?Sized> Screen for &mut S {
    fn show(&mut self, notice: Notice<'_>) {
        (**self).show(notice);
    }

    fn left(&mut self, seconds: u32) {
        (**self).left(seconds);
    }
}
