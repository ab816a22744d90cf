//! What the shopper sees: a terminal, and the pictures of a display if they are wanted.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::Context as _;
use embedded_graphics::pixelcolor::{IntoStorage, PixelColor, Rgb888};
use kiosk::{GraphicScreen, Notice, Palette, Screen, TextScreen};

use crate::canvas::Canvas;
use crate::cli::Desktop;
use crate::pictures::Pictures;
use crate::window::Pane;

/// The screens.
pub(crate) struct Display {
    terminal: TextScreen<Stderr>,
    /// What a display would show.
    pictures: Option<Box<dyn Screen>>,
}

impl Display {
    /// As the command line says.
    pub(crate) fn open(desktop: &Desktop) -> anyhow::Result<Self> {
        let pictures = if !desktop.has_pictures() {
            None
        } else if desktop.screen_mono {
            Some(graphic(desktop, Palette::ON_IS_LIGHT)?)
        } else {
            Some(graphic(desktop, Palette::COLOUR)?)
        };
        Ok(Self { terminal: TextScreen::new(Stderr, desktop.language.into(), "\n"), pictures })
    }
}

/// A screen whose pictures go into a folder, into a window, or both.
fn graphic<C>(desktop: &Desktop, palette: Palette<C>) -> anyhow::Result<Box<dyn Screen>>
where
    C: PixelColor + Into<Rgb888> + 'static,
{
    let size = desktop.screen_size.into();
    let files = |dir| Pictures::open(dir).with_context(|| format!("--screen-dir: cannot use {}", dir.display()));
    let mut files = desktop.screen_dir.as_deref().map(files).transpose()?;
    let open = || Pane::open(size).context("--window: this desktop opens none");
    let pane = desktop.window.then(open).transpose()?;
    let canvas = Canvas::new(size, palette.paper);
    Ok(Box::new(GraphicScreen::new(canvas, palette, desktop.language.into(), move |canvas: &mut Canvas<C>| {
        if let Some(files) = &mut files {
            files.add(canvas.png());
        }
        if let Some(pane) = &pane {
            pane.show(canvas.dots().map(IntoStorage::into_storage).collect());
        }
    })))
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
