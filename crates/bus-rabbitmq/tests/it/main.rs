//! The transport over RabbitMQ against the contract of its port, and against real faults.

mod faults;
mod rabbit;
mod refused;
mod strangers;
mod two;
mod wire;
