//! QR codes in the terminal, as small as they can be, and as an image: from a link, or out of the gateway's image.

use std::io::Cursor;

use png::{ColorType, Decoder, Encoder, Transformations};
use qrcode::{Color, EcLevel, QrCode};

/// The dark and light squares of a code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Modules {
    width: usize,
    dark: Vec<bool>,
}

/// Quiet zone, in modules (ISO/IEC 18004 asks for four; phones make do with two).
const QUIET: usize = 2;
/// Pixels of a module, each way, in images that are made here.
const PIXELS: usize = 8;
/// No image is larger: the gateway's have 320 pixels a side.
const SIDE_MAX: u32 = 4096;

/// Rows of the smallest usual terminal, without the one that the cursor is on.
const ROWS: usize = 23;

/// A code for this text; `None` if it is too long. It can be damaged by 15 % (level M) if it fits a terminal even so, else by 7 %
/// (level L).
pub(super) fn from_text(text: &str) -> Option<Modules> {
    let code = |level| {
        let code = QrCode::with_error_correction_level(text, level).ok()?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Modules { width: code.width(), dark })
    };
    code(EcLevel::M).filter(Modules::fits).or_else(|| code(EcLevel::L))
}

/// The code in an image that shows it upright and to scale, as the gateway's do.
///
/// # Errors
/// Why not, as a clause.
pub(super) fn from_png(png: &[u8]) -> Result<Modules, &'static str> {
    let (side, dark) = pixels(png)?;
    let at = |x: usize, y: usize| dark.get(y * side + x).copied().unwrap_or(false);
    let no_code = "no QR code is seen in it";
    let first = dark.iter().position(|dark| *dark).ok_or(no_code)?;
    let (left, top) = (first % side, first / side);
    // The first dark row begins with the seven modules of a finder pattern, and ends with another.
    let run = (left..side).take_while(|x| at(*x, top)).count();
    let right = (left..side).rev().find(|x| at(*x, top)).ok_or(no_code)?;
    let span = right + 1 - left;
    let width = (span * 7 + run / 2) / run;
    if !(21..=177).contains(&width) || width % 4 != 1 || span < width {
        return Err(no_code);
    }
    // The middle of each module, so that a pixel of error does no harm.
    let middle = |start: usize, index: usize| start + (2 * index + 1) * span / (2 * width);
    let modules: Vec<bool> =
        (0..width * width).map(|index| at(middle(left, index % width), middle(top, index / width))).collect();
    let code = Modules { width, dark: modules };
    let corners = [(0, 0), (width - 7, 0), (0, width - 7)];
    if corners.into_iter().all(|(x, y)| code.is_finder(x, y)) { Ok(code) } else { Err(no_code) }
}

/// Side and darkness of a square image.
fn pixels(png: &[u8]) -> Result<(usize, Vec<bool>), &'static str> {
    let bad = "it is not a PNG that can be read";
    let mut decoder = Decoder::new(Cursor::new(png));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|_| bad)?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width != height || width > SIDE_MAX {
        return Err("it is not square, or too large");
    }
    let mut bytes = vec![0; reader.output_buffer_size().ok_or(bad)?];
    let frame = reader.next_frame(&mut bytes).map_err(|_| bad)?;
    let (colours, alpha) = match frame.color_type {
        ColorType::Grayscale => (1, 0),
        ColorType::GrayscaleAlpha => (1, 1),
        ColorType::Rgb => (3, 0),
        ColorType::Rgba => (3, 1),
        ColorType::Indexed => return Err(bad),
    };
    let is_dark = |pixel: &[u8]| {
        let (colour, alpha) = pixel.split_at(colours);
        let sum: usize = colour.iter().map(|byte| usize::from(*byte)).sum();
        sum < 128 * colours && alpha.first().is_none_or(|alpha| *alpha >= 128)
    };
    let side = usize::try_from(width).map_err(|_| bad)?;
    let dark: Vec<bool> = bytes.chunks_exact(colours + alpha).map(is_dark).collect();
    if dark.len() < side * side { Err(bad) } else { Ok((side, dark)) }
}

impl Modules {
    fn is_dark(&self, x: Option<usize>, y: Option<usize>) -> bool {
        match (x, y) {
            (Some(x), Some(y)) if x < self.width => self.dark.get(y * self.width + x).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// Rings of 7, 5 and 3 modules (ISO/IEC 18004, section 6.3.3).
    fn is_finder(&self, left: usize, top: usize) -> bool {
        (0..49_usize).all(|index| {
            let (x, y) = (index % 7, index / 7);
            let ring = x.abs_diff(3).max(y.abs_diff(3));
            self.is_dark(Some(left + x), Some(top + y)) == (ring != 2)
        })
    }

    /// Lines of text that `draw` makes of it.
    pub(super) const fn rows(&self) -> usize {
        (self.width + 2 * QUIET).div_ceil(2)
    }

    /// A terminal of 24 rows shows all of it.
    pub(super) const fn fits(&self) -> bool {
        self.rows() <= ROWS
    }

    /// Black on white, with the whole quiet zone: for phones that are far away.
    pub(super) fn png(&self) -> Option<Vec<u8>> {
        let side = (self.width + 8) * PIXELS;
        let module = |pixel: usize| (pixel / PIXELS).checked_sub(4);
        let pixels: Vec<u8> = (0..side * side)
            .map(|index| if self.is_dark(module(index % side), module(index / side)) { 0 } else { 255 })
            .collect();
        let (mut png, side) = (Vec::new(), u32::try_from(side).ok()?);
        let mut encoder = Encoder::new(&mut png, side, side);
        encoder.set_color(ColorType::Grayscale);
        encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
        Some(png)
    }

    /// What the code says; `None` if it cannot be read.
    pub(super) fn read(&self) -> Option<String> {
        let image = rqrr::SimpleGrid::from_func(self.width, |x, y| self.is_dark(Some(x), Some(y)));
        Some(rqrr::Grid::new(image).decode().ok()?.1)
    }

    /// Two modules a character, one above the other. `colours`: black on white, whatever the terminal's own are.
    pub(super) fn draw(&self, colours: bool) -> String {
        let (start, end) = if colours { ("\u{1b}[30;107m", "\u{1b}[0m") } else { ("", "") };
        let side = self.width + 2 * QUIET;
        let mut out = String::new();
        for y in (0..side).step_by(2) {
            out.push_str(start);
            for x in 0..side {
                let dark = |y: usize| self.is_dark(x.checked_sub(QUIET), y.checked_sub(QUIET));
                out.push(match (dark(y), dark(y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            out.push_str(end);
            out.push('\n');
        }
        out.truncate(out.trim_end_matches('\n').len());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "upi://pay?pa=sandbox.pay@testbank&pn=Sandbox&tr=ATC1457655315005187584&am=10.15&cu=INR&mode=00";

    /// `modules` as a PNG, each `scale` pixels wide, with a margin.
    fn png(modules: &Modules, scale: usize, margin: usize, depth: png::BitDepth, color: ColorType) -> Vec<u8> {
        let side = modules.width * scale + 2 * margin;
        let dark = |x: usize, y: usize| {
            let module = |at: usize| at.checked_sub(margin).map(|at| at / scale);
            modules.is_dark(module(x), module(y))
        };
        let mut data = Vec::new();
        for y in 0..side {
            match (depth, color) {
                (png::BitDepth::One, _) => {
                    data.extend((0..side).step_by(8).map(|x| {
                        (0..8).fold(0_u8, |byte, bit| byte << 1 | u8::from(x + bit < side && !dark(x + bit, y)))
                    }))
                }
                _ => data.extend((0..side).flat_map(|x| if dark(x, y) { [0; 3] } else { [255; 3] })),
            }
        }
        let mut out = Vec::new();
        let side = u32::try_from(side).unwrap();
        let mut encoder = png::Encoder::new(&mut out, side, side);
        encoder.set_depth(depth);
        encoder.set_color(color);
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        out
    }

    // Mutant: `QUIET` taken off the middle, or the width computed without rounding, gives other modules.
    #[test]
    fn an_image_gives_its_code_back() {
        let code = from_text(LINK).unwrap();
        for (scale, margin) in [(1, 0), (2, 3), (5, 7), (6, 32), (7, 1)] {
            assert_eq!(
                from_png(&png(&code, scale, margin, png::BitDepth::Eight, ColorType::Rgb)),
                Ok(from_text(LINK).unwrap())
            );
            assert_eq!(
                from_png(&png(&code, scale, margin, png::BitDepth::One, ColorType::Grayscale)),
                Ok(from_text(LINK).unwrap())
            );
        }
    }

    #[test]
    fn a_code_is_read() {
        assert_eq!(from_text(LINK).unwrap().read().as_deref(), Some(LINK));
    }

    /// Meant to notice: level M whatever its size, and the version of the gateway's image.
    #[test]
    fn what_can_fit_24_rows_does() {
        // Version 6 has room for 134 bytes at level L, and for more where digits stand among them.
        for (length, rows, fits) in
            [(97, 23, true), (106, 23, true), (120, 23, true), (140, 23, true), (150, 25, false)]
        {
            let code = from_text(&format!("{LINK:n<length$}")).unwrap();
            let drawn = code.draw(false).lines().count();
            assert_eq!((drawn, code.rows(), code.fits()), (rows, rows, fits), "{length}");
        }
    }

    #[test]
    fn an_image_of_a_code_is_read_back() {
        let code = from_text(LINK).unwrap();
        assert_eq!(from_png(&code.png().unwrap()), Ok(code));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        assert!(from_png(b"").is_err());
        assert!(from_png(b"\x89PNG\r\n\x1a\n").is_err());
        let blank = Modules { width: 25, dark: vec![false; 625] };
        assert!(from_png(&png(&blank, 3, 4, png::BitDepth::Eight, ColorType::Rgb)).is_err());
        let full = Modules { width: 25, dark: vec![true; 625] };
        assert!(from_png(&png(&full, 3, 4, png::BitDepth::Eight, ColorType::Rgb)).is_err());
    }

    #[test]
    fn drawing_has_two_modules_a_character() {
        let code = Modules { width: 2, dark: vec![true, false, true, true] };
        assert_eq!(code.draw(false).lines().nth(1), Some("  █▄  "));
    }
}
