//! The loyalty service by itself, and as a guest of seeded worlds.

mod calls;
mod files;
mod harness;
mod rules;
mod worlds;
