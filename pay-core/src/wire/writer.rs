//! Values to JSON, into the caller's buffer: a serializer that copies strings by runs and leaves all else (numbers, booleans,
//! escapes) to `serde_json_core`. What does not fit is still counted, so that the error can say how much is needed
//! without a second copy of a card number anywhere.

use core::fmt;

use serde::ser::{Impossible, Serialize, SerializeStruct, Serializer};

use super::super::json::scan;

/// Writes `value` to `tx` as `serde_json_core` would; returns the length. A `tx` of fewer bytes has the beginning.
pub(super) fn write(value: &impl Serialize, tx: &mut [u8]) -> Result<usize, Unsupported> {
    let mut writer = Writer { tx, len: 0 };
    value.serialize(&mut writer)?;
    Ok(writer.len)
}

struct Writer<'t> {
    tx: &'t mut [u8],
    len: usize,
}

struct Members<'w, 't> {
    writer: &'w mut Writer<'t>,
    first: bool,
}

/// A shape that no request has.
#[derive(Debug)]
pub(super) struct Unsupported;

impl Writer<'_> {
    /// Once something did not fit, nothing more is written.
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(to) = self.tx.get_mut(self.len..end) {
            to.copy_from_slice(bytes);
        }
        self.len = end;
    }

    fn string(&mut self, text: &str) {
        self.put(b"\"");
        let mut rest = text.as_bytes();
        loop {
            let (plain, behind) = rest.split_at(scan::plain(rest));
            self.put(plain);
            let Some((special, behind)) = behind.split_first() else { break };
            self.escape(*special);
            rest = behind;
        }
        self.put(b"\"");
    }

    #[cold]
    fn escape(&mut self, special: u8) {
        let mut quoted = [0; 8]; // `"\u001F"`
        let len = serde_json_core::to_slice(char::from(special).encode_utf8(&mut [0; 4]), &mut quoted).unwrap_or(0);
        self.put(quoted.get(1..len.saturating_sub(1)).unwrap_or_default());
    }

    /// A number or a boolean.
    fn word(&mut self, value: impl Serialize) -> Result<(), Unsupported> {
        let mut word = [0; 20]; // of 64 bits
        let len = serde_json_core::to_slice(&value, &mut word).map_err(|_| Unsupported)?;
        self.put(word.get(..len).unwrap_or_default());
        Ok(())
    }
}

macro_rules! unsupported {
    ($($method:ident($ty:ty))*) => {
        $(fn $method(self, _: $ty) -> Result<(), Unsupported> { Err(Unsupported) })*
    };
}

impl<'w, 't> Serializer for &'w mut Writer<'t> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Impossible<(), Unsupported>;
    type SerializeTuple = Impossible<(), Unsupported>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Impossible<(), Unsupported>;
    type SerializeStruct = Members<'w, 't>;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    fn serialize_bool(self, v: bool) -> Result<(), Unsupported> {
        self.word(v)
    }

    fn serialize_u8(self, v: u8) -> Result<(), Unsupported> {
        self.word(v)
    }

    fn serialize_u16(self, v: u16) -> Result<(), Unsupported> {
        self.word(v)
    }

    fn serialize_u32(self, v: u32) -> Result<(), Unsupported> {
        self.word(v)
    }

    fn serialize_u64(self, v: u64) -> Result<(), Unsupported> {
        self.word(v)
    }

    fn serialize_str(self, v: &str) -> Result<(), Unsupported> {
        self.string(v);
        Ok(())
    }

    /// Written as they are: see `Number` in `request.rs`.
    fn serialize_bytes(self, v: &[u8]) -> Result<(), Unsupported> {
        self.put(v);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        self.put(b"{");
        self.string(variant);
        self.put(b":");
        value.serialize(&mut *self)?;
        self.put(b"}");
        Ok(())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'w, 't>, Unsupported> {
        Ok(Members { writer: self, first: true })
    }

    unsupported! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_f32(f32) serialize_f64(f64)
        serialize_char(char) serialize_unit_struct(&'static str)
    }

    fn serialize_none(self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_unit(self) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unsupported> {
        Err(Unsupported)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

impl SerializeStruct for Members<'_, '_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unsupported> {
        // The names of this crate's fields have nothing to escape.
        self.writer.put(if self.first { b"{\"" } else { b",\"" });
        self.first = false;
        self.writer.put(key.as_bytes());
        self.writer.put(b"\":");
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Unsupported> {
        self.writer.put(if self.first { b"{}" } else { b"}" });
        Ok(())
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a shape of a request")
    }
}

impl core::error::Error for Unsupported {}

impl serde::ser::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[derive(serde::Serialize)]
    struct Shapes<'a> {
        text: &'a str,
        inner: Choice<'a>,
        number: Option<u64>,
        left_out: u8,
        none: Empty,
    }

    #[derive(serde::Serialize)]
    enum Choice<'a> {
        #[serde(rename = "one")]
        One(One<'a>),
    }

    #[derive(serde::Serialize)]
    struct One<'a> {
        yes: bool,
        no: bool,
        small: u16,
        text: &'a str,
    }

    #[derive(serde::Serialize)]
    struct Empty {}

    /// All of `serde_json_core` is what this is held against: every character that it escapes and some that it does not, at every
    /// place of texts of many lengths, in buffers of every size. Meant to notice: a quote taken as plain; `:` before `{`; `put`
    /// writing what fits of a text.
    #[test]
    fn the_same_bytes_as_serde_json_core_and_the_same_need() {
        let specials = (0..=0x7f_u8).map(char::from).chain(['\u{e9}', '\u{20ac}', '\u{1f600}']);
        for special in specials {
            for place in [0, 1, 6, 7, 8, 9, 31, 32, 33, 39, 47] {
                let mut text: String = core::iter::repeat_n('a', 48).collect();
                text.insert(place, special);
                text.insert(place / 2, special);
                let one = One { yes: true, no: false, small: 65_535, text: text.get(..place / 2).unwrap_or("") };
                let shapes = Shapes {
                    text: &text,
                    inner: Choice::One(one),
                    number: Some(u64::MAX),
                    left_out: 0,
                    none: Empty {},
                };
                let mut theirs = [0; 1024];
                let len = serde_json_core::to_slice(&shapes, &mut theirs).unwrap();
                for room in [0, 1, 9, 10, len / 2, len - 1, len, len + 1] {
                    let mut ours: Vec<u8> = core::iter::repeat_n(0xa5, room).collect();
                    assert_eq!(write(&shapes, &mut ours).unwrap(), len);
                    if room >= len {
                        assert_eq!(ours[..len], theirs[..len], "{special:?} at {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        assert!(write(&[1_u8, 2], &mut [0; 64]).is_err());
        assert!(write(&1.5_f32, &mut [0; 64]).is_err());
    }
}
