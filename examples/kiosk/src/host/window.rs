//! A window of the desktop with a screen's pictures.

use core::time::Duration;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, anyhow};
use embedded_graphics::geometry::Size;
use minifb::{Scale, Window, WindowOptions};

/// How often the window is drawn anew: it may have been covered by another.
const DRAWN: Duration = Duration::from_millis(50);
/// How long the last picture stays when the program is done.
const LAST: Duration = Duration::from_secs(3);

/// Shows pictures in a window, on a thread of its own. If somebody closes the window, the sale goes on.
pub(crate) struct Pane {
    /// `None`: there are no more.
    pictures: Option<Sender<Vec<u32>>>,
    thread: Option<JoinHandle<()>>,
}

impl Pane {
    /// Opens a window for pictures of this size. It shows each of their pixels as two by two.
    ///
    /// # Errors
    /// The desktop has none: no X server, say.
    pub(crate) fn open(size: Size) -> anyhow::Result<Self> {
        let (pictures, taken) = mpsc::channel();
        let (opened, is_open) = mpsc::channel();
        let thread = thread::Builder::new().name("window".to_owned()).spawn(move || show(size, &opened, &taken))?;
        is_open.recv().context("no answer").and_then(|opened| opened.map_err(|error| anyhow!(error)))?;
        Ok(Self { pictures: Some(pictures), thread: Some(thread) })
    }

    /// The next picture: 0x00RRGGBB, row by row.
    pub(crate) fn show(&self, picture: Vec<u32>) {
        if let Some(pictures) = &self.pictures {
            // Where the window was closed nobody takes it.
            let _ = pictures.send(picture);
        }
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        self.pictures = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn show(size: Size, opened: &Sender<Result<(), String>>, pictures: &Receiver<Vec<u32>>) {
    let (width, height) = (size.width as usize, size.height as usize);
    let options = WindowOptions { scale: Scale::X2, ..WindowOptions::default() };
    let window = Window::new("Kiosk", width, height, options);
    let _ = opened.send(window.as_ref().map(drop).map_err(ToString::to_string));
    let Ok(mut window) = window else { return };
    let mut picture = vec![0; width * height];
    let mut draw = |picture: &[u32]| window.is_open() && window.update_with_buffer(picture, width, height).is_ok();
    loop {
        match pictures.recv_timeout(DRAWN) {
            Ok(next) => picture = next,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if !draw(&picture) {
            return;
        }
    }
    for _ in 0..LAST.as_millis() / DRAWN.as_millis() {
        if !draw(&picture) {
            return;
        }
        thread::sleep(DRAWN);
    }
}
