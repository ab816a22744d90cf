//! What happens to the bytes of an answer on their way.

/// An answer that does not arrive whole. The gateway says so; each carrier does it in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireFault {
    /// How far the answer gets.
    pub at: Place,
    /// What happens there.
    pub how: Break,
}

/// A place in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before its first byte.
    Start,
    /// In its status line and headers.
    Head,
    /// After so many bytes of its body; 0 is between head and body.
    Body(usize),
    /// Before the last byte of its body.
    LastByte,
}

/// What happens to a connection in the middle of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// Nothing more comes.
    Stall,
}
