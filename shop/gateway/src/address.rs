//! Validates the addresses that services announce and the gateway sends requests to.

use std::net::IpAddr;

use hyper::{Uri, http::uri::Scheme};

/// The base of a service's URLs: `http://HOST[:PORT]` and nothing else; otherwise why it is refused.
///
/// A service's host may be anything in the network, this machine included, so names and other addresses are not judged.
pub(crate) fn parse(base: &str) -> Result<Uri, &'static str> {
    let uri: Uri = base.parse().map_err(|_| "is not a URL")?;
    if uri.scheme() != Some(&Scheme::HTTP) {
        return Err("is not an http:// URL");
    }
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err("contains a user name");
    }
    if !matches!(uri.path_and_query().map_or("/", |path| path.as_str()), "" | "/") {
        return Err("has a path");
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    if host.is_empty() || host.parse().is_ok_and(|address| !is_a_hosts(address)) {
        return Err("is not that of a host");
    }
    Ok(uri)
}

/// No service is at a multicast, unspecified or link-local address; at the latter, clouds serve credentials of machines.
fn is_a_hosts(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast() || v4.is_link_local())
        }
        IpAddr::V6(v6) => {
            let embedded = v6.to_ipv4_mapped();
            embedded.map_or(!(v6.is_unspecified() || v6.is_multicast()), |v4| is_a_hosts(v4.into()))
                && !v6.is_unicast_link_local()
        }
    }
}
