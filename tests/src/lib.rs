//! What the host tests, the benchmarks and the fuzz targets share: bodies made from bytes, the model made from a body,
//! and what a decoded body says as plain JSON. Never part of a product.

pub mod bodies;
pub mod build;
pub mod choices;
pub mod describe;
#[cfg(feature = "explore")]
pub mod explore;
#[cfg(any(feature = "backend-kill", feature = "explore", feature = "soak", feature = "sweep"))]
pub mod laws;
#[cfg(feature = "merchant")]
pub mod merchant;
pub mod nor;
pub mod spell;
#[cfg(feature = "sweep")]
pub mod sweep;
