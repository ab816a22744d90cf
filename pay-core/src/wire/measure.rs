//! How long a request would be: a serializer that only counts. Used when a buffer turned out too small, so that the
//! error can say how much is needed without a second copy of a card number anywhere.

use core::fmt;

use serde::ser::{Impossible, Serialize, SerializeStruct, Serializer};

/// The length of `value` as JSON, written as `serde_json_core` writes it.
pub(super) fn measure(value: &impl Serialize) -> usize {
    let mut counter = Counter { len: 0 };
    // Fails only for shapes that no request of this crate has; a test measures every one of them.
    let _ = value.serialize(&mut counter);
    counter.len
}

struct Counter {
    len: usize,
}

struct Members<'c> {
    counter: &'c mut Counter,
    first: bool,
}

#[derive(Debug)]
struct Unsupported;

impl Counter {
    fn string(&mut self, text: &str) {
        let escapes = text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
        self.len += text.len() + escapes + 2;
    }

    fn number(&mut self, value: u64) {
        self.len += value.checked_ilog10().map_or(1, |log| log as usize + 1);
    }
}

macro_rules! unsupported {
    ($($method:ident($ty:ty))*) => {
        $(fn $method(self, _: $ty) -> Result<(), Unsupported> { Err(Unsupported) })*
    };
}

impl<'c> Serializer for &'c mut Counter {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Impossible<(), Unsupported>;
    type SerializeTuple = Impossible<(), Unsupported>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Impossible<(), Unsupported>;
    type SerializeStruct = Members<'c>;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    fn serialize_bool(self, v: bool) -> Result<(), Unsupported> {
        self.len += if v { 4 } else { 5 };
        Ok(())
    }

    fn serialize_u8(self, v: u8) -> Result<(), Unsupported> {
        self.number(v.into());
        Ok(())
    }

    fn serialize_u16(self, v: u16) -> Result<(), Unsupported> {
        self.number(v.into());
        Ok(())
    }

    fn serialize_u32(self, v: u32) -> Result<(), Unsupported> {
        self.number(v.into());
        Ok(())
    }

    fn serialize_u64(self, v: u64) -> Result<(), Unsupported> {
        self.number(v);
        Ok(())
    }

    fn serialize_str(self, v: &str) -> Result<(), Unsupported> {
        self.string(v);
        Ok(())
    }

    /// Written as they are: see `Number` in `request.rs`.
    fn serialize_bytes(self, v: &[u8]) -> Result<(), Unsupported> {
        self.len += v.len();
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
        self.string(variant);
        self.len += 3; // braces and colon
        value.serialize(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'c>, Unsupported> {
        self.len += 2;
        Ok(Members { counter: self, first: true })
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

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unsupported> {
        self.counter.len += usize::from(!self.first);
        self.first = false;
        self.counter.string(key);
        self.counter.len += 1;
        value.serialize(&mut *self.counter)
    }

    fn end(self) -> Result<(), Unsupported> {
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
