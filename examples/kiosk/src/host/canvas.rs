//! A display in memory, which becomes a PNG.

use core::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Size};
use embedded_graphics::pixelcolor::{PixelColor, Rgb888, RgbColor};

/// Dots, row by row.
pub struct Canvas<C> {
    size: Size,
    dots: Vec<C>,
}

impl<C: PixelColor + Into<Rgb888>> Canvas<C> {
    /// All of one colour.
    pub fn new(size: Size, colour: C) -> Self {
        Self { size, dots: vec![colour; size.width as usize * size.height as usize] }
    }

    /// Row by row.
    pub fn dots(&self) -> impl Iterator<Item = Rgb888> {
        self.dots.iter().map(|dot| (*dot).into())
    }

    /// As a file: 8 bits for each of red, green and blue.
    pub fn png(&self) -> Vec<u8> {
        let rgb = self.dots().flat_map(|dot| [dot.r(), dot.g(), dot.b()]);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&rgb.collect::<Vec<_>>())?;
            writer.finish()
        });
        written.expect("memory takes a picture of this size");
        file
    }
}

impl<C: PixelColor> OriginDimensions for Canvas<C> {
    fn size(&self) -> Size {
        self.size
    }
}

impl<C: PixelColor> DrawTarget for Canvas<C> {
    type Color = C;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<C>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(point, colour) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(point.x), usize::try_from(point.y)) else { continue };
            let width = self.size.width as usize;
            if x < width
                && let Some(dot) = self.dots.get_mut(y * width + x)
            {
                *dot = colour;
            }
        }
        Ok(())
    }
}
