//! What a kiosk is given when it is set up, in one piece of memory: for boards without a file system.

use core::str::SplitAsciiWhitespace;

/// The command line and the files it names.
///
/// In memory: [`Page::MAGIC`], then for each field in their order here two bytes with its length, the lower first, and its bytes.
/// What follows is ignored.
#[derive(Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Page<'a> {
    /// The words of [`Arguments`](crate::Arguments), with blanks between them. Names of files stand for the fields below.
    pub line: &'a str,
    /// `--ca`: a certificate, DER.
    pub ca: &'a [u8],
    /// `--status-ca`: a certificate, DER.
    pub status_ca: &'a [u8],
    /// `--device-token-file`: the token.
    pub device_token: &'a [u8],
    /// `--secret-file`: 32 random bytes of this device alone. Its keys come from them, and they help a random source that is weak.
    pub secret: &'a [u8],
}

impl<'a> Page<'a> {
    /// How it begins.
    pub const MAGIC: [u8; 8] = *b"kiosk/1\n";

    /// Reads it. `None`: nothing was written there, or something else, or it is cut.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&Self::MAGIC)?;
        let mut field = || {
            let (length, after) = rest.split_first_chunk()?;
            let (field, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            rest = after;
            Some(field)
        };
        let line = core::str::from_utf8(field()?).ok()?;
        Some(Self { line, ca: field()?, status_ca: field()?, device_token: field()?, secret: field()? })
    }

    /// Writes it to the start of `out`; the answer is its length. `None`: `out` is too small, or a field is over 65,535 bytes.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut length = 0;
        let mut add = |bytes: &[u8]| {
            let end = length + bytes.len();
            out.get_mut(length..end)?.copy_from_slice(bytes);
            length = end;
            Some(())
        };
        add(&Self::MAGIC)?;
        for field in [self.line.as_bytes(), self.ca, self.status_ca, self.device_token, self.secret] {
            add(&u16::try_from(field.len()).ok()?.to_le_bytes())?;
            add(field)?;
        }
        Some(length)
    }

    /// The words of the command line.
    pub fn words(&self) -> SplitAsciiWhitespace<'a> {
        self.line.split_ascii_whitespace()
    }
}

impl core::fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Page(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutants: the length's higher byte first; `status_ca` and `device_token` exchanged in `read`; `split_at`
    /// for `split_at_checked` (a cut page panics).
    #[test]
    fn what_is_written_is_read_and_what_is_cut_is_not() {
        let page = Page { line: "--a b", ca: &[7; 300], status_ca: &[8; 3], device_token: b"t", secret: &[] };
        let mut bytes = [0xFF; 400];
        let length = page.write(&mut bytes).unwrap();
        let read = Page::read(&bytes).unwrap();
        assert_eq!((read.line, read.ca, read.status_ca), (page.line, page.ca, page.status_ca));
        assert_eq!((read.device_token, read.secret), (page.device_token, page.secret));
        assert!(read.words().eq(["--a", "b"]));
        for cut in 0..length {
            assert!(Page::read(&bytes[..cut]).is_none(), "{cut}");
            assert!(page.write(&mut [0; 400][..cut]).is_none(), "{cut}");
        }
        assert!(Page::read(&[0xFF; 64]).is_none(), "flash that was never written");
    }
}
