//! An answer from a server, head and body, in whatever pieces: nothing panics, the pieces make no difference, the body stays
//! within the buffer and is the one that a second, simple reader finds, and what contradicts itself about its length is
//! refused.
//!
//! The first bytes choose the length of the buffer and of the pieces; the rest is the answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pay_core::wire::ResponseHead;
use pay_core::wire::http1::{HttpError, Progress, ResponseReader};

/// Bytes that choose: two for the buffer, the others for pieces.
const CHOICES: usize = 6;

fuzz_target!(|bytes: &[u8]| {
    let Some((choices, answer)) = bytes.split_first_chunk::<CHOICES>() else { return };
    let rx_len = usize::from(u16::from_le_bytes([choices[0], choices[1]])) % 16_384;
    let whole = read(answer, rx_len, [usize::MAX].into_iter());
    assert_eq!(read(answer, rx_len, core::iter::repeat(1)), whole, "byte by byte");
    let pieces = choices[2..].iter().map(|len| usize::from(*len) + 1);
    assert_eq!(read(answer, rx_len, pieces.cycle()), whole, "in pieces");
    if let Ok(found) = &whole {
        judge(answer, rx_len, found);
    }
});

/// What came of an answer that was not refused.
#[derive(Debug, PartialEq)]
struct Found {
    /// Bytes that belonged to it; none where more are needed, and the connection's end is not its end.
    taken: Option<usize>,
    /// Whether only the end of the connection ended it.
    until_close: bool,
    keep_alive: bool,
    head: ResponseHead,
    body: Vec<u8>,
}

fn read(mut answer: &[u8], rx_len: usize, mut pieces: impl Iterator<Item = usize>) -> Result<Found, HttpError> {
    let mut rx = vec![0xa5; rx_len];
    let mut reader = ResponseReader::new();
    let (mut taken, mut done) = (0, false);
    while !answer.is_empty() && !done {
        let (piece, rest) = answer.split_at(pieces.next().unwrap_or(usize::MAX).min(answer.len()));
        match reader.feed(&mut rx, piece)? {
            Progress::More => taken += piece.len(),
            Progress::Done(len) => {
                assert!(len <= piece.len());
                taken += len;
                done = true;
            }
        }
        answer = rest;
    }
    let until_close = !done;
    done = done || reader.end().is_ok();
    let keep_alive = reader.keep_alive();
    let head = reader.into_head();
    assert!(head.body_len <= rx_len);
    let body = if done { rx[..head.body_len].to_vec() } else { Vec::new() };
    Ok(Found { taken: done.then_some(taken), until_close, keep_alive, head, body })
}

/// Reads the answer the simple way, as a whole, and compares. Mutants seen red: Content-Length taken beside Transfer-Encoding; the last
/// of several lengths taken; `truncated` not set.
fn judge(answer: &[u8], rx_len: usize, found: &Found) {
    let Some((status, fields, rest)) = last_head(answer) else {
        assert_eq!(found.taken, None, "no head, but an answer");
        return;
    };
    let values = |name: &str| -> Vec<&[u8]> {
        let named = fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|(_, value)| value.trim_ascii()).collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    assert!(codings.is_empty() || lengths.is_empty(), "a length beside a coding");
    let lengths: Vec<u64> = lengths.iter().map(|text| str::from_utf8(text).unwrap().parse().unwrap()).collect();
    assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "two lengths");
    let Some(taken) = found.taken else { return };
    assert_eq!(found.head.status, status);
    assert!(!(found.until_close && found.keep_alive));
    let body = if matches!(status, 204 | 304) {
        Vec::new()
    } else if !codings.is_empty() {
        chunks(rest, rx_len)
    } else {
        let len = lengths.first().map_or(rest.len(), |len| usize::try_from(*len).unwrap().min(rest.len()));
        rest[..len].to_vec()
    };
    assert_eq!(found.head.truncated, body.len() > rx_len);
    assert_eq!(found.body, body[..body.len().min(rx_len)]);
    if !found.head.truncated && codings.is_empty() {
        assert_eq!(taken, answer.len() - rest.len() + body.len());
    }
}

type Fields<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Status and fields of the first head that is not an interim one, and what follows it.
fn last_head(mut rest: &[u8]) -> Option<(u16, Fields<'_>, &[u8])> {
    loop {
        let mut lines = Vec::new();
        loop {
            let end = rest.iter().position(|b| *b == b'\n')?;
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = &rest[end + 1..];
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let Some((status_line, fields)) = lines.split_first() else { continue };
        let status = str::from_utf8(&status_line[9..12]).unwrap().parse().unwrap();
        if status >= 200 {
            let colon = |line: &&[u8]| line.iter().position(|b| *b == b':').unwrap();
            return Some((status, fields.iter().map(|l| (&l[..colon(l)], &l[colon(l) + 1..])).collect(), rest));
        }
    }
}

/// The data of the chunks, as far as they go, or until there is more of it than `rx_len`: the reader looks no further.
fn chunks(mut rest: &[u8], rx_len: usize) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let digits = rest[..end].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let len = usize::from_str_radix(str::from_utf8(&rest[..digits]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        data.extend(&rest[..len.min(rest.len())]);
        if len == 0 || data.len() > rx_len || len + 2 > rest.len() {
            break;
        }
        rest = &rest[len + 2..];
    }
    data
}
