//! The flash journal against a flash that loses power everywhere: cuts, dropped futures, bad words, foreign bytes, wear.

mod cuts;
mod drops;
mod faults;
mod format;
mod note;
mod records;
mod story;
mod wear;
