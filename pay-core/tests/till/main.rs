//! A till's whole life, in a world in memory.

mod abandoned;
mod journal;
mod otp;
mod recover;
mod refund;
mod sell;
mod twice;
mod waits;
mod world;
