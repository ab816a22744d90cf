//! A display of 320×240 dots in two colours: memory that the host can have as a picture. A product has a driver for its own here.

use core::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::framebuffer::{Framebuffer, buffer_size};
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::pixelcolor::raw::{BigEndian, RawU1};
use kiosk::{GraphicScreen, Language, Palette, Screen};
use static_cell::ConstStaticCell;

use crate::semihosting::{File, FileError};

/// The screen; each picture on it replaces this file of the host, if there is one. Once: a second call panics.
pub fn screen(picture: Option<&str>) -> impl Screen {
    static DOTS: ConstStaticCell<Dots> = ConstStaticCell::new(Dots::new());
    GraphicScreen::new(Panel(DOTS.take()), Palette::ON_IS_DARK, Language::English, move |panel: &mut Panel| {
        if let Some(path) = picture {
            // What the host does not take is lost, as on a display that is off.
            let _ = write(path, panel.0.data());
        }
    })
}

const WIDTH: usize = 320;
const HEIGHT: usize = 240;

/// A row after the other, eight dots in a byte, the first in its highest bit.
type Dots = Framebuffer<BinaryColor, RawU1, BigEndian, WIDTH, HEIGHT, { buffer_size::<BinaryColor>(WIDTH, HEIGHT) }>;

/// The display: its memory is lent, not moved.
struct Panel(&'static mut Dots);

impl DrawTarget for Panel {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        self.0.draw_iter(pixels)
    }
}

impl OriginDimensions for Panel {
    fn size(&self) -> Size {
        self.0.size()
    }
}

/// As a portable bitmap, in which a bit that is set is black.
fn write(path: &str, dots: &[u8]) -> Result<(), FileError> {
    let file = File::open(path, WRITE_BINARY)?;
    file.write(b"P4\n320 240\n")?;
    file.write(dots)
}

/// Mode "wb".
const WRITE_BINARY: usize = 5;
