//! Every state of small worlds: the life that ships, with a gateway, strangers, lost answers and power cuts around it. Breadth first,
//! until nothing new is found. See docs/proof.md.

mod at_till;
mod elsewhere;
mod exchange;
mod gateway;
mod merchant;
mod mix;
mod reactions;
mod rules;
mod search;
mod spot;
mod step;
mod terminal;
mod world;
mod worlds;

pub use rules::Rules;
pub use search::{Found, search};
pub use worlds::worlds;
