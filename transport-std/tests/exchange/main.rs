//! The transport against a server that misbehaves, on loopback.

mod answers;
mod delivery;
mod environment;
mod keep_alive;
mod race;
mod requests;
mod secrets;
mod server;
mod slow;
mod source;
mod table;
mod trust;
