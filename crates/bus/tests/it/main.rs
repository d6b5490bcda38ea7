//! The transports against the contract of their port, and against real faults.

mod bypasses;
mod faults;
mod rabbit;
mod rights;
mod strangers;
mod wire;

use bus::Memory;

#[tokio::test(start_paused = true)]
async fn the_in_memory_transport_keeps_the_contract() {
    bus::conformance::suite(async || Memory::new()).await;
}
