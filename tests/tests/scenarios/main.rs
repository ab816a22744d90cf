//! Every numbered scenario of the sandbox, over every way there is on a host, for every kind of terminal: how the terminal
//! ends, and whether the gateway's books agree. And the fault proxy, with the real transport going through it.

mod book;
mod counter;
mod memory;
mod proxy;
mod relayed;
mod selection;
mod terminal;
mod tls;
