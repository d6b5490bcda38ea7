//! What a call to the gateway says of the request it is made for: its id, its trace, and the visitor's address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use chassis::http::{TRACEPARENT, TrustedProxies, X_REQUEST_ID};
use hyper::{
    HeaderMap,
    header::{FORWARDED, HeaderValue},
};

/// The headers that go on with every call.
pub(crate) fn handed_on(
    request: &Request,
    request_id: &HeaderValue,
    proxies: &TrustedProxies,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(X_REQUEST_ID, request_id.clone());
    if let Some(trace) = request.headers().get(TRACEPARENT) {
        headers.insert(TRACEPARENT, trace.clone());
    }
    let peer = peer(request);
    if proxies.trusts(peer) {
        // What a stranger says of others is hearsay.
        let said = request.headers().get_all(FORWARDED);
        headers.extend(said.iter().map(|value| (FORWARDED, value.clone())));
    }
    let hop = match peer {
        IpAddr::V4(peer) => format!("for={peer};proto=http"),
        IpAddr::V6(peer) => format!("for=\"[{peer}]\";proto=http"),
    };
    headers.append(FORWARDED, HeaderValue::try_from(hop).expect("an address is visible ASCII"));
    headers
}

/// Without connection, as in a process of one's own, the peer is this machine.
fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip().to_canonical())
}
