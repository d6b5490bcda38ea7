//! The HTTP side as clients see it.

mod shop;

mod answers;
mod auth;
mod documents;
mod limits;
mod positions;
mod proxies;
mod requests;
mod serving;
mod streaming;
