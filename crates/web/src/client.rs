//! Addresses: trusted networks, and what counts as one client.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use thiserror::Error;

/// The part of an IPv6 address that one client cannot choose: providers hand out a /64 at least.
const IPV6_CLIENT_BITS: u32 = 64;

/// What one subscriber of a provider has at the very most (RFC 6177).
const IPV6_SITE_BITS: u32 = 48;

/// One client as limits count it: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientAddress {
    network: IpAddr,
    bits: u32,
}

/// The networks of proxies that are believed when they name their clients; this machine's own loopback unless configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

/// Why a text is not a list of networks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not an address such as 10.1.2.3 or a network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl ClientAddress {
    /// The site that the client is at: an IPv6 network of 48 bits, an IPv4 address itself.
    #[must_use]
    pub fn site(self) -> Self {
        match self.network {
            IpAddr::V6(network) => Self::within(network, IPV6_SITE_BITS),
            IpAddr::V4(_) => self,
        }
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_loopback(self) -> bool {
        match self.network {
            IpAddr::V4(address) => address.is_loopback(),
            // Nothing else in the network of ::1 has a route.
            IpAddr::V6(network) => network.is_unspecified(),
        }
    }

    fn within(address: Ipv6Addr, bits: u32) -> Self {
        let host_bits = 128 - bits;
        let network = u128::from(address) >> host_bits << host_bits;
        Self { network: Ipv6Addr::from(network).into(), bits }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self::within(address, IPV6_CLIENT_BITS),
            network @ IpAddr::V4(_) => Self { network, bits: 32 },
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/{}", self.bits),
        }
    }
}

impl TrustedProxies {
    /// Whether `address` is trusted to name its clients.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whether all addresses of a kind are trusted: any client can then name any address as its own.
    #[must_use]
    pub fn trusts_all(&self) -> bool {
        self.0.iter().any(|network| network.prefix_bits == 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_in_every_address_is_noticed() {
        for (text, all) in [
            ("0.0.0.0/0", true),
            ("10.0.0.0/8, ::/0", true),
            ("10.0.0.0/8, ::1", false),
            ("", false),
        ] {
            let proxies: TrustedProxies = text.parse().expect("networks");
            assert_eq!(proxies.trusts_all(), all, "{text}");
        }
    }
}
