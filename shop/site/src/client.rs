//! Sends requests to the gateway: over pooled keep-alive connections, or to the router of this process.

use std::time::Duration;

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{Uri, Version, http::uri::PathAndQuery};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tower::Service as _;

use crate::{Failure, Gateway};

/// A gateway on the same network answers a connection at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Until an answer begins. The gateway itself waits 10 s at most for a service.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);

/// Until an answer that has begun is whole.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A page of 500 products is some 300 KiB.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Shorter than the gateway keeps idle connections (30 s), so that none is closed just as it is used.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Idle connections kept: as many as pages are likely made at once.
const POOL_IDLE_MAX: usize = 64;

/// Sends requests to the gateway. A cheap clone.
#[derive(Clone)]
pub(crate) enum Client {
    Remote { pool: Pool<HttpConnector, Body>, base: Uri },
    Local(Router),
}

impl Client {
    pub(crate) fn new(gateway: Gateway) -> Self {
        match gateway {
            Gateway::Local(router) => Self::Local(router),
            Gateway::Http(base) => Self::Remote { pool: pool(), base },
        }
    }

    /// The answer to `request`, whose URI is a path and query. Dropping the future may leave the request acted on.
    pub(crate) async fn send(&self, mut request: Request) -> Result<Response, Failure> {
        let answer = async {
            match self {
                Self::Local(router) => {
                    let Ok(response) = router.clone().call(request).await;
                    Ok(response)
                }
                Self::Remote { pool, base } => {
                    *request.version_mut() = Version::HTTP_11;
                    *request.uri_mut() = absolute(base, request.uri().path_and_query().cloned())?;
                    let response = pool.request(request).await.map_err(|error| {
                        tracing::debug!(%error, "the gateway cannot be reached");
                        Failure::UNREACHABLE
                    })?;
                    Ok(response.map(Body::new))
                }
            }
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
            Ok(answered) => answered,
            Err(_) => Err(Failure::UNREACHABLE),
        }
    }
}

/// The whole body of an answer.
pub(crate) async fn whole(response: Response) -> Result<Bytes, Failure> {
    let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) | Err(_) => Err(Failure::UNREACHABLE),
    }
}

fn pool() -> Pool<HttpConnector, Body> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    Pool::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_MAX)
        .build(connector)
}

fn absolute(base: &Uri, path: Option<PathAndQuery>) -> Result<Uri, Failure> {
    let mut parts = base.clone().into_parts();
    parts.path_and_query = path;
    Uri::from_parts(parts).map_err(|_| Failure::NotFound)
}
