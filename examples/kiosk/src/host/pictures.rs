//! A screen of dots whose pictures are files.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use embedded_graphics::geometry::Size;
use embedded_graphics::pixelcolor::{PixelColor, Rgb888};
use kiosk::{GraphicScreen, Language, Palette, Screen};

use crate::canvas::Canvas;
use crate::display::say;

/// A screen of this size; each new picture on it is the next PNG of the folder, which is made if there is none.
pub(crate) fn screen(dir: &Path, size: Size, mono: bool, language: Language) -> anyhow::Result<Box<dyn Screen>> {
    let pictures = Pictures::open(dir).with_context(|| format!("--screen-dir: cannot use {}", dir.display()))?;
    Ok(if mono {
        drawn(pictures, size, Palette::ON_IS_LIGHT, language)
    } else {
        drawn(pictures, size, Palette::COLOUR, language)
    })
}

fn drawn<C>(mut pictures: Pictures, size: Size, palette: Palette<C>, language: Language) -> Box<dyn Screen>
where
    C: PixelColor + Into<Rgb888> + 'static,
{
    let canvas = Canvas::new(size, palette.paper);
    Box::new(GraphicScreen::new(canvas, palette, language, move |canvas| pictures.add(canvas.png())))
}

/// The files of a folder: `0001.png`, `0002.png` and so on.
struct Pictures {
    dir: PathBuf,
    /// The number of the last.
    number: u32,
    last: Vec<u8>,
}

impl Pictures {
    /// Goes on behind the pictures that are there.
    fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut number = 0;
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            let its = name.to_str().and_then(|name| name.strip_suffix(".png")?.parse().ok());
            number = number.max(its.unwrap_or(0));
        }
        Ok(Self { dir: dir.to_owned(), number, last: Vec::new() })
    }

    /// The next file, unless the last has the same picture. If it cannot be written, the sale goes on.
    fn add(&mut self, png: Vec<u8>) {
        if png == self.last {
            return;
        }
        let number = self.number.saturating_add(1);
        let path = self.dir.join(format!("{number:04}.png"));
        // Not over another's: two kiosks may have one folder.
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        match file.and_then(|mut file| file.write_all(&png)) {
            Ok(()) => self.last = png,
            Err(error) => say(format_args!("--screen-dir: cannot write {}: {error}", path.display())),
        }
        self.number = number;
    }
}
