//! The transport over RabbitMQ while things break: brokers die, networks fail, queues vanish, deliveries are repeated.

use std::time::Duration;

use bus_rabbitmq::RabbitMq;
use kernel::Position;
use servers::Proxy;
use store::{Appended, Heard, Message, NoReply, Page, Read, Topic, Transport};

use crate::rabbit::{
    APPEND, PATIENCE, answer_appends, answer_reads, append, append_until_answered, appended, begin,
    broker, connect, event, fresh, hears_again, next, recorded, while_serving,
};
use crate::strangers::Stranger;

#[tokio::test]
async fn a_killed_broker_loses_answers_and_broadcasts_and_after_its_restart_all_goes_on() {
    let mut broker = servers::RabbitMq::start().expect("RabbitMQ starts");
    let url = broker.url(&broker.vhost().expect("a virtual host"));
    let (client, server) = (connect(&url).await, connect(&url).await);
    let mut log = client.subscribe(Topic::Log).await;
    client.publish(recorded(1)).await;
    assert!(matches!(next(&mut log).await, Heard::Message(Message::Recorded(_))));
    let serving = answer_appends(server.serve_appends().await, 7);
    let living_on = async {
        assert_eq!(append_until_answered(&client).await.0, appended(7));
        broker.kill();
        let (answer, failures, broker) = {
            let asking = append_until_answered(&client);
            let restarting = tokio::task::spawn_blocking(move || {
                broker.restart().expect("RabbitMQ starts again");
                broker
            });
            let ((answer, failures), broker) = tokio::join!(asking, restarting);
            (answer, failures, broker.expect("it restarts"))
        };
        assert_eq!(answer, appended(7));
        assert!(failures.contains(&NoReply::Unreachable), "{failures:?}");
        assert!(hears_again(&server, &mut log).await, "the subscriber learns of the loss");
        drop(broker);
    };
    while_serving(serving, living_on).await;
}

#[tokio::test]
async fn a_cut_connection_loses_what_was_asked_at_once_and_comes_back() {
    for reset in [false, true] {
        let (proxy, url) = behind_a_proxy();
        let client = connect(&url).await;
        let server = connect(&broker_url(&url)).await;
        let mut log = client.subscribe(Topic::Log).await;
        let asked = async {
            let mut waiting = server.serve_appends().await;
            let question = waiting.next_batch(1).await;
            if reset {
                proxy.reset();
            } else {
                proxy.cut();
            }
            (question, waiting)
        };
        // No answer comes; the end of the connection is noticed long before the timeout.
        let asking = client.append(append("account-1"), PATIENCE);
        let (answer, unanswered) = tokio::join!(asking, asked);
        assert_eq!(answer, Err(NoReply::Lost));
        drop(unanswered);
        proxy.mend();
        let serving = answer_appends(server.serve_appends().await, 7);
        let going_on = async {
            assert_eq!(append_until_answered(&client).await.0, appended(7));
            assert!(hears_again(&server, &mut log).await, "the subscriber learns of the loss");
        };
        while_serving(serving, going_on).await;
        assert_eq!(client.figures().connections, 2);
    }
}

#[tokio::test]
async fn a_server_whose_connection_is_cut_serves_on_with_the_same_requests() {
    let (proxy, url) = behind_a_proxy();
    let (client, server) = (connect(&broker_url(&url)).await, connect(&url).await);
    let serving = answer_appends(server.serve_appends().await, 7);
    let asking = async {
        for _ in 0..3 {
            assert_eq!(append_until_answered(&client).await.0, appended(7));
            proxy.reset();
        }
        assert_eq!(append_until_answered(&client).await.0, appended(7));
    };
    while_serving(serving, asking).await;
    assert!(server.figures().connections > 1);
}

#[tokio::test]
async fn an_unanswered_question_is_delivered_again_when_its_server_is_gone() {
    let url = fresh();
    let (client, first, second) = (connect(&url).await, connect(&url).await, connect(&url).await);
    let dying = async {
        let mut requests = first.serve_appends().await;
        let taken = requests.next_batch(1).await;
        assert_eq!(taken.len(), 1);
        // Gone with the question in its hands, as by a power cut.
        drop(first);
        drop((taken, requests));
        answer_appends(second.serve_appends().await, 7).await;
    };
    let answer = while_serving(dying, client.append(append("account-1"), PATIENCE)).await;
    assert_eq!(answer, Ok(appended(7)));
}

#[tokio::test]
async fn a_slow_network_is_only_slow() {
    let (proxy, url) = behind_a_proxy();
    let (client, server) = (connect(&url).await, connect(&broker_url(&url)).await);
    proxy.delay(Duration::from_millis(20));
    let mut log = client.subscribe(Topic::Log).await;
    let events = (1..=1000).map(|at| event(at, 1024)).collect();
    let page = Page { events, head: Position(1000), next: Position(1001), end: true };
    let serving = async {
        let appends = answer_appends(server.serve_appends().await, 7);
        let reads = answer_reads(server.serve_reads().await, page);
        tokio::join!(appends, reads)
    };
    let asking = async {
        assert_eq!(client.append(append("account-1"), PATIENCE).await, Ok(appended(7)));
        let all = Read::All { from: Position(1), categories: Vec::new() };
        assert_eq!(client.read(all, PATIENCE).await.expect("a page").events.len(), 1000);
    };
    while_serving(serving, asking).await;
    assert!(!hears_again(&client, &mut log).await, "nothing was lost");
    assert_eq!(client.figures().connections, 1);
}

#[tokio::test]
async fn a_network_that_stalls_keeps_nobody_waiting() {
    let (proxy, url) = behind_a_proxy();
    // Dead after two seconds without a sign of life.
    let client = connect(&format!("{url}?heartbeat=1")).await;
    let server = connect(&broker_url(&url)).await;
    let mut log = client.subscribe(Topic::Log).await;
    let serving = answer_appends(server.serve_appends().await, 7);
    let going_on = async {
        assert_eq!(append_until_answered(&client).await.0, appended(7));
        proxy.stall();
        let answer = client.append(append("account-1"), Duration::from_millis(100)).await;
        assert_eq!(answer, Err(NoReply::TimedOut));
        let publishing = async {
            for at in 0..30 {
                // Larger in all than what is kept for the broker.
                client.publish(Message::Recorded([event(at, 1 << 20)].into())).await;
            }
        };
        tokio::time::timeout(PATIENCE, publishing).await.expect("publishing ends");
        assert!(client.figures().broadcasts_dropped > 0);
        proxy.mend();
        assert_eq!(append_until_answered(&client).await.0, appended(7));
        assert!(hears_again(&server, &mut log).await, "the subscriber learns of the loss");
    };
    while_serving(serving, going_on).await;
}

#[tokio::test]
async fn without_a_broker_nothing_waits_and_nothing_grows() {
    let port = servers::free_port().expect("a port");
    let client = begin(&format!("amqp://127.0.0.1:{port}"));
    let mut log = client.subscribe(Topic::Log).await;
    let _served = (client.serve_appends().await, client.serve_reads().await);
    let using = async {
        for at in 0..10_000 {
            client.publish(Message::Recorded([event(at, 100_000)].into())).await;
        }
        for _ in 0..1000 {
            let answer = client.append(append("account-1"), PATIENCE).await;
            assert_eq!(answer, Err(NoReply::Unreachable));
        }
    };
    tokio::time::timeout(PATIENCE, using).await.expect("nothing waits");
    assert_eq!(client.figures().broadcasts_dropped, 10_000);
    assert!(log.try_next().is_none());
}

#[tokio::test]
async fn a_purged_queue_is_an_answer_too_late_and_nothing_more() {
    let vhost = broker().vhost().expect("a virtual host");
    let url = broker().url(&vhost);
    let (client, server) = (connect(&url).await, connect(&url).await);
    // No server yet: the request waits in the queue, until it is dropped.
    let stranger = Stranger::at(&url).await;
    let asking = client.append(append("account-1"), PATIENCE / 2);
    let purging = async {
        while stranger.waiting(APPEND).await == 0 {}
        broker().purge(&vhost, APPEND).expect("it is purged");
        assert_eq!(stranger.waiting(APPEND).await, 0);
    };
    let (answer, ()) = tokio::join!(asking, purging);
    assert_eq!(answer, Err(NoReply::TimedOut));
    let serving = answer_appends(server.serve_appends().await, 7);
    assert_eq!(while_serving(serving, append_until_answered(&client)).await.0, appended(7));
}

#[tokio::test]
async fn questions_whose_askers_gave_up_are_not_served() {
    let url = fresh();
    let (client, server) = (connect(&url).await, connect(&url).await);
    for _ in 0..20 {
        let answer = client.append(append("account-1"), Duration::from_millis(20)).await;
        assert_eq!(answer, Err(NoReply::TimedOut));
    }
    all_is_sent(&client, &server).await;
    until_nothing_waits(&url).await;
    let mut requests = server.serve_appends().await;
    let serving = async {
        let mut served = Vec::new();
        while served.last().is_none_or(|stream| stream != "account-2") {
            for incoming in requests.next_batch(100).await {
                served.push(incoming.question.stream.as_str().to_owned());
                incoming.answer(appended(7));
            }
        }
        served
    };
    let (answer, served) = tokio::join!(client.append(append("account-2"), PATIENCE), serving);
    assert_eq!(answer, Ok(appended(7)));
    assert_eq!(served, ["account-2"], "the others' time was over");
}

#[tokio::test]
async fn a_queue_that_is_deleted_is_declared_again() {
    let vhost = broker().vhost().expect("a virtual host");
    let url = broker().url(&vhost);
    let (client, server) = (connect(&url).await, connect(&url).await);
    let serving = answer_appends(server.serve_appends().await, 7);
    let going_on = async {
        assert_eq!(append_until_answered(&client).await.0, appended(7));
        broker().delete_queue(&vhost, APPEND).expect("it is deleted");
        assert_eq!(append_until_answered(&client).await.0, appended(7));
    };
    while_serving(serving, going_on).await;
    assert_eq!((client.figures().connections, server.figures().connections), (1, 2));
}

#[tokio::test]
async fn nobody_is_reachable_where_the_queue_is_missing() {
    let vhost = broker().vhost().expect("a virtual host");
    let client = connect(&broker().url(&vhost)).await;
    broker().delete_queue(&vhost, APPEND).expect("it is deleted");
    let answer = client.append(append("account-1"), PATIENCE).await;
    assert_eq!(answer, Err(NoReply::Unreachable));
}

#[tokio::test]
async fn what_is_said_twice_is_heard_twice_and_what_is_answered_twice_is_answered_once() {
    let url = fresh();
    let (client, server) = (connect(&url).await, connect(&url).await);
    let mut log = client.subscribe(Topic::Log).await;
    for _ in 0..2 {
        server.publish(recorded(1)).await;
    }
    for _ in 0..2 {
        let heard = next(&mut log).await;
        assert!(matches!(heard, Heard::Message(Message::Recorded(_))), "{heard:?}");
    }
    let serving = answer_appends(server.serve_appends().await, 7);
    let asking = async {
        let (first, second) = tokio::join!(
            client.append(append("account-1"), PATIENCE),
            client.append(append("account-1"), PATIENCE),
        );
        assert_eq!((first, second), (Ok(appended(7)), Ok(appended(7))));
        let other = Appended::Conflict { version: None };
        assert_ne!(append_until_answered(&client).await.0, other);
    };
    while_serving(serving, asking).await;
}

#[tokio::test]
async fn many_at_once_are_all_answered_and_broadcasts_stay_in_order() {
    let url = fresh();
    let (client, server) = (connect(&url).await, connect(&url).await);
    let mut log = client.subscribe(Topic::Log).await;
    let serving = answer_appends(server.serve_appends().await, 7);
    let asking = async {
        let asked = (0..2000).map(|_| client.append(append("account-1"), PATIENCE));
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer, Ok(appended(7)));
        }
    };
    while_serving(serving, asking).await;
    let publishing = async {
        for at in 0..10 {
            let batch: Vec<_> = (1..=50).map(|more| event(at * 50 + more, 10)).collect();
            server.publish(Message::Recorded(batch.into())).await;
        }
    };
    let hearing = async {
        let mut last = 0;
        while last < 500 {
            let Heard::Message(Message::Recorded(batch)) = next(&mut log).await else {
                panic!("only events were said")
            };
            for event in batch.iter() {
                assert_eq!(event.position.0, last + 1);
                last = event.position.0;
            }
        }
    };
    tokio::join!(publishing, hearing);
}

/// Waits until the broker has all that `client` asked before: an answered read went the same way.
async fn all_is_sent(client: &RabbitMq, server: &RabbitMq) {
    let page = Page { events: Vec::new(), head: Position(0), next: Position(1), end: true };
    let serving = answer_reads(server.serve_reads().await, page);
    let all = Read::All { from: Position(1), categories: Vec::new() };
    while_serving(serving, client.read(all, PATIENCE)).await.expect("a page");
}

async fn until_nothing_waits(url: &str) {
    let stranger = Stranger::at(url).await;
    let waiting = async { while stranger.waiting(APPEND).await > 0 {} };
    tokio::time::timeout(PATIENCE, waiting).await.expect("their time is over");
}

/// A proxy to the broker, and the address of a fresh virtual host through it.
fn behind_a_proxy() -> (Proxy, String) {
    let proxy = Proxy::to(broker().port()).expect("a proxy");
    let vhost = broker().vhost().expect("a virtual host");
    let url = servers::RabbitMq::url_at(proxy.port(), &vhost);
    (proxy, url)
}

/// The same virtual host without the proxy.
fn broker_url(behind: &str) -> String {
    broker().url(behind.rsplit('/').next().unwrap_or_default())
}
