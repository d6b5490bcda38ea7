//! A part of an older version: it meets events under a schema that it does not know.
//!
//! With it a program of the version before runs without being built: it reads, records and announces what that one did.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::{EventType, Position, Recorded};
use runtime::{Deps, Schemas, Tasks};
use store::{
    Append, Appended, Heard, Link, Message, NoReply, Page, Read, Receiver, Requests, Topic,
    Transport,
};

/// The schema of an event that is yet to be invented.
const UNKNOWN: u32 = 1_000;

/// What an older version does not know: events of a type, from some position on.
#[derive(Clone, Debug)]
pub struct Outdated {
    /// The type.
    pub kind: Arc<str>,
    /// Those that were recorded up to here it knows.
    pub after: Position,
    /// The newest schema of these that it reads.
    pub reads: u32,
    /// A bug to be found: it takes what it does not read for an unknown type, and passes over it.
    pub is_heedless: bool,
}

/// The bus as an instance of an older version uses it: those events reach it as if a newer version had recorded them. The log and all
/// other instances have them as they are.
pub struct OutdatedBus {
    bus: Arc<dyn Transport>,
    outdated: Outdated,
    tasks: Tasks,
}

impl OutdatedBus {
    /// The bus of an instance with these tasks.
    #[must_use]
    pub fn new(bus: Arc<dyn Transport>, outdated: Outdated, tasks: Tasks) -> Self {
        Self { bus, outdated, tasks }
    }
}

impl Outdated {
    /// A program that reads events of a type up to that schema.
    #[must_use]
    pub fn reading(kind: &str, reads: u32) -> Self {
        Self { kind: kind.into(), after: Position::START, reads, is_heedless: false }
    }

    /// Makes a program of it, whose successor reads these types up to these schemas: it sees, records and announces what the older one does.
    pub fn becomes<'a>(&self, deps: &mut Deps, types: impl IntoIterator<Item = (&'a str, u32)>) {
        let types = types.into_iter().map(|(kind, newest)| {
            (kind, if kind == &*self.kind { newest.min(self.reads) } else { newest })
        });
        deps.schemas = Schemas::of(types);
        let bus = OutdatedBus::new(Arc::clone(&deps.transport), self.clone(), deps.tasks.clone());
        deps.transport = Arc::new(bus);
    }

    fn sees(&self, event: &Arc<Recorded>) -> Arc<Recorded> {
        let is_known = event.position <= self.after || event.schema.max(1) <= self.reads;
        if is_known || event.kind.as_str() != &*self.kind {
            return Arc::clone(event);
        }
        if self.is_heedless {
            let unheard_of = format!("{}.unheard-of", event.stream.category());
            let kind =
                EventType::parse(&unheard_of).expect("a category is the first part of a type");
            return Arc::new(Recorded { kind, ..(**event).clone() });
        }
        Arc::new(Recorded { schema: UNKNOWN, ..(**event).clone() })
    }

    fn hears(&self, message: Message) -> Message {
        match message {
            Message::Recorded(batch) => {
                Message::Recorded(batch.iter().map(|event| self.sees(event)).collect())
            }
            other => other,
        }
    }
}

#[async_trait]
impl Transport for OutdatedBus {
    async fn subscribe(&self, topic: Topic) -> Receiver {
        let mut heard = self.bus.subscribe(topic).await;
        let (receiver, mailbox) = Receiver::new(topic);
        let outdated = self.outdated.clone();
        self.tasks.spawn_until_stopped("outdated", async move {
            while let Some(heard) = heard.next().await {
                let Some(mailbox) = mailbox.upgrade() else { return };
                match heard {
                    Heard::Message(message) => mailbox.put(&outdated.hears(message)),
                    Heard::Lost => mailbox.lose(),
                }
            }
        });
        receiver
    }

    async fn publish(&self, message: Message) {
        self.bus.publish(message).await;
    }

    async fn append(&self, append: Append, timeout: Duration) -> Result<Appended, NoReply> {
        self.bus.append(append, timeout).await
    }

    async fn read(&self, read: Read, timeout: Duration) -> Result<Page, NoReply> {
        let mut page = self.bus.read(read, timeout).await?;
        page.events = page.events.iter().map(|event| self.outdated.sees(event)).collect();
        Ok(page)
    }

    async fn serve_appends(&self) -> Requests<Append, Appended> {
        self.bus.serve_appends().await
    }

    async fn serve_reads(&self) -> Requests<Read, Page> {
        self.bus.serve_reads().await
    }

    fn link(&self) -> Link {
        self.bus.link()
    }
}
