//! The sale flow against the sandbox's gateway, over a network that does its worst.

mod abandoned;
mod asking;
mod boots;
mod claims;
mod commands;
mod drivers;
mod goods;
mod methods;
mod others;
mod pauses;
mod refunds;
mod replies;
mod rig;
mod scenarios;
mod scripts;
mod sold;
mod stories;
mod till;
mod waits;
mod words;
mod world;
