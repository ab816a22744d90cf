//! A till's whole life, in a world in memory.

mod abandoned;
mod goods;
mod journal;
mod leaving;
mod otp;
mod parts;
mod recover;
mod refund;
mod sell;
mod twice;
mod waits;
mod world;
