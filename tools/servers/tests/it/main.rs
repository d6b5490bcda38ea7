//! The servers start, are killed, come back with their data, and leave nothing behind.

use servers::RabbitMq;

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
