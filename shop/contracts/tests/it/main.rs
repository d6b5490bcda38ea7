//! The published language of every release: old events stay readable, answers read back as they were
//! written, and an order's life is what the table says.

mod denial;
mod lifecycle;
mod names;
mod released;
mod rest;
mod story;
mod wire;
