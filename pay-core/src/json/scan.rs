//! A strict reader of RFC 8259 texts: iterative, bounded in depth, exact about where a value ends.

/// The deepest nesting read. Real bodies of the gateway have at most five levels.
pub(crate) const MAX_DEPTH: u32 = 32;

/// Where a value stands in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn of(self, input: &[u8]) -> &[u8] {
        input.get(self.start..self.end).unwrap_or_default()
    }
}

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyntaxError {
    /// It ends too early.
    Truncated,
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Something else than JSON at this byte.
    At(usize),
}

/// Reads the value that starts at `start` (white space before it is skipped); returns its span.
pub(crate) fn value(input: &[u8], start: usize) -> Result<Span, SyntaxError> {
    value_inside(input, start, 0)
}

/// The same of a value that stands `levels` objects or arrays deep, which count.
pub(crate) fn value_inside(input: &[u8], start: usize, levels: u32) -> Result<Span, SyntaxError> {
    let start = skip_space(input, start);
    let mut at = start;
    let mut depth: u32 = 0;
    let mut objects: u32 = 0; // bit n: level n is an object, else an array
    loop {
        at = skip_space(input, at);
        match byte(input, at)? {
            open @ (b'{' | b'[') => {
                if depth + levels >= MAX_DEPTH {
                    return Err(SyntaxError::TooDeep);
                }
                let is_object = open == b'{';
                objects = (objects << 1) | u32::from(is_object);
                depth += 1;
                at = skip_space(input, at + 1);
                let close = if is_object { b'}' } else { b']' };
                if byte(input, at)? != close {
                    if is_object {
                        at = key(input, at)?.1;
                    }
                    continue;
                }
                // An empty container is closed below.
            }
            b'"' => at = string(input, at)?,
            b't' => at = literal(input, at, b"true")?,
            b'f' => at = literal(input, at, b"false")?,
            b'n' => at = literal(input, at, b"null")?,
            b'-' | b'0'..=b'9' => at = number(input, at)?,
            _ => return Err(SyntaxError::At(at)),
        }
        // After a value (or at the bracket of an empty container): close levels until the next value.
        loop {
            if depth == 0 {
                return Ok(Span { start, end: at });
            }
            at = skip_space(input, at);
            match (objects & 1 == 1, byte(input, at)?) {
                (true, b'}') | (false, b']') => {
                    depth -= 1;
                    objects >>= 1;
                    at += 1;
                }
                (true, b',') => {
                    at = key(input, skip_space(input, at + 1))?.1;
                    break;
                }
                (false, b',') => {
                    at += 1;
                    break;
                }
                _ => return Err(SyntaxError::At(at)),
            }
        }
    }
}

/// Reads a member's name at `at` and its colon; returns the span inside the quotes and where the value may start.
pub(crate) fn key(input: &[u8], at: usize) -> Result<(Span, usize), SyntaxError> {
    if byte(input, at)? != b'"' {
        return Err(SyntaxError::At(at));
    }
    let end = string(input, at)?;
    let colon = skip_space(input, end);
    if byte(input, colon)? != b':' {
        return Err(SyntaxError::At(colon));
    }
    Ok((Span { start: at + 1, end: end - 1 }, colon + 1))
}

/// Refuses anything but white space from `at` on.
pub(crate) fn end(input: &[u8], at: usize) -> Result<(), SyntaxError> {
    match skip_space(input, at) {
        at if at == input.len() => Ok(()),
        at => Err(SyntaxError::At(at)),
    }
}

pub(crate) fn skip_space(input: &[u8], mut at: usize) -> usize {
    while matches!(input.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

pub(crate) fn byte(input: &[u8], at: usize) -> Result<u8, SyntaxError> {
    input.get(at).copied().ok_or(SyntaxError::Truncated)
}

/// Reads the string whose opening quote is at `at`; returns where it ends, behind the closing quote.
fn string(input: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let mut at = at + 1;
    loop {
        at = skip_plain(input, at);
        match byte(input, at)? {
            b'"' => return Ok(at + 1),
            b'\\' => match byte(input, at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' => {
                    for digit in at + 2..at + 6 {
                        if !byte(input, digit)?.is_ascii_hexdigit() {
                            return Err(SyntaxError::At(digit));
                        }
                    }
                    at += 6;
                }
                _ => return Err(SyntaxError::At(at + 1)),
            },
            0..0x20 => return Err(SyntaxError::At(at)),
            _ => at += 1,
        }
    }
}

/// Skips bytes of a string that mean themselves, by words of eight; returns where the first other byte is, or at most seven
/// bytes before the end of the text.
pub(super) fn skip_plain(input: &[u8], mut at: usize) -> usize {
    // Four words at a time where there are so many: a QR image has 10,000 of these bytes.
    while let Some(chunk) = input.get(at..).and_then(<[u8]>::first_chunk::<32>) {
        let words = chunk.chunks_exact(8).filter_map(<[u8]>::first_chunk::<8>);
        if words.fold(0, |all, word| all | special(*word)) != 0 {
            break;
        }
        at += 32;
    }
    while let Some(chunk) = input.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let special = special(*chunk);
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

/// The top bit of the first of eight bytes that ends a run: a quote, a backslash, or one below 0x20. Zero if there is none;
/// bits above the first say nothing.
const fn special(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64)) | below_space(word)
}

/// The lowest bit of each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const TOPS: u64 = 0x8080_8080_8080_8080;

/// The top bit of the first byte that is zero (a borrow can set more of them above it), or nothing.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// The same for the first byte below 0x20.
const fn below_space(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & TOPS
}

fn number(input: &[u8], mut at: usize) -> Result<usize, SyntaxError> {
    if byte(input, at)? == b'-' {
        at += 1;
    }
    at = match byte(input, at)? {
        b'0' => at + 1,
        b'1'..=b'9' => digits(input, at)?,
        _ => return Err(SyntaxError::At(at)),
    };
    if input.get(at) == Some(&b'.') {
        at = digits(input, at + 1)?;
    }
    if matches!(input.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(input.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits(input, at)?;
    }
    Ok(at)
}

/// At least one digit.
fn digits(input: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let count = input.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    match count {
        0 => byte(input, at).and(Err(SyntaxError::At(at))),
        count => Ok(at + count),
    }
}

fn literal(input: &[u8], at: usize, word: &[u8]) -> Result<usize, SyntaxError> {
    for (offset, want) in word.iter().enumerate() {
        if byte(input, at + offset)? != *want {
            return Err(SyntaxError::At(at + offset));
        }
    }
    Ok(at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &[u8]) -> Result<(), SyntaxError> {
        value(text, 0).and_then(|span| end(text, span.end))
    }

    #[test]
    fn takes_json() {
        for text in [
            r#"{"a":[1,-0,0.5,1e3,-1.5E-2,true,false,null,"x\u0041\n\"",{}],"b":{"c":[]}}"#,
            " [ ] ",
            "0",
            r#""\ud83d\ude00""#,
            r#"{"a":{"b":[[],{}]} , "c" : 1}"#,
        ] {
            assert_eq!(whole(text.as_bytes()), Ok(()), "{text}");
        }
    }

    // Mutants seen to fail here: accepting a leading zero; not checking the end; `,` before a closing bracket.
    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "{'a':1}",
            "{a:1}",
            "[1,]",
            "{\"a\":1,}",
            "[1 2]",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "nul",
            "\"\t\"",
            r#""\x""#,
            r#""\u12g4""#,
            "{\"a\" 1}",
            "[}",
            "{]",
            "1 1",
            "",
            "\u{feff}{}",
            "{\"x\":@#$}",
            "NaN",
            "-",
            "{\"a\":}",
            "[,1]",
        ] {
            assert!(whole(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn every_proper_prefix_of_an_object_is_truncated() {
        let text = br#"{"a":[1.5e3,true,"x\u0041\""],"b":{"c":null}}"#;
        for cut in 0..text.len() {
            let result = whole(&text[..cut]);
            assert_eq!(result, Err(SyntaxError::Truncated), "{cut}");
        }
    }

    // Each byte at each place of a word, beside each neighbour that could carry into it. Mutants: `leading_zeros` for
    // `trailing_zeros`, or 0x1f for 0x20 in `below_space`.
    #[test]
    fn plain_bytes_are_skipped_and_no_others() {
        for byte in 0..=255_u8 {
            let plain = byte >= 0x20 && byte != b'"' && byte != b'\\';
            for place in 0..16 {
                for around in [b'a', 0x7f, 0x80, 0xff, b'!', b'#'] {
                    let mut text = [around; 16];
                    text[place] = byte;
                    let want = if plain { 16 } else { place };
                    assert_eq!(skip_plain(&text, 0), want, "{byte:#x} at {place}");
                }
            }
        }
    }

    // Mutant: `depth > MAX_DEPTH` lets one level more through (and loses its bit).
    #[test]
    fn depth_is_bounded() {
        let mut text = [b'['; 66];
        text[32] = b'1';
        for close in &mut text[33..65] {
            *close = b']';
        }
        assert_eq!(whole(&text[..65]), Ok(()));
        assert_eq!(whole(&[b'['; 10_000]), Err(SyntaxError::TooDeep));
    }
}
