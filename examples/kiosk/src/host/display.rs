//! A terminal as the screen of a kiosk.

use core::fmt;
use std::io::{self, Write as _};

use kiosk::{QrPicture, Screen, Shown};

/// Writes to standard error.
pub(crate) struct Display;

impl Screen for Display {
    fn show(&mut self, shown: Shown<'_>) {
        match shown {
            Shown::Status(text) => say(format_args!("{text}")),
            Shown::Qr(amount, picture) => say(format_args!("Scan to pay {amount}\n{}", drawn(&picture))),
            Shown::Image(image) => say(format_args!("Scan to pay (an image of {} bytes)", image.png_len())),
            // The rest of an address carries the session.
            Shown::Page(url) | Shown::Form(url, _) => say(format_args!("Go on at {}", url.host())),
            Shown::Transfer(details) => say(format_args!("Transfer to {}", details.account_number.unwrap_or("-"))),
            _ => say(format_args!("One moment")),
        }
    }
}

/// A line on standard error. Where nobody reads it any more, the sale goes on.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Two rows of modules in a line of text, dark on light whatever the colours of the terminal.
fn drawn(picture: &QrPicture<'_>) -> String {
    let side = picture.size() + 8;
    let light = |x: usize, y: usize| match (x.checked_sub(4), y.checked_sub(4)) {
        (Some(x), Some(y)) => !picture.is_dark(x, y),
        _ => true,
    };
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        text.push_str("\x1b[97;40m");
        text.extend((0..side).map(|x| match (light(x, y), light(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        text.push_str("\x1b[0m\n");
    }
    text
}
