//! Every state of small worlds: the life that ships, with a gateway, strangers, lost answers and power cuts around it. Breadth first,
//! until nothing new is found. See docs/proof.md.

mod gateway;
mod merchant;
mod mix;
mod search;
mod terminal;
mod world;
mod worlds;

pub use search::{Found, search};
pub use world::Rules;
pub use worlds::worlds;
