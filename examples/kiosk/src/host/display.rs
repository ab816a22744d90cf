//! A terminal as the screen of a kiosk.

use kiosk::{QrPicture, Screen, Shown};

/// Writes to standard error.
pub(crate) struct Display;

impl Screen for Display {
    fn show(&mut self, shown: Shown<'_>) {
        match shown {
            Shown::Status(text) => eprintln!("{text}"),
            Shown::Qr(amount, picture) => eprintln!("Scan to pay {amount}\n{}", drawn(&picture)),
            Shown::Image(image) => eprintln!("Scan to pay (an image of {} bytes)", image.png_len()),
            // The rest of an address carries the session.
            Shown::Page(url) | Shown::Form(url, _) => eprintln!("Go on at {}", url.host()),
            Shown::Transfer(details) => eprintln!("Transfer to {}", details.account_number.unwrap_or("-")),
            _ => eprintln!("One moment"),
        }
    }
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
