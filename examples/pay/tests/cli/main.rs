//! The program from outside: what is typed, what comes out, and with which code.

mod backend;
mod bench;
mod demo;
mod doctor;
mod field;
mod front;
mod gateways;
mod inspect;
mod journal;
mod json;
#[path = "../limit/mod.rs"]
mod limit;
mod methods;
mod others;
mod otp;
mod program;
mod refund;
mod refusals;
mod unknown;
mod usage;
