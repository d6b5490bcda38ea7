//! Two systems with names of their own in one virtual host.

use bus_rabbitmq::{Names, QueueKind};
use kernel::Position;
use store::{Heard, Message, Topic, Transport};

use crate::{
    rabbit::{
        PATIENCE, answer_appends, append, appended, begin, begin_as, event, fresh, next,
        while_serving,
    },
    strangers::Stranger,
};

#[tokio::test]
async fn two_systems_share_a_virtual_host_and_hear_nothing_of_each_other() {
    let url = fresh();
    let bank = begin(&url);
    let mill = begin_as(Names::new("mill").expect("a name"), &url, QueueKind::Classic);
    for system in [&bank, &mill] {
        system.connected().await.expect("the broker accepts us");
    }
    let (mut at_bank, mut at_mill) =
        (bank.subscribe(Topic::Log).await, mill.subscribe(Topic::Log).await);
    let serving = async {
        tokio::join!(
            answer_appends(bank.serve_appends().await, 7),
            answer_appends(mill.serve_appends().await, 9)
        )
    };
    let asking = async {
        for (system, at) in [(&bank, 7), (&mill, 9), (&bank, 7)] {
            assert_eq!(system.append(append("account-1"), PATIENCE).await, Ok(appended(at)));
        }
        bank.publish(Message::Recorded([event(7, 10)].into())).await;
        bank.publish(Message::Head(Position(7))).await;
        mill.publish(Message::Recorded([event(9, 10)].into())).await;
        for (heard, at) in [(&mut at_bank, 7), (&mut at_mill, 9)] {
            let Heard::Message(Message::Recorded(events)) = next(heard).await else {
                panic!("the system's own event comes first")
            };
            assert_eq!(events.iter().map(|event| event.position.0).collect::<Vec<_>>(), [at]);
        }
        // What was published first by the other system was never heard here.
        mill.publish(Message::Head(Position(9))).await;
        let heard = next(&mut at_mill).await;
        assert!(matches!(heard, Heard::Message(Message::Head(Position(9)))), "{heard:?}");
    };
    while_serving(serving, asking).await;
    let stranger = Stranger::at(&url).await;
    for queue in ["bank.dead-letters", "mill.dead-letters"] {
        assert_eq!(stranger.waiting(queue).await, 0, "{queue}");
    }
    assert_eq!(bank.figures().broadcasts_skipped + mill.figures().broadcasts_skipped, 0);
}
