//! The test kit tested: what it must find, it finds.

mod released;
mod worlds;
