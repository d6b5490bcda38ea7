//! The client's address: the peer's, unless trusted proxies say for whom they asked (`Forwarded`, RFC 7239).

use std::{net::IpAddr, str::FromStr};

use hyper::{HeaderMap, header::FORWARDED};
use thiserror::Error;

/// The networks whose `Forwarded` headers are believed; this machine's own loopback unless configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

/// Why a text is no list of networks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not an address such as 10.1.2.3 or a network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl TrustedProxies {
    /// Who asked: the last address before the first proxy, from our side, that is not trusted.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let elements: Vec<&str> = headers
            .get_all(FORWARDED)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for element in elements.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = forwarded_for(element) else { break };
            client = address;
        }
        client
    }

    /// Whether what `address` says of others is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Default for TrustedProxies {
    fn default() -> Self {
        "127.0.0.0/8, ::1".parse().expect("the loopback networks are networks")
    }
}

impl FromStr for TrustedProxies {
    type Err = NetworkError;

    /// Addresses and networks, separated by commas.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Network {
    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let host_bits = 32 - self.prefix_bits;
                u32::from(ours).checked_shr(host_bits) == u32::from(other).checked_shr(host_bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let host_bits = 128 - self.prefix_bits;
                u128::from(ours).checked_shr(host_bits) == u128::from(other).checked_shr(host_bits)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let error = || NetworkError(text.to_owned());
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.map_or(Ok(bits_max), str::parse).map_err(|_| error())?;
        if prefix_bits > bits_max { Err(error()) } else { Ok(Self { address, prefix_bits }) }
    }
}

/// The address in one element's `for=`; none if it is unknown or obfuscated.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let (_, node) = element
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let node = node.trim().trim_matches('"');
    if let Some(bracketed) = node.strip_prefix('[') {
        let (address, _port) = bracketed.split_once(']')?;
        return address.parse().ok();
    }
    let address = node.split_once(':').map_or(node, |(address, _port)| address);
    address.parse().ok()
}
