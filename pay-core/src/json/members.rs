//! Named members of an object, and the elements of an array.

use super::escape::Escaped;
use super::scan::{self, Span, SyntaxError};

/// Why an object could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MembersError {
    Syntax(SyntaxError),
    NotAnObject,
    /// A second occurrence of the member with this index.
    Duplicate(usize),
}

impl From<SyntaxError> for MembersError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

/// The values of the members called `names` of the object at `at`, and where the object ends. Other members are checked
/// and skipped; `null` is the same as absent.
pub(crate) fn members<const N: usize>(
    input: &[u8],
    at: usize,
    names: &[&str; N],
) -> Result<([Option<Span>; N], usize), MembersError> {
    let mut found = [None; N];
    let mut seen = [false; N];
    let end = walk(input, at, |name, value| {
        let Some(index) = name.position_in(names) else { return Ok(()) };
        if let (Some(seen), Some(found)) = (seen.get_mut(index), found.get_mut(index)) {
            if *seen {
                return Err(MembersError::Duplicate(index));
            }
            *seen = true;
            *found = (value.of(input) != b"null").then_some(value);
        }
        Ok(())
    })?;
    Ok((found, end))
}

/// Calls `member` with the name and value of each member of the object at `at`; returns where it ends.
pub(crate) fn walk<'a>(
    input: &'a [u8],
    at: usize,
    mut member: impl FnMut(Escaped<'a>, Span) -> Result<(), MembersError>,
) -> Result<usize, MembersError> {
    let mut at = scan::skip_space(input, at);
    if scan::byte(input, at)? != b'{' {
        // Say "not JSON" of what is not JSON, and "not an object" of the rest.
        scan::value(input, at)?;
        return Err(MembersError::NotAnObject);
    }
    at = scan::skip_space(input, at + 1);
    if scan::byte(input, at)? == b'}' {
        return Ok(at + 1);
    }
    loop {
        let (name, value_at) = scan::key(input, at)?;
        let value = scan::value_inside(input, value_at, 1)?;
        let name = core::str::from_utf8(name.of(input)).map_err(|_| SyntaxError::At(name.start))?;
        member(Escaped::new(name), value)?;
        at = scan::skip_space(input, value.end);
        match scan::byte(input, at)? {
            b',' => at = scan::skip_space(input, at + 1),
            b'}' => return Ok(at + 1),
            _ => return Err(SyntaxError::At(at).into()),
        }
    }
}

/// The element of an array after `last` (the end of the one before; `None` for the first), or `None` behind the last of an
/// array that is the whole text. A text that was cut gives its whole elements, then the error.
pub(crate) fn next_element(input: &[u8], last: Option<usize>) -> Result<Option<Span>, SyntaxError> {
    let mut at = scan::skip_space(input, last.unwrap_or(0));
    match (last, scan::byte(input, at)?) {
        (None, b'[') => {
            at = scan::skip_space(input, at + 1);
            if scan::byte(input, at)? == b']' {
                return scan::end(input, at + 1).map(|()| None);
            }
        }
        (Some(_), b',') => at += 1,
        (Some(_), b']') => return scan::end(input, at + 1).map(|()| None),
        _ => return Err(SyntaxError::At(at)),
    }
    scan::value_inside(input, at, 1).map(Some)
}
