//! A screen's pictures as the files of a folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::display::say;

/// The files of a folder: `0001.png`, `0002.png` and so on.
pub(crate) struct Pictures {
    dir: PathBuf,
    /// The number of the last.
    number: u32,
    last: Vec<u8>,
}

impl Pictures {
    /// Makes the folder if there is none, and goes on behind the pictures that are there.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
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
    pub(crate) fn add(&mut self, png: Vec<u8>) {
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
