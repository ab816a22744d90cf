//! One line of a head, with the line feed that ends it.

/// The version (0 or 1, behind the "HTTP/1.") and the status of a status line (RFC 9112 section 4).
pub(super) fn status(line: &[u8]) -> Option<(u8, u16)> {
    let &[b'H', b'T', b'T', b'P', b'/', b'1', b'.', version @ b'0'..=b'1', b' ', ref code @ ..] = text(line)? else {
        return None;
    };
    let (code, reason) = code.split_first_chunk::<3>()?;
    let digits = code.iter().all(u8::is_ascii_digit);
    let status = code.iter().fold(0, |n, digit| n * 10 + u16::from(digit.wrapping_sub(b'0')));
    (digits && matches!(reason, [] | [b' ', ..])).then_some((version - b'0', status))
}

/// Name and value of a header field (RFC 9112 section 5). A line that continues the one before (obsolete folding) is not accepted.
pub(super) fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let text = text(line)?;
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (name, value) = text.split_at_checked(colon)?;
    let name = core::str::from_utf8(name).ok().filter(|name| !name.is_empty() && name.bytes().all(is_of_token))?;
    Some((name, value.get(1..)?.trim_ascii()))
}

/// The line without its end, if every byte of it is allowed.
fn text(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_suffix(b"\n")?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    text.iter().all(|byte| matches!(byte, b'\t' | b' '..=0x7e | 0x80..)).then_some(text)
}

/// RFC 9110 section 5.6.2.
const fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use httparse::{EMPTY_HEADER, Response, Status};

    use super::{field, status};

    const STATUS: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 404\n",
        b"HTTP/1.1 503 \r\n",
        b"HTTP/1.1 200\tOK\n",
        b"HTTP/1.1 20\n",
        b"\n",
    ];
    const FIELDS: [&[u8]; 8] = [
        b"Content-Length: 12\r\n",
        b"x:\n",
        b"x-a:  \t b \t \r\n",
        b" continued\r\n",
        b"a : b\n",
        b": b\n",
        b"name\n",
        b"a: b: \xe2\x82\xac\n",
    ];

    /// Mutants seen red: 0x7f taken; an empty name; a blank in a name; any version; a status of two digits.
    #[test]
    fn is_what_another_parser_sees_whatever_one_byte_is() {
        let mut taken = [0; 2];
        for line in STATUS {
            each_change(line, |line| {
                let mut response = Response::new(&mut []);
                let whole = [line, b"\n"].concat();
                let other = match response.parse(&whole) {
                    Ok(Status::Complete(_)) => response.version.zip(response.code),
                    _ => None,
                };
                assert_eq!(status(line), other, "{}", line.escape_ascii());
                taken[0] += usize::from(other.is_some());
            });
        }
        for line in FIELDS {
            each_change(line, |line| {
                let mut fields = [EMPTY_HEADER];
                let whole = [line, b"\n"].concat();
                let other = match httparse::parse_headers(&whole, &mut fields) {
                    Ok(Status::Complete((_, [field]))) => Some((field.name, field.value)),
                    _ => None,
                };
                assert_eq!(field(line), other, "{}", line.escape_ascii());
                taken[1] += usize::from(other.is_some());
            });
        }
        assert!(taken[0] > 500 && taken[1] > 5_000, "{taken:?}");
    }

    /// The line with each byte in each place: in its stead, and before it.
    fn each_change(line: &[u8], mut see: impl FnMut(&[u8])) {
        // The last byte is the line feed, and there is no other.
        for at in 0..line.len() - 1 {
            for byte in (0..=u8::MAX).filter(|byte| *byte != b'\n') {
                see(&[&line[..at], &[byte], &line[at + 1..]].concat());
                see(&[&line[..at], &[byte], &line[at..]].concat());
            }
        }
    }
}
