//! A till's whole life, in a world in memory.

mod journal;
mod sell;
mod waits;
mod world;
