//! The HTTP border as clients meet it.

mod shop;

mod answers;
mod auth;
mod documents;
mod limits;
mod positions;
mod requests;
mod serving;
