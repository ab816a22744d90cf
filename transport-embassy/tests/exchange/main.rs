//! Exchanges through `pay_core`'s trait, over a network of the test's making.

#[path = "../tls/evil_server.rs"]
#[allow(dead_code)]
mod evil_server;
#[path = "../tls/honest_server.rs"]
#[allow(dead_code)]
mod honest_server;
#[path = "../tls/pki.rs"]
#[allow(dead_code)]
mod pki;
#[path = "../tls/rng.rs"]
#[allow(dead_code)]
mod rng;
#[path = "../tls/socket.rs"]
#[allow(dead_code)]
mod socket;

mod faults;
mod keep_alive;
mod network;
mod residue;
mod table;
