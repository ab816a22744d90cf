//! The screen of a board that has none.

use kiosk::{Notice, Screen};

/// Takes what is shown and drops it; that it was shown is in the events. A product puts its display here, as `display.rs` does.
pub struct NoScreen;

impl Screen for NoScreen {
    fn show(&mut self, _: Notice<'_>) {}
}
