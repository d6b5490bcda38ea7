//! The transport over RabbitMQ against the contract of its port, and against real faults.

mod bypasses;
mod faults;
mod rabbit;
mod rights;
mod strangers;
mod wire;
