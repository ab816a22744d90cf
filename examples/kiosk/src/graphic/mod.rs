//! A screen of dots: for any display with a driver for `embedded-graphics` 0.8, of 320×240 dots or more, colour or monochrome.

#[cfg(feature = "hindi")]
mod hindi;
mod lettering;
mod palette;
mod parts;
mod screen;
mod sign;
mod writing;

pub use palette::Palette;
pub use screen::GraphicScreen;
