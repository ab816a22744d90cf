//! Reads the fields of a TLS message without ever slicing out of range.

use super::TlsError;

/// What is left of a message, or of a vector in it.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    /// Named in the error, so that a refusal says which message was wrong.
    what: &'static str,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(rest: &'a [u8], what: &'static str) -> Self {
        Self { rest, what }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], TlsError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(TlsError::Malformed(self.what))?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], TlsError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(TlsError::Malformed(self.what))?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, TlsError> {
        self.array().map(|&[b]| b)
    }

    pub(super) fn u16(&mut self) -> Result<u16, TlsError> {
        self.array().map(|b| u16::from_be_bytes(*b))
    }

    pub(super) fn u24(&mut self) -> Result<usize, TlsError> {
        self.array().map(|&[a, b, c]| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// A vector with a one-byte length.
    pub(super) fn vec8(&mut self) -> Result<Self, TlsError> {
        let len = self.u8()?;
        self.vec(len.into())
    }

    /// A vector with a two-byte length.
    pub(super) fn vec16(&mut self) -> Result<Self, TlsError> {
        let len = self.u16()?;
        self.vec(len.into())
    }

    /// A vector with a three-byte length.
    pub(super) fn vec24(&mut self) -> Result<Self, TlsError> {
        let len = self.u24()?;
        self.vec(len)
    }

    /// Everything that is left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), TlsError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    /// The error of a message that is wrong here.
    pub(super) fn malformed(self) -> TlsError {
        TlsError::Malformed(self.what)
    }

    fn vec(&mut self, len: usize) -> Result<Self, TlsError> {
        Ok(Self { rest: self.take(len)?, what: self.what })
    }
}
