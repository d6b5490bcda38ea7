//! What a developer runs: set-up, tests, CI, benches.

fn main() {}
