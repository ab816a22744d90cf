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
#[inline]
pub(crate) fn members<const N: usize>(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str; N],
    found: &mut [Option<Value>; N],
) -> Result<usize, MembersError> {
    collect(input, at, levels, (names, marks(names)), found, N, &mut |_, _| Err(MembersError::NotAnObject))
}

/// The same, where `read` reads the last of `names`, if it is an object. So a text is read once, however deep its members lie.
#[inline]
pub(crate) fn members_and<const N: usize>(
    input: &[u8],
    at: usize,
    levels: u32,
    names: &[&'static str; N],
    found: &mut [Option<Value>; N],
    read: Inner<'_>,
) -> Result<usize, MembersError> {
    collect(input, at, levels, (names, marks(names)), found, N - 1, read)
}

/// A bit for each of `names`. Most members that nobody reads have another, and are compared with none of them.
#[inline]
fn marks(names: &[&str]) -> u32 {
    names.iter().fold(0, |marks, name| marks | mark(name.as_bytes()))
}

/// One of 32 bits, by a name's length and last two bytes: the gateway's names begin alike and have few lengths.
#[inline]
fn mark(name: &[u8]) -> u32 {
    let [.., before_last, last] = name else { return 1 };
    let ending = u32::from(*before_last) + u32::from(*last);
    1_u32.wrapping_shl((name.len() as u32).wrapping_add(3 * ending))
}

/// One copy for all objects: they differ in their names, and in the [`marks`] of those, alone.
fn collect(
    input: &[u8],
    at: usize,
    levels: u32,
    (names, marks): (&[&'static str], u32),
    found: &mut [Option<Value>],
    inner: usize,
    read: Inner<'_>,
) -> Result<usize, MembersError> {
    let mut seen: u32 = 0;
    let mut place = first(input, at)?;
    loop {
        let at = match place {
            Place::Member(at) => at,
            Place::End(end) => return Ok(end),
        };
        let (name, start) = scan::key(input, at)?;
        let may_be_read = marks & mark(name.span.of(input)) != 0 || name.kind == Kind::Escaped;
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
        place = next(input, value.end())?;
    }
}

/// Calls `member` for each member of the object at `at` with its name and its value, which stands `levels` deep; returns where
/// the object ends.
pub(crate) fn walk(
    input: &[u8],
    at: usize,
    levels: u32,
    mut member: impl FnMut(Value, Value),
) -> Result<usize, MembersError> {
    let mut place = first(input, at)?;
    loop {
        let at = match place {
            Place::Member(at) => at,
            Place::End(end) => return Ok(end),
        };
        let (name, start) = scan::key(input, at)?;
        let value = scan::value_inside(input, start, levels)?;
        member(name, value);
        place = next(input, value.end())?;
    }
}

/// What stands in an object after a bracket or a value.
enum Place {
    /// A member's name, here.
    Member(usize),
    /// Nothing more: the object ends here.
    End(usize),
}

/// What stands first in the object at `at`.
fn first(input: &[u8], at: usize) -> Result<Place, MembersError> {
    let (byte, at) = scan::token(input, at)?;
    if byte != b'{' {
        // Say "not JSON" of what is not JSON, and "not an object" of the rest.
        scan::value(input, at)?;
        return Err(MembersError::NotAnObject);
    }
    let (byte, at) = scan::token(input, at + 1)?;
    Ok(if byte == b'}' { Place::End(at + 1) } else { Place::Member(at) })
}

/// What comes after the value that ends at `end`.
#[inline]
fn next(input: &[u8], end: usize) -> Result<Place, SyntaxError> {
    match scan::token(input, end)? {
        (b',', at) => Ok(Place::Member(scan::token(input, at + 1)?.1)),
        (b'}', at) => Ok(Place::End(at + 1)),
        (_, at) => Err(SyntaxError::At(at)),
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
