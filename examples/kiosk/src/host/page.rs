//! `kiosk page FILE ARGUMENTS…`: what a board without files is given when it is set up.

use std::fs;

use anyhow::{Context, bail, ensure};
use kiosk::{Arguments, Page};
use rand_core::{OsRng, RngCore};
use zeroize::Zeroizing;

/// The longest that the boards read.
const MAX: usize = 6 * 1024;

/// Writes the page for these words to a new file.
pub(crate) fn write(words: &[String]) -> anyhow::Result<()> {
    let Some((file, words)) = words.split_first() else { bail!("page: the name of a file is missing") };
    let arguments = Arguments::parse(words.iter().map(String::as_str))?;
    ensure!(words.iter().all(|word| !word.contains(char::is_whitespace)), "page: a word has a blank in it");
    ensure!(arguments.card.is_none(), "page: a card is not stored");
    ensure!(arguments.session.is_none(), "page: a session is good for one order; let the backend make orders");
    let mut secret = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(secret.as_mut());
    let line = words.join(" ");
    let (ca, status_ca) =
        (super::read(Some(arguments.pay.ca))?, super::read(arguments.status.map(|server| server.ca))?);
    let token = super::read(arguments.device_token_file)?;
    let page = Page { line: &line, ca: &ca, status_ca: &status_ca, device_token: &token, secret: secret.as_ref() };
    let mut bytes = Zeroizing::new([0; MAX]);
    let length = page.write(bytes.as_mut()).with_context(|| format!("page: it is over {MAX} bytes"))?;
    // Not over another board's: the token and the secret are this one's alone.
    let mut out = fs::File::create_new(file).with_context(|| format!("cannot make {file}"))?;
    std::io::Write::write_all(&mut out, &bytes[..length]).with_context(|| format!("cannot write {file}"))
}
