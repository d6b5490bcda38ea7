//! The HTTP border as clients meet it.

mod shop;

mod requests;
