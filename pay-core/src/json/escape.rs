//! Strings inside JSON texts: their plain form.

use core::fmt;

use super::scan::{self, Kind, Span, Value};

/// A string still as the server wrote it, with its escapes. [`fmt::Display`] and [`Escaped::chars`] give the plain form.
///
/// A `\u` escape that is half of a surrogate pair (allowed by the grammar, meaningless) reads as U+FFFD.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Escaped<'a>(&'a str);

impl<'a> Escaped<'a> {
    pub(crate) const fn new(raw: &'a str) -> Self {
        Self(raw)
    }

    /// The plain characters.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        Chars { rest: self.0 }
    }

    /// Whether the plain form is `text`.
    pub fn is(self, text: &str) -> bool {
        if self.0.as_bytes().contains(&b'\\') { self.chars().eq(text.chars()) } else { self.0 == text }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|c| fmt::Write::write_char(f, c))
    }
}

/// Which of `texts` the plain form of a name is.
pub(crate) fn position(input: &[u8], name: Value, texts: &[&str]) -> Option<usize> {
    let written = name.span.of(input);
    if name.kind == Kind::Escaped {
        return position_of_escaped(written, texts);
    }
    // The last byte tells most names of one length apart.
    let (len, last) = (written.len(), written.last());
    texts.iter().position(|text| text.len() == len && text.as_bytes().last() == last && text.as_bytes() == written)
}

#[cold]
fn position_of_escaped(written: &[u8], texts: &[&str]) -> Option<usize> {
    // A text that is not UTF-8 is refused as a whole, later.
    let written = Escaped::new(core::str::from_utf8(written).ok()?);
    texts.iter().position(|text| written.is(text))
}

/// Turns the string at `span` into its plain form, in place; returns the (never longer) span of it.
///
/// The text must have passed [`super::scan::value`].
pub(crate) fn unescape(input: &mut [u8], span: Span) -> Span {
    let Some(bytes) = input.get_mut(span.start..span.end) else { return span };
    // What is read goes to `read - moved`: nothing moves before the first.
    let mut read = first_backslash(bytes);
    let mut moved = 0;
    while let Some(escape) = bytes.get(read..).filter(|rest| !rest.is_empty()) {
        // An escape is never shorter than its character in UTF-8 (`\u0800` is 6 bytes for 3).
        let (used, len) = match escape.first_chunk() {
            // What servers escape in links, as they do: `\u0026`.
            Some([a, b, c, d, high @ b'0'..=b'7', low]) if [*a, *b, *c, *d] == *b"\\u00" => {
                let byte = (high & 0xf) << 4 | digit(*low);
                put(bytes, read - moved, [byte]);
                (6, 1)
            }
            _ => {
                let (c, used) = next_escape(escape);
                let mut plain = [0; 4];
                let len = c.encode_utf8(&mut plain).len();
                plain.iter().take(len).enumerate().for_each(|(at, byte)| put(bytes, read - moved + at, [*byte]));
                (used, len)
            }
        };
        read += used;
        moved += used.saturating_sub(len);
        // What is between, by words, each written as a whole: only what is behind `read` may be overwritten.
        let by_bytes = loop {
            let Some(word) = bytes.get(read..).and_then(<[u8]>::first_chunk).copied() else { break true };
            let found = scan::backslash(word);
            if found != 0 && moved < word.len() {
                break true;
            }
            put(bytes, read - moved, word);
            if found != 0 {
                read += found.trailing_zeros() as usize / 8;
                break false;
            }
            read += word.len();
        };
        if by_bytes {
            while let Some(byte) = bytes.get(read).copied().filter(|byte| *byte != b'\\') {
                put(bytes, read - moved, [byte]);
                read += 1;
            }
        }
    }
    Span { start: span.start, end: span.start + read - moved }
}

/// Where the first backslash is, or the end.
fn first_backslash(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk() {
        if scan::backslash(*word) != 0 {
            break;
        }
        rest = behind;
    }
    bytes.len() - rest.len() + rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len())
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, plain: [u8; N]) {
    if let Some(to) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *to = plain;
    }
}

struct Chars<'a> {
    rest: &'a str,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let (c, used) = match self.rest.chars().next()? {
            '\\' => next_escape(self.rest.as_bytes()),
            c => (c, c.len_utf8()),
        };
        self.rest = self.rest.get(used..).unwrap_or("");
        Some(c)
    }
}

/// Reads the escape at the start of `bytes`; returns the character and how many bytes it took.
fn next_escape(bytes: &[u8]) -> (char, usize) {
    let c = match bytes.get(1) {
        Some(b'u') => return next_unicode(bytes),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(other) => char::from(*other), // `"`, `\` and `/`
        None => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (c, 2)
}

fn next_unicode(bytes: &[u8]) -> (char, usize) {
    let high = hex(bytes, 2);
    if let Some(c) = char::from_u32(high) {
        return (c, 6);
    }
    if high < 0xdc00 && bytes.get(6..8) == Some(b"\\u") {
        let low = hex(bytes, 8);
        if (0xdc00..0xe000).contains(&low) {
            let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
        }
    }
    (char::REPLACEMENT_CHARACTER, 6)
}

/// The value of the four hexadecimal digits at `at`.
fn hex(bytes: &[u8], at: usize) -> u32 {
    let digits = bytes.get(at..at + 4).unwrap_or_default();
    digits.iter().fold(0, |value, byte| value << 4 | u32::from(digit(*byte)))
}

/// The value of a hexadecimal digit: letters have bit 6 set and count from 1.
const fn digit(byte: u8) -> u8 {
    (byte & 0xf) + 9 * (byte >> 6 & 1)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn plain(raw: &str) -> String {
        let mut bytes: Vec<u8> = raw.bytes().collect();
        let end = bytes.len();
        let span = unescape(&mut bytes, Span { start: 0, end });
        let in_place = core::str::from_utf8(span.of(&bytes)).unwrap().to_string();
        assert_eq!(in_place, Escaped::new(raw).to_string());
        in_place
    }

    // Mutant: treating every `\u` alone turns the emoji into two U+FFFD.
    #[test]
    fn plain_forms() {
        for (raw, want) in [
            (r"a\u0026b", "a&b"),
            (r"https:\/\/x\/?a=1\u0026b=2", "https://x/?a=1&b=2"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ude00\ud83d\ude00", "\u{fffd}😀"),
            (r#"\"\\\b\f\n\r\t\u00e9é"#, "\"\\\u{8}\u{c}\n\r\téé"),
            ("", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(plain(raw), want);
        }
    }

    // By words and by bytes: escapes of each length, at each place of a word, at each distance. Meant to notice: `moved < word.len()`
    // left out; the bytes of the end left out.
    #[test]
    fn escapes_wherever_they_stand() {
        for (escape, want) in
            [(r"\n", "\n"), (r"\u0026", "&"), (r"\u007f", "\u{7f}"), (r"\u00E9", "é"), (r"\ud83d\ude00", "😀")]
        {
            for before in 0..20 {
                for between in 0..20 {
                    let text = "abcdefghijklmnopqrst";
                    let parts = [&text[..before], "|", &text[..between], "|", "|", &text[..before]];
                    let spell = |with: &str| parts.map(|part| if part == "|" { with } else { part }).concat();
                    assert_eq!(plain(&spell(escape)), spell(want));
                }
            }
        }
    }
}
