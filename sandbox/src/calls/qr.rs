//! QR codes as the gateway sends them: a 320 x 320 PNG, 8-bit RGB, in a data URL.

use base64::{Engine, engine::general_purpose::STANDARD};
use qrcode::{Color, EcLevel, QrCode};

/// Width and height of the image, in pixels.
const SIDE: usize = 320;

/// `data:image/png;base64,…` of a code for `text`; `None` if `text` is too long for one.
pub(crate) fn data_url(text: &str) -> Option<String> {
    let png = image(text)?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

fn image(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let modules = code.to_colors();
    let width = code.width();
    // Four modules of quiet zone on each side at least, as the standard asks.
    let scale = SIDE / (width + 8);
    let margin = (SIDE - width * scale) / 2;
    let dark = |pixel: usize| {
        let module = |at: usize| at.checked_sub(margin).map(|at| at / scale).filter(|at| *at < width);
        match (module(pixel % SIDE), module(pixel / SIDE)) {
            (Some(x), Some(y)) => modules[y * width + x] == Color::Dark,
            _ => false,
        }
    };
    if scale == 0 {
        return None;
    }
    let pixels: Vec<u8> = (0..SIDE * SIDE).flat_map(|pixel| if dark(pixel) { [0; 3] } else { [255; 3] }).collect();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, u32::try_from(SIDE).ok()?, u32::try_from(SIDE).ok()?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Packed loosely, so that the image is about as large as the gateway's (7 KB) and fills a client's buffer alike.
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(png)
}

#[cfg(test)]
mod tests {
    use super::image;

    #[test]
    fn the_image_is_like_the_gateways() {
        let text = format!(
            "upi://pay?pa=sandbox@testbank&pn=Sandbox&tr=ATC1457655315005187584&am=10.15&cu=INR&mode=00&purpose=00&mc=5399&tn={}",
            "n".repeat(45)
        );
        let png = image(&text).expect("an image");
        assert!((2_000..12_000).contains(&png.len()), "{}", png.len());
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!(
            (info.width, info.height, info.color_type, info.bit_depth),
            (320, 320, png::ColorType::Rgb, png::BitDepth::Eight)
        );
        assert!(image(&"x".repeat(4000)).is_none());
    }
}
