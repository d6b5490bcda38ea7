//! The command: runs the whole shop, or any part of it, and holds the operator's tools.

fn main() {}
