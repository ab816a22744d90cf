//! A till's whole life, in a world in memory.

mod journal;
mod refund;
mod sell;
mod twice;
mod waits;
mod world;
