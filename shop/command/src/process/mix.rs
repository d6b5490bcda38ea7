//! Versions that cannot run side by side: a process that meets the other one as it starts ends, and says why.
//!
//! Instances of the customer service of 0.1.0 issue tokens without the customer's revision, by which sessions end now.

use std::sync::Arc;

use runtime::Tasks;
use store::{Heard, Message, Topic, Transport};
use tokio::time::{Duration, Instant};

/// For as long a process is starting: others announce themselves every second.
const STARTING: Duration = Duration::from_secs(30);

/// Ends a process with a customer service that starts while an instance of 0.1.0 is at work; that release announces nothing of what it
/// reads. One that starts later does not end those that serve: they complain about it.
pub(super) async fn watch(tasks: &Tasks, transport: &Arc<dyn Transport>) {
    let mut announcements = transport.subscribe(Topic::Services).await;
    let (failing, begun) = (tasks.clone(), Instant::now());
    tasks.spawn_until_stopped("mix", async move {
        while let Some(heard) = announcements.next().await {
            let Heard::Message(Message::Service(said)) = heard else { continue };
            // One that stops says once more that it is not ready.
            if said.name == customer::NAME && said.ready && said.reads.is_empty() {
                let (instance, version) = (&said.instance, &said.version);
                if begun.elapsed() > STARTING {
                    tracing::error!(
                        "{instance} is a customer service of version {version}, whose tokens this version does not accept, and it started \
                         beside this one: stop it. Until then, some customers are logged out again at once"
                    );
                    // Reported once; a start of this version says it again.
                    return;
                }
                let reason = format_args!(
                    "{instance} is a customer service of version {version}, whose tokens this version does not accept, so the two cannot run \
                     side by side: stop all instances of {version}, then start this one"
                );
                failing.fail("customer", reason);
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use store::{Address, Announcement, Memory};

    use super::*;

    fn said(instance: &str, ready: bool, reads: &[(&str, u32)]) -> Message {
        let reads = reads.iter().map(|(kind, newest)| ((*kind).to_owned(), *newest)).collect();
        Message::Service(Arc::new(Announcement {
            name: customer::NAME.to_owned(),
            instance: instance.to_owned(),
            address: Address::Local,
            routes: Vec::new(),
            version: "0.1.0".to_owned(),
            ready,
            trouble: None,
            warnings: Vec::new(),
            slow: None,
            clock: None,
            model: None,
            lag: BTreeMap::new(),
            set_aside: 0,
            throughput: 0.0,
            balances: Vec::new(),
            reads,
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_customer_service_of_the_first_release_ends_the_process_while_it_is_at_work() {
        let (tasks, bus) = (Tasks::inline(), Arc::new(Memory::new()) as Arc<dyn Transport>);
        watch(&tasks, &bus).await;
        bus.publish(said("ours", true, &[("upgrade.finished", 1)])).await;
        bus.publish(said("leaving", false, &[])).await;
        let ended = tasks.stop_token();
        let moment = Duration::from_secs(1);
        assert!(tokio::time::timeout(moment, ended.cancelled()).await.is_err());
        bus.publish(said("old", true, &[])).await;
        tokio::time::timeout(moment, ended.cancelled()).await.expect("it ends");
        assert!(tasks.failed());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_starts_later_does_not_end_those_that_serve() {
        let (tasks, bus) = (Tasks::inline(), Arc::new(Memory::new()) as Arc<dyn Transport>);
        watch(&tasks, &bus).await;
        tokio::time::sleep(STARTING + Duration::from_secs(1)).await;
        bus.publish(said("old", true, &[])).await;
        let (ended, moment) = (tasks.stop_token(), Duration::from_secs(1));
        assert!(tokio::time::timeout(moment, ended.cancelled()).await.is_err());
        assert!(!tasks.failed());
        tasks.kill().await;
    }
}
