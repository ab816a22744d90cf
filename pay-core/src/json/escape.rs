//! Strings inside JSON texts: their plain form.

use core::fmt;

use super::scan::{self, Span};

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
        self.position_in(&[text]).is_some()
    }

    /// Which of `texts` the plain form is.
    pub(crate) fn position_in(self, texts: &[&str]) -> Option<usize> {
        if self.0.as_bytes().contains(&b'\\') {
            texts.iter().position(|text| self.chars().eq(text.chars()))
        } else {
            texts.iter().position(|text| self.0 == *text)
        }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|c| fmt::Write::write_char(f, c))
    }
}

/// Turns the string at `span` into its plain form, in place; returns the (never longer) span of it.
///
/// The text must have passed [`super::scan::value`] and be UTF-8.
pub(crate) fn unescape(input: &mut [u8], span: Span) -> Span {
    let Some(bytes) = input.get_mut(span.start..span.end) else { return span };
    let Some(mut write) = next_backslash(bytes, 0) else { return span };
    let mut read = write;
    while read < bytes.len() {
        let (c, used) = next_escape(bytes.get(read..).unwrap_or_default());
        let mut plain = [0; 4];
        // An escape is never shorter than its character in UTF-8 (`\u0800` is 6 bytes for 3), so `write` stays behind `read`.
        for byte in c.encode_utf8(&mut plain).bytes() {
            if let Some(to) = bytes.get_mut(write) {
                *to = byte;
                write += 1;
            }
        }
        read += used;
        let end = next_backslash(bytes, read).unwrap_or(bytes.len());
        if read < end {
            bytes.copy_within(read..end, write);
            write += end - read;
        }
        read = end.max(read);
    }
    Span { start: span.start, end: span.start + write }
}

fn next_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    let from = scan::skip_plain(bytes, from);
    bytes.get(from..)?.iter().position(|byte| *byte == b'\\').map(|at| from + at)
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
    let simple = |c| (c, 2);
    match bytes.get(1) {
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'u') => {
            let high = hex(bytes, 2);
            if (0xd800..0xdc00).contains(&high) && bytes.get(6..8) == Some(b"\\u") {
                let low = hex(bytes, 8);
                if (0xdc00..0xe000).contains(&low) {
                    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
                }
            }
            (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
        }
        Some(other) => simple(char::from(*other)), // `"`, `\` and `/`
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

fn hex(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .unwrap_or_default()
        .iter()
        .fold(0, |value, digit| value << 4 | char::from(*digit).to_digit(16).unwrap_or(0))
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
}
