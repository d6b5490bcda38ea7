//! The connection to MongoDB: its URL, timeouts, and its failures in one sentence each.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use mongodb::{
    Client, Collection, Database, IndexModel,
    bson::{RawDocumentBuf, doc},
    error::{Error, ErrorKind},
    options::{
        Acknowledgment, ClientOptions, IndexOptions, ReadConcern, ReadPreference,
        SelectionCriteria, WriteConcern,
    },
};

use super::MongoOptions;
use super::look::{Look, Seen};
use store::port::StoreFailure;

const COLLECTION: &str = "events";
/// How long a server is looked for. What fails on the way tries once more, so that all of a call ends within 2 s.
const SEARCH_MAX: Duration = Duration::from_millis(900);
/// MongoDB's code for what a user may not do.
const UNAUTHORIZED: i32 = 13;

/// A database. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) events: Collection<RawDocumentBuf>,
    pub(super) seen: Seen,
    /// A position known to be taken: where to begin to look for the last one.
    pub(super) taken: Arc<AtomicU64>,
    answer_max: Duration,
    /// Hosts and database, for error messages; never the password.
    name: Arc<str>,
}

impl Connection {
    pub(super) async fn open(url: &str, unless: MongoOptions) -> Result<Self, StoreFailure> {
        let answer_max = unless.answer_max;
        let options = options(url, unless.application, answer_max).await?;
        let database = options.default_database.clone().unwrap_or(unless.database);
        let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
        let name = format!("MongoDB at {}/{database}", hosts.join(",")).into();
        let client = Client::with_options(options).map_err(|error| no_url(url, &error))?;
        let events = client.database(&database).collection(COLLECTION);
        let connection =
            Self { client, events, seen: Seen::default(), taken: Arc::default(), answer_max, name };
        connection.probe().await?;
        Ok(connection)
    }

    pub(super) fn database(&self) -> Database {
        self.client.database(&self.events.namespace().db)
    }

    /// Does `work` for as long as an answer may take. The driver's futures must not be dropped half-way, so what takes longer
    /// goes on in a task until its connection ends.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        #[expect(
            clippy::disallowed_methods,
            reason = "it must outlive this call, which a shutdown need not wait for, and no simulation has MongoDB"
        )]
        let work = tokio::spawn(work);
        match tokio::time::timeout(self.answer_max, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(ended)) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(ended) => Err(StoreFailure(format!("{}: {ended}", self.name))),
            },
            Err(_) => Err(StoreFailure(format!(
                "{} did not respond within {} s",
                self.name,
                self.answer_max.as_secs()
            ))),
        }
    }

    pub(super) async fn look(&self, look: Look) -> Result<Vec<RawDocumentBuf>, StoreFailure> {
        let (client, events, seen) = (self.client.clone(), self.events.clone(), self.seen.clone());
        let found = self.ask(async move {
            let mut session = seen.session(&client).await?;
            let found = look.take(&events, &mut session).await;
            seen.note(&session);
            found
        });
        found.await?.map_err(|error| self.failure(&error))
    }

    /// Makes the indexes, and with them the collection, where they are missing.
    pub(super) async fn prepare(&self) -> Result<(), StoreFailure> {
        let events = self.events.clone();
        let unique = IndexOptions::builder().unique(true).build();
        let indexes = [
            IndexModel::builder().keys(doc! { "position": 1 }).options(unique.clone()).build(),
            IndexModel::builder().keys(doc! { "stream": 1, "version": 1 }).options(unique).build(),
            IndexModel::builder().keys(doc! { "category": 1, "position": 1 }).build(),
        ];
        let made = self.ask(async move { events.create_indexes(indexes).await }).await?;
        made.map(drop).map_err(|error| self.failure(&error))
    }

    /// What a failure means, in one sentence.
    pub(super) fn failure(&self, error: &Error) -> StoreFailure {
        let name = &self.name;
        StoreFailure(match &*error.kind {
            ErrorKind::Authentication { .. } => {
                format!(
                    "{name} rejects the user or password in the URL (or needs another authSource)"
                )
            }
            ErrorKind::ServerSelection { .. } => format!("{name} does not answer"),
            ErrorKind::Command(refused) if refused.code == UNAUTHORIZED => format!(
                "{name}: the user needs the actions find and insert on the collections {COLLECTION} and writers, and createIndex on the first: {}",
                refused.message
            ),
            ErrorKind::Command(refused) => format!("{name}: {}", refused.message),
            ErrorKind::Io(lost) => format!("{name}: the connection was lost: {lost}"),
            kind => format!("{name}: {kind}"),
        })
    }

    /// Whether there is a server that can do what is needed. One that does not answer yet may.
    async fn probe(&self) -> Result<(), StoreFailure> {
        let database = self.database();
        let hello = self.ask(async move { database.run_command(doc! { "hello": 1 }).await }).await;
        match hello {
            Err(failure) => {
                tracing::warn!(%failure, "event store (MongoDB) not reachable yet; retrying");
            }
            Ok(Err(error)) if can_mend(&error) => {
                let failure = self.failure(&error);
                tracing::warn!(%failure, "event store (MongoDB) not reachable yet; retrying");
            }
            Ok(Err(error)) => return Err(self.failure(&error)),
            Ok(Ok(hello)) if hello.contains_key("setName") || hello.contains_key("msg") => {
                return self.probe_rights().await;
            }
            Ok(Ok(_)) => {
                return Err(StoreFailure(format!(
                    "{} is not a replica set and so has no transactions: start mongod with --replSet, even if it is the only one",
                    self.name
                )));
            }
        }
        Ok(())
    }

    async fn probe_rights(&self) -> Result<(), StoreFailure> {
        let events = self.events.clone();
        match self.ask(async move { events.find_one(doc! {}).await }).await? {
            Err(error) if !can_mend(&error) => Err(self.failure(&error)),
            _ => Ok(()),
        }
    }
}

/// Whether trying again later may help.
fn can_mend(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Authentication { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::IncompatibleServer { .. } => false,
        ErrorKind::Command(refused) => refused.code != UNAUTHORIZED,
        _ => true,
    }
}

async fn options(
    url: &str,
    application: String,
    answer_max: Duration,
) -> Result<ClientOptions, StoreFailure> {
    if url.starts_with("mongodb+srv:") {
        return Err(StoreFailure(
            "mongodb+srv: is not supported; list the servers in a URL that begins with mongodb://"
                .to_owned(),
        ));
    }
    let mut options = ClientOptions::parse(url).await.map_err(|error| no_url(url, &error))?;
    options.app_name.get_or_insert(application);
    options.server_selection_timeout.get_or_insert(SEARCH_MAX);
    options.connect_timeout.get_or_insert(SEARCH_MAX);
    // The promises depend on these, whatever the URL sets.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.read_concern = Some(ReadConcern::majority());
    let durable = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .w_timeout(answer_max)
        .build();
    options.write_concern = Some(durable);
    Ok(options)
}

fn no_url(url: &str, error: &Error) -> StoreFailure {
    let text = format!("this is not a MongoDB URL such as mongodb://host/database: {}", error.kind);
    StoreFailure(without_secret(&text, url))
}

/// The text without the user and password that may be in the URL.
fn without_secret(text: &str, url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((user, _)) = rest.rsplit_once('@') else { return text.to_owned() };
    let password = user.split_once(':').map_or("", |(_, password)| password);
    [user, password]
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
}
