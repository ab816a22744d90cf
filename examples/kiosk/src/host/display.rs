//! What the shopper sees: a terminal, and pictures of a display if they are wanted.

use std::fmt;
use std::io::{self, Write as _};

use kiosk::{Notice, Screen, TextScreen};

use crate::cli::Desktop;
use crate::pictures;

/// The screens.
pub(crate) struct Display {
    terminal: TextScreen<Stderr>,
    pictures: Option<Box<dyn Screen>>,
}

impl Display {
    /// As the command line says.
    pub(crate) fn open(desktop: &Desktop) -> anyhow::Result<Self> {
        let language = desktop.language.into();
        let screen = |dir| pictures::screen(dir, desktop.screen_size.into(), desktop.screen_mono, language);
        let pictures = desktop.screen_dir.as_deref().map(screen).transpose()?;
        Ok(Self { terminal: TextScreen::new(Stderr, language, "\n"), pictures })
    }
}

impl Screen for Display {
    fn show(&mut self, notice: Notice<'_>) {
        self.terminal.show(notice);
        if let Some(pictures) = &mut self.pictures {
            pictures.show(notice);
        }
    }

    fn left(&mut self, seconds: u32) {
        if let Some(pictures) = &mut self.pictures {
            pictures.left(seconds);
        }
    }
}

/// Writes to standard error. Where nobody reads it any more, the sale goes on.
pub(crate) struct Stderr;

impl fmt::Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        io::stderr().write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// A line on standard error.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = fmt::Write::write_fmt(&mut Stderr, format_args!("{line}\n"));
}
