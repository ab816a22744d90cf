//! A strict reader of RFC 8259 texts: iterative, bounded in depth, exact about where a value ends.

use super::ascii;

/// The deepest nesting read. Real bodies of the gateway have at most five levels.
pub(crate) const MAX_DEPTH: u32 = 32;

/// A part of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value and what it is, so that nothing has to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// A string's inside; all of any other value.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)] // A word like the rest of a `Value`: bytes beside it would be copied one by one.
pub(crate) enum Kind {
    /// A string without an escape: it means what is written.
    Plain,
    /// A string with one.
    Escaped,
    Null,
    Object,
    /// A number, `true`, `false` or an array.
    Other,
}

impl Span {
    pub(crate) fn of(self, input: &[u8]) -> &[u8] {
        input.get(self.start..self.end).unwrap_or_default()
    }
}

impl Value {
    pub(crate) const fn is_string(&self) -> bool {
        matches!(self.kind, Kind::Plain | Kind::Escaped)
    }

    /// Where it ends, a string's closing quote included.
    pub(crate) const fn end(&self) -> usize {
        self.span.end + self.is_string() as usize
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

/// Reads the value that starts at `start` (white space before it is skipped).
pub(crate) fn value(input: &[u8], start: usize) -> Result<Value, SyntaxError> {
    value_inside(input, start, 0)
}

/// The same of a value that stands `levels` objects or arrays deep, which count.
pub(crate) fn value_inside(input: &[u8], start: usize, levels: u32) -> Result<Value, SyntaxError> {
    match token(input, start)? {
        (b'{', start) => Ok(Value { span: Span { start, end: container(input, start, levels)? }, kind: Kind::Object }),
        (b'[', start) => Ok(Value { span: Span { start, end: container(input, start, levels)? }, kind: Kind::Other }),
        (first, start) => scalar(input, first, start),
    }
}

/// Reads what is neither an object nor an array, and starts with `first`.
#[inline]
fn scalar(input: &[u8], first: u8, start: usize) -> Result<Value, SyntaxError> {
    let (end, kind) = match first {
        b'"' => return string(input, start),
        b't' => (literal(input, start, *b"true")?, Kind::Other),
        b'f' => (literal(input, start, *b"false")?, Kind::Other),
        b'n' => (literal(input, start, *b"null")?, Kind::Null),
        b'-' | b'0'..=b'9' => (number(input, start)?, Kind::Other),
        _ => return Err(SyntaxError::At(start)),
    };
    Ok(Value { span: Span { start, end }, kind })
}

/// Reads the object or array whose bracket is at `at`; returns where it ends.
fn container(input: &[u8], mut at: usize, levels: u32) -> Result<usize, SyntaxError> {
    let mut depth: u32 = 0;
    let mut objects: u32 = 0; // bit n: level n is an object, else an array
    loop {
        let (first, start) = token(input, at)?;
        match first {
            open @ (b'{' | b'[') => {
                if depth + levels >= MAX_DEPTH {
                    return Err(SyntaxError::TooDeep);
                }
                let is_object = open == b'{';
                objects = (objects << 1) | u32::from(is_object);
                depth += 1;
                let next;
                (next, at) = token(input, start + 1)?;
                let close = if is_object { b'}' } else { b']' };
                if next != close {
                    if is_object {
                        at = key(input, at)?.1;
                    }
                    continue;
                }
                // An empty container is closed below.
            }
            _ => at = scalar(input, first, start)?.end(),
        }
        // After a value (or at the bracket of an empty container): close levels until the next value.
        loop {
            let next;
            (next, at) = token(input, at)?;
            match (objects & 1 == 1, next) {
                (true, b'}') | (false, b']') => {
                    depth -= 1;
                    objects >>= 1;
                    at += 1;
                    if depth == 0 {
                        return Ok(at);
                    }
                }
                (true, b',') => {
                    at = key(input, token(input, at + 1)?.1)?.1;
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

/// Reads a member's name at `at` and its colon; returns the name and where the value starts.
pub(crate) fn key(input: &[u8], at: usize) -> Result<(Value, usize), SyntaxError> {
    if byte(input, at)? != b'"' {
        return Err(SyntaxError::At(at));
    }
    let name = string(input, at)?;
    let (colon, at) = token(input, name.end())?;
    if colon != b':' {
        return Err(SyntaxError::At(at));
    }
    Ok((name, token(input, at + 1)?.1))
}

/// Refuses anything but white space from `at` on.
pub(crate) fn end(input: &[u8], at: usize) -> Result<(), SyntaxError> {
    match skip_space(input, at) {
        at if at == input.len() => Ok(()),
        at => Err(SyntaxError::At(at)),
    }
}

/// The first byte from `at` on that is not white space, and where it is.
#[inline]
pub(crate) fn token(input: &[u8], mut at: usize) -> Result<(u8, usize), SyntaxError> {
    loop {
        match byte(input, at)? {
            b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            byte => return Ok((byte, at)),
        }
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

/// Reads the string whose opening quote is at `open`.
#[inline(always)]
fn string(input: &[u8], open: usize) -> Result<Value, SyntaxError> {
    let start = open + 1;
    let mut at = start;
    // Most end within four words, without an escape.
    for _ in 0..4 {
        let Some(word) = input.get(at..).and_then(<[u8]>::first_chunk) else { break };
        let found = special(*word);
        if found != 0 {
            at += found.trailing_zeros() as usize / 8;
            if input.get(at) == Some(&b'"') {
                return Ok(Value { span: Span { start, end: at }, kind: Kind::Plain });
            }
            break;
        }
        at += 8;
    }
    rest_of_string(input, start, at)
}

/// Goes on at `at` with the string whose inside starts at `start`.
#[inline(never)]
fn rest_of_string(input: &[u8], start: usize, mut at: usize) -> Result<Value, SyntaxError> {
    let mut kind = Kind::Plain;
    loop {
        at = skip_plain(input, at);
        match byte(input, at)? {
            b'"' => return Ok(Value { span: Span { start, end: at }, kind }),
            b'\\' => {
                kind = Kind::Escaped;
                at = escape(input, at)?;
            }
            0..0x20 => return Err(SyntaxError::At(at)),
            _ => at += 1,
        }
    }
}

/// Reads the escape whose backslash is at `at`; returns where it ends.
#[inline]
fn escape(input: &[u8], at: usize) -> Result<usize, SyntaxError> {
    // Nearly all there are.
    let escape = input.get(at..).and_then(<[u8]>::first_chunk);
    if escape.is_some_and(|[_, u, a, b, c, d]| *u == b'u' && ascii::are_hex([*a, *b, *c, *d])) {
        return Ok(at + 6);
    }
    rare_escape(input, at)
}

fn rare_escape(input: &[u8], at: usize) -> Result<usize, SyntaxError> {
    match byte(input, at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' => {
            let digits = input.get(at + 2..).unwrap_or_default();
            let wrong = at + 2 + digits.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            byte(input, wrong).and(Err(SyntaxError::At(wrong)))
        }
        _ => Err(SyntaxError::At(at + 1)),
    }
}

/// Skips bytes of a string that mean themselves, by words of eight; returns where the first other byte is, or at most seven
/// bytes before the end of the text.
#[inline(always)]
fn skip_plain(input: &[u8], mut at: usize) -> usize {
    // Most strings end within four words.
    for _ in 0..4 {
        let Some(word) = input.get(at..).and_then(<[u8]>::first_chunk) else { return at };
        let found = special(*word);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    skip_long(input, at)
}

/// How many bytes at the start of `text` stand for themselves in a string.
pub(crate) fn plain(text: &[u8]) -> usize {
    let at = skip_plain(text, 0);
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// Goes on with [`skip_plain`] in a long string, four words at a time: a QR image has 10,000 of these bytes.
#[inline(never)]
fn skip_long(input: &[u8], at: usize) -> usize {
    let mut rest = input.get(at..).unwrap_or_default();
    while let Some((words, behind)) = rest.split_first_chunk::<32>() {
        let [a, b, c, d] = words_of(words).map(special);
        if a | b | c | d != 0 {
            break;
        }
        rest = behind;
    }
    while let Some((word, behind)) = rest.split_first_chunk() {
        let found = special(*word);
        if found != 0 {
            return input.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    input.len() - rest.len()
}

fn words_of(bytes: &[u8; 32]) -> [[u8; 8]; 4] {
    let mut words = [[0; 8]; 4];
    words.iter_mut().zip(bytes.chunks_exact(8)).for_each(|(word, bytes)| word.copy_from_slice(bytes));
    words
}

/// The top bit of the first of eight bytes that ends a run: a quote, a backslash, or one below 0x20. Zero if there is none;
/// bits above the first say nothing.
const fn special(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    // With one bit turned, a quote (0x22) stands where a space was, right above the bytes below 0x20.
    let quote_or_less = (word ^ (ONES * (b'"' ^ b' ') as u64)).wrapping_sub(ONES * (b' ' + 1) as u64);
    // A byte above 0x7f is none of them; a borrow can only come from one that is.
    (quote_or_less | before(word, b'\\')) & !word & TOPS
}

/// The top bit of the first of eight bytes that is a backslash, see [`special`].
pub(super) const fn backslash(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    before(word, b'\\') & !word & TOPS
}

/// Top bits of bytes that are `byte`, or above 0x7f, or behind one that is `byte`.
const fn before(word: u64, byte: u8) -> u64 {
    (word ^ (ONES * byte as u64)).wrapping_sub(ONES)
}

/// The lowest bit of each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const TOPS: u64 = 0x8080_8080_8080_8080;

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

fn literal<const N: usize>(input: &[u8], at: usize, word: [u8; N]) -> Result<usize, SyntaxError> {
    if input.get(at..).and_then(<[u8]>::first_chunk) == Some(&word) {
        return Ok(at + N);
    }
    let wrong = |(offset, want): (usize, &u8)| (input.get(at + offset) != Some(want)).then_some(at + offset);
    let at = word.iter().enumerate().find_map(wrong).unwrap_or(at);
    byte(input, at).and(Err(SyntaxError::At(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &[u8]) -> Result<(), SyntaxError> {
        value(text, 0).and_then(|value| end(text, value.end()))
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
    // `trailing_zeros`, or `b' '` for `b' ' + 1`.
    #[test]
    fn plain_bytes_are_skipped_and_no_others() {
        for byte in 0..=255_u8 {
            let plain = byte >= 0x20 && byte != b'"' && byte != b'\\';
            for place in (0..16).chain(60..112) {
                for around in [b'a', 0x7f, 0x80, 0xff, b' ', b'!', b'#', b'[', b']'] {
                    let mut text = [around; 112];
                    text[place] = byte;
                    let want = if plain { 112 } else { place };
                    assert_eq!(skip_plain(&text, 0), want, "{byte:#x} at {place}");
                }
            }
        }
    }

    // Mutant: `depth + levels > MAX_DEPTH` lets one level more through (and loses its bit).
    #[test]
    fn depth_is_bounded() {
        let mut text = [b'['; 66];
        text[32] = b'1';
        for close in &mut text[33..65] {
            *close = b']';
        }
        assert_eq!(whole(&text[..65]), Ok(()));
        let mut one_more = [b'['; 66];
        one_more[33..].fill(b']');
        assert_eq!(whole(&one_more), Err(SyntaxError::TooDeep));
        assert_eq!(whole(&[b'['; 10_000]), Err(SyntaxError::TooDeep));
    }
}
