//! For a look around while `agora` does not run the back office yet.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]
use std::sync::Arc;
#[tokio::main]
async fn main() {
    let gateway = std::env::args().nth(1).expect("gateway url");
    let listen = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = tokio::net::TcpListener::bind(&listen).await.expect("bind");
    println!("http://{}", listener.local_addr().expect("addr"));
    let config = site::Config {
        gateway: site::Gateway::http(&gateway).expect("url"),
        clock: Arc::new(chassis::clock::SystemClock),
        ids: Arc::new(kernel::Ids::from_seed(std::array::from_fn(|i| {
            (std::process::id() as u8).wrapping_mul(i as u8)
        }))),
        secret: [7; 32],
        proxies: chassis::http::TrustedProxies::default(),
        secure_cookies: false,
        shutdown: tokio_util::sync::CancellationToken::new(),
    };
    let stop = config.shutdown.clone();
    chassis::http::serve(listener, backoffice::build(config), stop).await;
}
