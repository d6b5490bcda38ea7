//! The origin of a request, as sent by proxies of all kinds.

use std::net::IpAddr;

use axum::http::HeaderMap;
use proptest::prelude::*;
use web::{ClientAddress, Forwarded, TrustedProxies};

const TRUSTED: &str = "127.0.0.0/8, ::1, 10.0.0.0/8";

/// What is seen of a request of `peer` with these headers.
fn seen(peer: &str, said: &[(&'static str, &str)]) -> Forwarded {
    let trusted: TrustedProxies = TRUSTED.parse().expect("networks");
    trusted.seen(Some(peer.parse().expect("an address")), &headers(said))
}

fn headers(said: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        headers.append(*name, value.parse().expect("a header"));
    }
    headers
}

/// The client, and whether limits count it.
fn client(peer: &str, said: &[(&'static str, &str)]) -> (String, bool) {
    let seen = seen(peer, said);
    (seen.client.to_string(), seen.address().is_some())
}

#[test]
fn x_forwarded_for_is_read_from_right_to_left_over_trusted_hops() {
    let xff = |peer, value| client(peer, &[("x-forwarded-for", value)]);
    let limited = |address: &str| (address.to_owned(), true);
    assert_eq!(xff("127.0.0.1", "203.0.113.9"), limited("203.0.113.9"));
    assert_eq!(xff("127.0.0.1", "1.1.1.1, 203.0.113.9"), limited("203.0.113.9"), "made up");
    assert_eq!(xff("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.1.1"), limited("203.0.113.9"));
    assert_eq!(xff("203.0.113.9", "1.1.1.1"), limited("203.0.113.9"), "a stranger");
    assert_eq!(xff("::1", "2001:db8::7"), limited("2001:db8::7"));
    assert_eq!(xff("::1", "[2001:db8::7]:4711"), limited("2001:db8::7"));
    assert_eq!(xff("::1", "::ffff:203.0.113.9"), limited("203.0.113.9"));
    assert_eq!(xff("::ffff:10.0.0.1", "203.0.113.9:80"), limited("203.0.113.9"));
    assert_eq!(
        xff("10.0.0.1", "203.0.113.9, nonsense"),
        limited("10.0.0.1"),
        "one pot for all such"
    );
    assert_eq!(
        xff("10.0.0.1", "127.0.0.1"),
        ("127.0.0.1".to_owned(), false),
        "a tool over a proxy"
    );
    let two = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9, 10.2.2.2")];
    assert_eq!(client("10.0.0.1", &two), limited("203.0.113.9"), "two headers are one list");
}

#[test]
fn a_client_that_makes_up_the_header_its_proxy_does_not_set_gains_nothing() {
    let said = |forwarded, listed| {
        client("10.0.0.1", &[("forwarded", forwarded), ("x-forwarded-for", listed)])
    };
    assert_eq!(said("for=203.0.113.9", "203.0.113.9"), ("203.0.113.9".to_owned(), true));
    for made_up in ["for=1.1.1.1", "for=127.0.0.1", "for=unknown", "by=x"] {
        assert_eq!(said(made_up, "203.0.113.9"), ("10.0.0.1".to_owned(), true), "{made_up}");
    }
}

#[test]
fn scheme_host_and_path_are_taken_from_trusted_hops_only() {
    let said = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "shop.example"),
        ("x-forwarded-prefix", "/shop/"),
    ];
    let of = |seen: Forwarded| (seen.https, seen.host, seen.prefix);
    let believed = (true, Some("shop.example".into()), Some("shop".into()));
    assert_eq!(of(seen("127.0.0.1", &said)), believed);
    assert_eq!(of(seen("203.0.113.1", &said)), (false, None, None));
    let said =
        [("forwarded", "for=203.0.113.9;proto=https;host=shop.example, for=10.0.0.3;proto=http")];
    assert_eq!(of(seen("127.0.0.1", &said)), (true, Some("shop.example".into()), None));
    // The client's own words stand before what the outermost trusted hop wrote.
    let said =
        [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-host", "evil.example, shop.example")];
    assert_eq!(seen("127.0.0.1", &said).host.as_deref(), Some("shop.example"));
}

#[test]
fn what_is_handed_on_is_seen_alike_by_the_next() {
    let trusted: TrustedProxies = TRUSTED.parse().expect("networks");
    for (peer, said) in [
        (Some("203.0.113.9"), vec![("x-forwarded-for", "1.1.1.1")]),
        (
            Some("127.0.0.1"),
            vec![("x-forwarded-for", "2001:db8::7, 10.0.0.3"), ("x-forwarded-proto", "https")],
        ),
        (Some("10.0.0.1"), vec![("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "2.2.2.2")]),
        (Some("127.0.0.1"), vec![]),
        (None, vec![("forwarded", "for=203.0.113.9;proto=https")]),
        (None, vec![]),
    ] {
        let mut headers = headers(&said);
        let first = trusted.seen(peer.map(|peer| peer.parse().expect("an address")), &headers);
        first.hand_on(&mut headers);
        assert!(!headers.contains_key("x-forwarded-for"));
        for next in [None, Some("10.0.0.9".parse().expect("an address"))] {
            let second = trusted.seen(next, &headers);
            let of = |seen: &Forwarded| (seen.address(), seen.https && seen.address().is_some());
            assert_eq!(of(&second), of(&first), "{peer:?} {said:?}");
        }
    }
}

#[test]
fn other_parts_of_the_process_are_believed_whatever_is_trusted() {
    let trusted: TrustedProxies = "10.0.0.5".parse().expect("networks");
    let seen = trusted.seen(None, &headers(&[("forwarded", "for=203.0.113.9")]));
    assert_eq!(seen.client.to_string(), "203.0.113.9");
}

#[test]
fn one_client_is_an_ipv4_address_or_a_network_of_64_bits() {
    let one = |text: &str| ClientAddress::from(text.parse::<IpAddr>().expect("an address"));
    assert_eq!(one("2001:db8:1:2::1"), one("2001:db8:1:2:ffff::9"));
    assert_ne!(one("2001:db8:1:2::1"), one("2001:db8:1:3::1"));
    assert_eq!(one("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
    assert_ne!(one("192.0.2.1"), one("192.0.2.2"));
}

proptest! {
    /// Whatever a client writes, it cannot choose the address that its proxy saw it at.
    #[test]
    fn nothing_a_client_sends_hides_its_address(made_up in "[ -~]{0,60}", own in any::<u32>()) {
        let own = std::net::Ipv4Addr::from(own);
        let trusted: TrustedProxies = TRUSTED.parse().expect("networks");
        prop_assume!(!trusted.trusts(own.into()));
        let listed = format!("{made_up}, {own}");
        let seen = seen("127.0.0.1", &[("x-forwarded-for", &listed)]);
        prop_assert_eq!(seen.client, IpAddr::from(own));
        let both = [("forwarded", made_up.as_str()), ("x-forwarded-for", &*listed)];
        let seen = super::proxies::seen("127.0.0.1", &both);
        let proxys = IpAddr::from([127, 0, 0, 1]);
        prop_assert!(seen.client == own || seen.client == proxys);
        prop_assert!(seen.address().is_some());
    }
}
