//! The servers start, are killed, come back with their data, and leave nothing behind.

use std::{collections::BTreeSet, fs};

use servers::{RabbitMq, free_port};

#[test]
fn a_killed_broker_comes_back_with_its_data_and_leaves_nothing_behind() {
    let mut broker = RabbitMq::start().expect("RabbitMQ starts");
    let vhost = broker.vhost().expect("a virtual host");
    broker.kill();
    broker.manage("GET", "/api/overview", "").expect_err("a dead broker does not answer");
    broker.restart().expect("RabbitMQ starts again");
    broker.manage("GET", &format!("/api/vhosts/{vhost}"), "").expect("the virtual host is kept");
    let mapper = format!("/proc/{}", broker.mapper_id());
    drop(broker);
    assert!(!std::path::Path::new(&mapper).exists(), "the port mapper is gone");
}

#[test]
fn a_free_port_is_none_that_the_kernel_gives_to_a_connection_and_is_given_once() {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").expect("Linux");
    let first: u16 = range.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a port");
    let ports: Vec<u16> = (0..100).map(|_| free_port().expect("a free port")).collect();
    let different: BTreeSet<u16> = ports.iter().copied().collect();
    assert_eq!(different.len(), ports.len(), "{ports:?}");
    // A machine whose range begins lower has no better ports to give.
    assert!(ports.iter().all(|port| *port < first) || first < 32_000, "{first}: {ports:?}");
}
