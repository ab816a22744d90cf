//! Values, and the text they are written in.

pub(crate) mod amount;
pub(crate) mod dice;
pub(crate) mod error;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod test_data;
pub(crate) mod time;
pub(crate) mod version;
pub(crate) mod wire;
