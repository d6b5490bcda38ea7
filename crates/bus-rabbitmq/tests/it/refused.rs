//! Brokers that refuse us, and addresses that lead to none.

use std::sync::Arc;

use bus_rabbitmq::{Options, QueueKind, RabbitMq, State};
use kernel::Ids;
use store::{NoReply, Transport as _};

use crate::rabbit::{
    APPEND, PATIENCE, TRY, append, begin, begin_with, broker, connect, fresh, names,
};

#[tokio::test]
async fn an_address_that_is_none_is_refused_in_a_sentence_without_the_password() {
    for (url, said) in [
        ("http://u:secret@localhost/", "begins with http://, not with amqp://"),
        ("amqps://u:secret@localhost/", "begins with amqps://, which this build does not support"),
        ("localhost:5672", "is not of the form amqp://user:password@host:port/vhost"),
        ("amqp:u:secret@localhost", "is not of the form amqp://"),
        ("amqp://u:secret@localhost:port/", "cannot be parsed: invalid port number"),
        ("amqp://", "names no host"),
        ("amqp://u:secret@[::1]:5672/", "names no host (a name or an IPv4 address)"),
        ("amqp://u:secret@localhost/?heartbeat=often", "cannot be parsed"),
    ] {
        let options = Options {
            names: names(),
            name: "test".to_owned(),
            queues: QueueKind::Classic,
            ids: Arc::new(Ids::from_seed([1; 32])),
        };
        let error = RabbitMq::new(url, options).expect_err(url).to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_broker_that_does_not_let_us_in_is_told_from_one_that_is_not_there() {
    let port = broker().port();
    for (url, said) in [
        (format!("amqp://guest:secret@127.0.0.1:{port}/"), "refuses user guest or the password"),
        (format!("amqp://nobody:secret@127.0.0.1:{port}/"), "refuses user nobody"),
        (broker().url("nowhere"), "the virtual host is missing"),
    ] {
        let transport = begin(&url);
        let error = transport.connected().await.expect_err(said).to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
        assert_eq!(transport.state(), State::Refused(error));
        assert_eq!(transport.append(append("account-1"), TRY).await, Err(NoReply::Unreachable));
    }
    let unused_port = servers::free_port().expect("a port");
    let transport = begin(&format!("amqp://127.0.0.1:{unused_port}"));
    let failing = async {
        while !matches!(transport.state(), State::Unreachable(_)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, failing).await.expect("it is noticed");
}

#[tokio::test]
async fn queues_declared_otherwise_are_named() {
    let url = fresh();
    connect(&url).await;
    let error = begin_with(&url, QueueKind::Quorum).connected().await.expect_err("it differs");
    let error = error.to_string();
    assert!(error.contains("declared with other settings") && error.contains(APPEND), "{error}");
}

#[tokio::test]
async fn a_refused_client_gets_in_once_the_settings_are_right() {
    let late = format!("late-{}", broker().port());
    let transport = begin(&broker().url(&late));
    transport.connected().await.expect_err("there is no such virtual host");
    broker().manage("PUT", &format!("/api/vhosts/{late}"), "").expect("a virtual host");
    let connecting = async {
        while transport.connected().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, connecting).await.expect("it gets in");
}
