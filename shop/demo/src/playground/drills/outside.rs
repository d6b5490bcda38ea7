//! Drills with something beside the shop: a second process, and a program whose token has expired.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use identity::Role;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::playground::Playground;

/// Between two starts of the second process, as a supervisor would pause.
const RESTARTS_AFTER: Duration = Duration::from_secs(3);
/// Between two calls of the program.
const CALLS_EVERY: Duration = Duration::from_millis(500);
/// How long ago its token expired.
const EXPIRED: Duration = Duration::from_hours(1);
/// What it says it is, and what it asks for.
const PROGRAM: &str = "warehouse-sync/2.3";
const CALL: &str = "/order/get-orders?Type=All&Limit=1";

impl Playground {
    /// Starts a second process on the same data folder, and again whenever it has ended.
    pub(super) fn start_second_writer(&self, end: CancellationToken) {
        let second = self.0.toys.second.clone();
        self.0.toys.deps.tasks.spawn_until_stopped("drill-second-writer", async move {
            let starting = async {
                loop {
                    second().await;
                    tokio::time::sleep(RESTARTS_AFTER).await;
                }
            };
            end.run_until_cancelled(starting).await;
        });
    }

    /// Lets a program of the customers' manager call again and again, with a token of yesterday.
    pub(super) fn call_with_expired_token(&self, end: CancellationToken) -> Result<(), String> {
        let gateway = self.0.gateway.get().cloned().ok_or("this process has no gateway")?;
        let desk = &self.0.toys.demo.shop().desk;
        let token = desk.expired_token(&desk.person("admin", Role::Manager), EXPIRED);
        self.0.toys.deps.tasks.spawn_until_stopped("drill-expired-token", async move {
            let calling = async {
                loop {
                    call(gateway.clone(), &token).await;
                    tokio::time::sleep(CALLS_EVERY).await;
                }
            };
            end.run_until_cancelled(calling).await;
        });
        Ok(())
    }
}

async fn call(gateway: Router, token: &str) {
    let here = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let request = Request::get(CALL)
        .header("authorization", format!("Bearer {token}"))
        .header("user-agent", PROGRAM)
        .extension(here)
        .body(Body::empty())
        .expect("the parts are valid");
    let _it_is_refused = gateway.oneshot(request).await;
}
