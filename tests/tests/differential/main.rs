//! The reader held against `serde_json` (with `arbitrary_precision` and `raw_value`) on the same bytes.
//!
//! Known differences, each asserted in `validity`:
//! - half a surrogate pair in an escape is taken (RFC 8259 allows it) and reads as U+FFFD; `serde_json` refuses it in a
//!   string, and takes it where it skips a value;
//! - the bound of depth is 32, `serde_json`'s is 127;
//! - a second occurrence of a member that is read is refused; `serde_json::Value` keeps the last.

mod meaning;
mod text;
mod validity;
mod value;
