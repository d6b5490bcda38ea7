//! What needs nothing installed against the contracts of the ports.

mod log;

use store::Memory;

#[tokio::test(start_paused = true)]
async fn the_in_memory_transport_keeps_the_contract() {
    store::conformance::transport::suite(async || Memory::new()).await;
}
