//! Which connections are accepted, and which are closed for them.

use std::net::IpAddr;

use super::*;

fn connections(total: usize, per_address: usize) -> Connections {
    Connections::new(ConnectionLimits { total, per_address })
}

fn from(address: &str) -> ClientAddress {
    address.parse::<IpAddr>().expect("an address").into()
}

fn admit(connections: &Connections, address: &str) -> Arc<Admitted> {
    Arc::new(connections.admit(Some(from(address))).expect("is let in"))
}

/// A request whose body is here.
fn working(connection: &Arc<Admitted>) -> UnderWay {
    let under_way = connection.begin();
    connection.received();
    under_way
}

fn many(connections: &Connections, address: &str, count: usize) -> Vec<Arc<Admitted>> {
    (0..count).map(|_| admit(connections, address)).collect()
}

fn given_up(of: &[Arc<Admitted>]) -> usize {
    of.iter().filter(|connection| connection.given_up.is_cancelled()).count()
}

#[test]
fn an_address_that_has_too_many_loses_its_own_longest_idle() {
    let connections = connections(10, 2);
    let other = admit(&connections, "192.0.2.9");
    let first = admit(&connections, "192.0.2.1");
    let second = admit(&connections, "192.0.2.1");
    drop(first.begin());
    let third = admit(&connections, "192.0.2.1");
    assert!(second.given_up.is_cancelled(), "the first was used after it");
    assert!(![&first, &third, &other].iter().any(|kept| kept.given_up.is_cancelled()));
    let _under_way = (working(&first), working(&third));
    assert!(connections.admit(Some(from("192.0.2.1"))).is_err(), "nothing is idle");
    drop(second);
    drop(third);
    assert!(connections.admit(Some(from("192.0.2.1"))).is_err(), "its request is still under way");
}

#[test]
fn one_network_of_ipv6_is_one_address_and_proxies_are_none() {
    let connections = connections(100, 1);
    let one = admit(&connections, "2001:db8::1");
    let _same = admit(&connections, "2001:db8::ffff:1");
    assert!(one.given_up.is_cancelled());
    let _other = admit(&connections, "2001:db8:0:1::1");
    let proxies: Vec<_> =
        (0..90).map(|_| connections.admit(None).expect("is not limited")).collect();
    assert!(!proxies.iter().any(|proxy| proxy.given_up.is_cancelled()));
}

#[test]
fn when_all_are_taken_the_longest_idle_of_all_is_closed() {
    let connections = connections(2, 2);
    let first = admit(&connections, "192.0.2.1");
    let _second = admit(&connections, "192.0.2.2");
    let _third = admit(&connections, "192.0.2.3");
    assert!(first.given_up.is_cancelled());
    assert_eq!(connections.lock().by_id.len(), 2);
}

#[test]
fn streams_are_counted_apart_and_leave_room_for_requests() {
    let connections = connections(4, 1);
    let held: Vec<_> = (0..2)
        .map(|_| {
            let under_way = admit(&connections, "192.0.2.1").begin();
            under_way.streams().expect("has room");
            under_way
        })
        .collect();
    let third = admit(&connections, "192.0.2.1").begin();
    assert_eq!(third.streams(), Err(Full), "half of all");
    drop((held, third));
    let open = connections.lock();
    assert_eq!((open.by_id.len(), open.waiting.len(), open.streams), (0, 0, 0));
    assert!(open.by_address.is_empty());
}

#[test]
fn who_is_slow_to_send_a_body_or_to_take_an_answer_goes_like_the_idle() {
    let connections = connections(4, 2);
    let (slow, behind) = (admit(&connections, "192.0.2.1"), admit(&connections, "192.0.2.1"));
    let (works, streams) = (admit(&connections, "192.0.2.2"), admit(&connections, "192.0.2.2"));
    let receiving = slow.begin();
    let answering = working(&behind);
    let (_works, streaming) = (working(&works), working(&streams));
    streaming.streams().expect("has room");
    let first = admit(&connections, "192.0.2.3");
    assert!(slow.given_up.is_cancelled(), "its body has not come");
    let _working = working(&first);
    assert!(connections.admit(Some(from("192.0.2.4"))).is_err(), "all work");
    behind.is_behind();
    behind.goes_on();
    assert!(connections.admit(Some(from("192.0.2.4"))).is_err(), "it takes its answer");
    behind.is_behind();
    admit(&connections, "192.0.2.4");
    assert!(behind.given_up.is_cancelled(), "it does not take its answer");
    drop((receiving, answering));
}

#[test]
fn of_the_address_that_has_most_one_goes_however_long_others_wait() {
    let connections = connections(7, 6);
    let quiet = many(&connections, "192.0.2.1", 2);
    let greedy = many(&connections, "192.0.2.2", 5);
    let _other = admit(&connections, "192.0.2.3");
    assert_eq!((given_up(&quiet), given_up(&greedy)), (0, 1));
    assert!(greedy.first().is_some_and(|longest| longest.given_up.is_cancelled()));
}

#[test]
fn a_reserve_stays_for_this_machine_and_for_proxies() {
    let connections = connections(16, 16);
    let outside: Vec<_> = many(&connections, "192.0.2.1", 14);
    let _under_way: Vec<_> = outside.iter().map(working).collect();
    assert!(connections.admit(Some(from("192.0.2.2"))).is_err(), "the reserve is not for it");
    let health = admit(&connections, "127.0.0.1");
    let proxy = Arc::new(connections.admit(None).expect("is let in"));
    let again = admit(&connections, "::1");
    assert!(health.given_up.is_cancelled() && !proxy.given_up.is_cancelled());
    assert!(connections.admit(Some(from("192.0.2.2"))).is_err(), "what waits of the reserve stays");
    assert!(!again.given_up.is_cancelled());
}

#[test]
fn an_ipv6_site_has_four_times_as_many_whatever_networks_it_has() {
    let connections = connections(100, 2);
    let site: Vec<_> =
        (0..9).map(|network| admit(&connections, &format!("2001:db8:1:{network}::1"))).collect();
    assert_eq!(given_up(&site), 1, "the ninth costs the first");
    let other = many(&connections, "2001:db8:2::1", 2);
    assert_eq!((given_up(&site), given_up(&other)), (1, 0));
}

#[test]
fn when_files_run_out_one_that_waits_is_given_up() {
    let connections = connections(10, 10);
    assert!(!connections.give_one_up(), "there is none");
    let works = admit(&connections, "192.0.2.1");
    let _under_way = working(&works);
    assert!(!connections.give_one_up(), "none waits");
    let idle = admit(&connections, "192.0.2.1");
    assert!(connections.give_one_up() && idle.given_up.is_cancelled());
}
