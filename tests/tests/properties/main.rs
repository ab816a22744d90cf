//! Properties of the codec, over bodies made from random bytes (see `tests::choices`).

mod replies;
mod requests;
