//! Webhooks: what is taken, what is refused and why, and what each says.

mod events;
mod headers;
mod shapes;
mod shared;
mod signatures;
mod vectors;
