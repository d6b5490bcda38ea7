//! The loyalty service by itself, in seeded worlds, and as one of the shop's: what it took outside its own crate.

mod calls;
mod files;
mod harness;
mod rules;
mod worlds;
