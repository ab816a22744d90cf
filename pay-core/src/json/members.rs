//! Named members of an object, and the elements of an array.

use super::escape;
use super::scan::{self, Kind, Span, SyntaxError, Value};

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

/// Reads a member that is an object: given where that stands and how deep, it returns where it ends.
pub(crate) type Inner<'r> = &'r mut dyn FnMut(usize, u32) -> Result<usize, MembersError>;

/// Puts the values of the members called `names` of the object at `at`, which stands `levels` deep, into `found`; returns
/// where the object ends. Other members are checked and skipped; `null` is the same as absent.
pub(crate) fn members<const N: usize>(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str; N],
    found: &mut [Option<Value>; N],
) -> Result<usize, MembersError> {
    collect(input, at, levels, names, found, N, &mut |_, _| Err(MembersError::NotAnObject))
}

/// The same, where `read` reads the last of `names`, if it is an object. So a text is read once, however deep its members lie.
pub(crate) fn members_and<const N: usize>(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str; N],
    found: &mut [Option<Value>; N],
    read: Inner<'_>,
) -> Result<usize, MembersError> {
    collect(input, at, levels, names, found, N - 1, read)
}

/// One copy for all objects: they differ in their names alone.
fn collect(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str],
    found: &mut [Option<Value>],
    inner: usize,
    read: Inner<'_>,
) -> Result<usize, MembersError> {
    let mut seen: u32 = 0;
    // Bit n: there is a name of n bytes (and of n + 32). Most members that nobody reads end here.
    let lengths = names.iter().fold(0, |lengths, name| lengths | 1_u32.wrapping_shl(name.len() as u32));
    walk(input, at, |name, value_at| {
        let start = scan::skip_space(input, value_at);
        let len = name.span.end - name.span.start;
        let may_be_read = name.kind == Kind::Escaped || lengths & 1_u32.wrapping_shl(len as u32) != 0;
        let index = if may_be_read { escape::position(input, name, names) } else { None };
        let value = if index == Some(inner) && input.get(start) == Some(&b'{') {
            Value { span: Span { start, end: read(start, levels + 1)? }, kind: Kind::Object }
        } else {
            scan::value_inside(input, start, levels + 1)?
        };
        if let Some(index) = index {
            let bit = 1_u32.wrapping_shl(index as u32);
            if seen & bit != 0 {
                return Err(MembersError::Duplicate(names.get(index).copied().unwrap_or_default()));
            }
            seen |= bit;
            if let Some(found) = found.get_mut(index) {
                *found = (value.kind != Kind::Null).then_some(value);
            }
        }
        Ok(value.end())
    })
}

/// Calls `member` for each member of the object at `at` with its name and where its value may start; it returns where the
/// value ends. Returns where the object ends.
pub(crate) fn walk(
    input: &[u8],
    at: usize,
    mut member: impl FnMut(Value, usize) -> Result<usize, MembersError>,
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
        at = scan::skip_space(input, member(name, value_at)?);
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
