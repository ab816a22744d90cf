//! The lowest layer: JSON texts as bytes and spans. It knows no names, no money and no gateway.

pub(crate) mod ascii;
pub(crate) mod escape;
pub(crate) mod members;
pub(crate) mod scan;
