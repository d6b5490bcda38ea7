//! What every engine behind [`Model`](super::Model) must do, as tests; each panics where the engine fails.
