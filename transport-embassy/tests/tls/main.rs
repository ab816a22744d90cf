//! TLS against an honest server (rustls) and against one that sends what it likes.

mod client;
mod evil_server;
mod honest_server;
mod pki;
mod rng;
mod socket;

mod accepted;
mod freshness;
mod messages;
mod mutated;
mod negotiated;
mod randomness;
mod refused;
mod survived;
