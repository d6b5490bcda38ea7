//! Where a request came from: the peer, or what trusted proxies say of it by `Forwarded` (RFC 7239), else by `X-Forwarded-…`.
//!
//! ```text
//!  X-Forwarded-For: made up, 203.0.113.9, 10.0.0.7      read from right to left, one element per trusted hop
//!                            ▲            ▲
//!                  the client ┘           └ a proxy, trusted     the peer of the connection: a proxy, trusted
//! ```

use std::net::{IpAddr, Ipv4Addr};

use hyper::{
    HeaderMap,
    header::{FORWARDED, HeaderName, HeaderValue},
};

use super::{ClientAddress, TrustedProxies};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request came from, as far as it can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The other end of the connection, whichever client it speaks for.
    pub peer: IpAddr,
    /// Who asked: the last address before the first hop, from our side, that is not trusted.
    pub client: IpAddr,
    /// Whether the client came over TLS.
    pub https: bool,
    /// The host that the client requested, according to a proxy.
    pub host: Option<Box<str>>,
    /// The path prefix under which a proxy serves us, if it sends one.
    pub prefix: Option<Box<str>>,
    /// What the address of the client rests on.
    source: Source,
    /// Asked by another part of this process: there is no connection, and nothing to distrust.
    in_process: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The first address that is not a trusted proxy's.
    Address,
    /// Trusted proxies only: a tool on this machine, or a proxy asking for itself.
    OnlyTrusted,
    /// A trusted proxy does not name its client, or two headers name different ones.
    Unclear,
}

/// One hop as the next one describes it.
#[derive(Clone, Copy, Default)]
struct Hop<'a> {
    node: Option<IpAddr>,
    proto: Option<&'a str>,
    host: Option<&'a str>,
}

/// How far a list of hops is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Walk {
    client: IpAddr,
    source: Source,
    hops: usize,
}

impl TrustedProxies {
    /// Where a request of `peer` (none: from within this process) came from by its `headers`.
    #[must_use]
    pub fn seen(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Forwarded {
        let in_process = peer.is_none();
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical();
        let mut seen = Forwarded {
            peer,
            client: peer,
            https: false,
            host: None,
            prefix: None,
            source: Source::Address,
            in_process,
        };
        if !in_process && !self.trusts(peer) {
            return seen;
        }
        let said: Vec<Hop<'_>> = elements(headers, &FORWARDED).into_iter().map(hop).collect();
        let listed: Vec<Hop<'_>> = elements(headers, &X_FORWARDED_FOR)
            .into_iter()
            .map(|address| Hop { node: node(address), ..Hop::default() })
            .collect();
        let walk = match (said.is_empty(), listed.is_empty()) {
            (_, true) => self.walk(peer, &said),
            (true, false) => self.walk(peer, &listed),
            (false, false) => self.walk(peer, &said).agreeing(self.walk(peer, &listed), peer),
        };
        (seen.client, seen.source) = (walk.client, walk.source);
        let believed = said.get(said.len().saturating_sub(walk.hops)..).unwrap_or_default();
        let last = |name| by_hop(headers, &name, walk.hops);
        let proto = believed.iter().find_map(|hop| hop.proto).or_else(|| last(X_FORWARDED_PROTO));
        seen.https = proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        let host = believed.iter().find_map(|hop| hop.host).or_else(|| last(X_FORWARDED_HOST));
        seen.host = host.map(Into::into);
        let prefix = last(X_FORWARDED_PREFIX).map(|prefix| prefix.trim_matches('/'));
        seen.prefix = prefix.filter(|prefix| !prefix.is_empty()).map(Into::into);
        seen
    }

    /// From the nearest hop to the first that is not trusted. The peer is.
    fn walk(&self, peer: IpAddr, hops: &[Hop<'_>]) -> Walk {
        let mut walk = Walk { client: peer, source: Source::OnlyTrusted, hops: 0 };
        for hop in hops.iter().rev() {
            walk.hops += 1;
            let Some(address) = hop.node else {
                return Walk { source: Source::Unclear, ..walk };
            };
            walk.client = address;
            if !self.trusts(address) {
                return Walk { source: Source::Address, ..walk };
            }
        }
        walk
    }
}

impl Walk {
    /// A proxy that sets one of the headers passes on the other as its client wrote it: where they differ, one is forged.
    fn agreeing(self, other: Self, peer: IpAddr) -> Self {
        if (self.client, self.source) == (other.client, other.source) {
            return self;
        }
        Self { client: peer, source: Source::Unclear, hops: 1 }
    }
}

impl Forwarded {
    /// The client as limits count it; none where only trusted proxies had a hand in the request.
    #[must_use]
    pub fn address(&self) -> Option<ClientAddress> {
        (self.source != Source::OnlyTrusted).then(|| self.client.into())
    }

    /// Whether the client is on this machine, as far as can be told: a proxy that does not name its client may stand for anyone.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.source != Source::Unclear && self.client.to_canonical().is_loopback()
    }

    /// The same, as another service of this process sees it.
    pub(super) fn within_process(&self) -> Self {
        Self { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), in_process: true, ..self.clone() }
    }

    /// Writes into the headers of a request that we send what is known here, and removes all that others said of it.
    pub fn hand_on(&self, headers: &mut HeaderMap) {
        for name in [X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PREFIX, X_FORWARDED_PROTO] {
            headers.remove(name);
        }
        headers.remove(FORWARDED);
        let is_peer = self.client == self.peer;
        let mut hops = Vec::new();
        if self.source == Source::Unclear {
            hops.push("for=unknown".to_owned());
        }
        if !is_peer || (self.in_process && self.source != Source::OnlyTrusted) {
            let https = if self.https { ";proto=https" } else { "" };
            hops.push(format!("for={}{https}", quoted(self.client)));
        }
        if !self.in_process {
            let proto = if self.https && is_peer { "https" } else { "http" };
            hops.push(format!("for={};proto={proto}", quoted(self.peer)));
        }
        if hops.is_empty() {
            return;
        }
        if let Ok(value) = HeaderValue::try_from(hops.join(", ")) {
            headers.insert(FORWARDED, value);
        }
    }
}

/// The elements of a list, over all headers of the name.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    // What is not text is an element too: skipping it would make its neighbour the nearest hop.
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    values.flat_map(|value| value.split(',')).map(str::trim).collect()
}

/// The value that the outermost of `hops` wrote; the first there is if not every hop wrote one.
fn by_hop<'a>(headers: &'a HeaderMap, name: &HeaderName, hops: usize) -> Option<&'a str> {
    let values = elements(headers, name);
    let at = values.len().saturating_sub(hops.max(1));
    values.get(at).copied().filter(|value| !value.is_empty())
}

/// An element of `Forwarded`.
fn hop(element: &str) -> Hop<'_> {
    let mut hop = Hop::default();
    for (name, value) in element.split(';').filter_map(|pair| pair.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => hop.node = node(value),
            name if name.eq_ignore_ascii_case("proto") => hop.proto = Some(value),
            name if name.eq_ignore_ascii_case("host") => hop.host = Some(value),
            _ => {}
        }
    }
    hop
}

/// An address with or without port; none if it is unknown or obfuscated.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        bracketed.split_once(']')?.0.parse().ok()
    } else {
        let without_port = || text.split_once(':').and_then(|(address, _)| address.parse().ok());
        text.parse().ok().or_else(without_port)
    };
    address.map(|address: IpAddr| address.to_canonical())
}

fn quoted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    }
}
