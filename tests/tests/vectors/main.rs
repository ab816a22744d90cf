//! Vectors: bodies as the gateway takes and sends them, and what they mean. The data is in `tests/vectors/`, all of it
//! made here but for the samples of the API page (session id, card, offer id, the form's `data`).

mod replies;
mod requests;
