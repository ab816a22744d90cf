//! Named members of an object, and the elements of an array.

use super::escape::Escaped;
use super::scan::{self, Span, SyntaxError};

/// Why an object could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MembersError {
    Syntax(SyntaxError),
    NotAnObject,
    /// A second occurrence of the member of this name.
    Duplicate(&'static str),
}

impl From<SyntaxError> for MembersError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

/// The values of some members of an object, and where it ends.
pub(crate) type Members<const N: usize> = ([Option<Span>; N], usize);

/// The values of the members called `names` of the object at `at`, which stands `levels` deep, and where it ends. Other
/// members are checked and skipped; `null` is the same as absent.
pub(crate) fn members<const N: usize>(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str; N],
) -> Result<Members<N>, MembersError> {
    members_and(input, at, levels, names, N, |_, _| Err(MembersError::NotAnObject))
}

/// The same, where `read` reads the member at index `inner` of `names`, if it is an object: given where that stands and how
/// deep, it returns where it ends. So a text is read once, however deep its members lie.
pub(crate) fn members_and<const N: usize>(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str; N],
    inner: usize,
    mut read: impl FnMut(usize, u32) -> Result<usize, MembersError>,
) -> Result<Members<N>, MembersError> {
    let mut found = [None; N];
    let mut seen = [false; N];
    let end = walk(input, at, |name, value_at| {
        let start = scan::skip_space(input, value_at);
        let index = name.position_in(names);
        let value = if index == Some(inner) && input.get(start) == Some(&b'{') {
            Span { start, end: read(start, levels + 1)? }
        } else {
            scan::value_inside(input, start, levels + 1)?
        };
        let Some(index) = index else { return Ok(value.end) };
        if let (Some(seen), Some(found)) = (seen.get_mut(index), found.get_mut(index)) {
            if *seen {
                return Err(MembersError::Duplicate(names.get(index).copied().unwrap_or_default()));
            }
            *seen = true;
            *found = (value.of(input) != b"null").then_some(value);
        }
        Ok(value.end)
    })?;
    Ok((found, end))
}

/// Calls `member` for each member of the object at `at` with its name and where its value may start; it returns where the
/// value ends. Returns where the object ends.
pub(crate) fn walk<'a>(
    input: &'a [u8],
    at: usize,
    mut member: impl FnMut(Escaped<'a>, usize) -> Result<usize, MembersError>,
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
        let name = core::str::from_utf8(name.of(input)).map_err(|_| SyntaxError::At(name.start))?;
        at = scan::skip_space(input, member(Escaped::new(name), value_at)?);
        match scan::byte(input, at)? {
            b',' => at = scan::skip_space(input, at + 1),
            b'}' => return Ok(at + 1),
            _ => return Err(SyntaxError::At(at).into()),
        }
    }
}

/// Where the element of an array after `last` (the end of the one before; `None` for the first) starts, or `None` behind the
/// last of an array that is the whole text. A text that was cut gives its whole elements, then the error.
pub(crate) fn next_element(input: &[u8], last: Option<usize>) -> Result<Option<usize>, SyntaxError> {
    let mut at = scan::skip_space(input, last.unwrap_or(0));
    match (last, scan::byte(input, at)?) {
        (None, b'[') => {
            at = scan::skip_space(input, at + 1);
            if scan::byte(input, at)? == b']' {
                return scan::end(input, at + 1).map(|()| None);
            }
        }
        (Some(_), b',') => at = scan::skip_space(input, at + 1),
        (Some(_), b']') => return scan::end(input, at + 1).map(|()| None),
        _ => return Err(SyntaxError::At(at)),
    }
    Ok(Some(at))
}
