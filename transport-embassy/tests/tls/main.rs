//! TLS against an honest server (rustls) and against one that sends what it likes.

mod client;
mod evil_server;
mod honest_server;
mod pki;
mod rng;
mod socket;

mod accepted;
mod alerts;
mod freshness;
mod late;
mod messages;
mod mutated;
mod namesakes;
mod negotiated;
mod negotiation;
mod randomness;
mod records;
mod refused;
mod survived;
