//! The server's HTTP API: only what CouchDB and express-pouchdb both offer.

mod ours;

use std::{fmt::Display, sync::atomic::AtomicU64, time::Duration};

use reqwest::{Client, Method, StatusCode, Url};
use runtime::{
    ModelError,
    model::server::{CALL, CONNECT, Remote},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    documents::{Checkpoint, Stored},
    location::CouchDbLocation,
};
use crate::model::CouchDb;

/// How long a batch of changes, emptying or dumping may take.
const LONG: Duration = Duration::from_secs(30);
/// Documents sent or asked for at once.
pub(super) const PAGE: usize = 1000;

/// A CouchDB server that holds the model.
pub(super) struct Server {
    location: CouchDbLocation,
    client: Client,
    schema: u32,
    remote: Remote<CouchDb>,
    /// The term of the lease that this instance last took.
    pub(super) term: AtomicU64,
    /// The checkpoint that this instance was the last to write, as far as it knows.
    pub(super) claim: Mutex<Option<(Checkpoint, String)>>,
}

/// Which documents, by their ids.
pub(super) enum Range<'a> {
    /// From the first to (and with) the last one.
    Up(&'a str, &'a str),
    /// From the last one down to the first.
    Down(&'a str, &'a str),
}

/// The outcome of a document that was sent.
#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) id: String,
    #[serde(default)]
    pub(super) rev: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    id: Option<String>,
    /// Missing, or null, where there is no such document.
    #[serde(default)]
    doc: Option<Stored>,
}

impl Server {
    pub(super) fn new(location: CouchDbLocation, schema: u32) -> Result<Self, ModelError> {
        let client = Client::builder().connect_timeout(CONNECT).no_proxy().build();
        let client = client.map_err(|error| ModelError::Other(error.to_string()))?;
        let remote = Remote::new(location.address());
        Ok(Self {
            location,
            client,
            schema,
            remote,
            term: AtomicU64::new(0),
            claim: Mutex::default(),
        })
    }

    pub(super) fn location(&self) -> &CouchDbLocation {
        &self.location
    }

    pub(super) fn schema(&self) -> u32 {
        self.schema
    }

    /// The database beside the first one that holds the record of the generations.
    pub(super) fn records(&self) -> Self {
        let location = self.location.records();
        let (client, remote) = (self.client.clone(), Remote::new(location.address()));
        let (schema, term, claim) = (self.schema, AtomicU64::new(0), Mutex::default());
        Self { location, client, schema, remote, term, claim }
    }

    /// Waits for `work`, but not for long.
    pub(super) async fn call<T>(
        &self,
        work: impl Future<Output = Result<T, ModelError>>,
    ) -> Result<T, ModelError> {
        self.remote.within(CALL, work).await?
    }

    /// Waits for `work` that may take long.
    pub(super) async fn long_call<T>(
        &self,
        work: impl Future<Output = Result<T, ModelError>>,
    ) -> Result<T, ModelError> {
        self.remote.within(LONG, work).await?
    }

    /// A document, if there is one.
    pub(super) async fn get(&self, id: &str) -> Result<Option<Stored>, ModelError> {
        let (status, answer) = self.send(Method::GET, self.location.in_database(id), None).await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => read_value(answer).map(Some),
            status => Err(self.named(status, &answer)),
        }
    }

    /// Writes a document in the place of a revision; its new revision, or none if another is there.
    pub(super) async fn put(
        &self,
        id: &str,
        rev: Option<&str>,
        body: &Value,
    ) -> Result<Option<String>, ModelError> {
        let mut url = self.location.in_database(id);
        if let Some(rev) = rev {
            url.query_pairs_mut().append_pair("rev", rev);
        }
        let (status, answer) = self.send(Method::PUT, url, Some(body)).await?;
        match status {
            StatusCode::CONFLICT => Ok(None),
            status if status.is_success() => Ok(read_value::<Sent>(answer)?.rev),
            status => Err(self.named(status, &answer)),
        }
    }

    /// Writes documents, each by itself, as many at once as is good; returns their outcomes.
    pub(super) async fn put_all(&self, documents: &[Value]) -> Result<Vec<Sent>, ModelError> {
        let mut sent: Vec<Sent> = Vec::new();
        for some in documents.chunks(PAGE) {
            let body = json!({ "docs": some });
            let url = self.location.in_database("_bulk_docs");
            let (status, answer) = self.send(Method::POST, url, Some(&body)).await?;
            if !status.is_success() {
                return Err(self.named(status, &answer));
            }
            sent.extend(read_value::<Vec<Sent>>(answer)?);
        }
        let failed = |sent: &&Sent| sent.error.as_ref().is_some_and(|error| error != "conflict");
        match sent.iter().find(failed) {
            Some(Sent { error, reason, .. }) => {
                Err(self.silent(format_args!("{error:?}: {reason:?}")))
            }
            None => Ok(sent),
        }
    }

    /// The documents of these ids that there are.
    pub(super) async fn get_all(&self, ids: &[String]) -> Result<Vec<Stored>, ModelError> {
        let mut found = Vec::new();
        for some in ids.chunks(PAGE) {
            let mut url = self.location.in_database("_all_docs");
            url.query_pairs_mut().append_pair("include_docs", "true");
            let body = json!({ "keys": some });
            let rows = self.rows(Method::POST, url, Some(&body)).await?;
            found.extend(rows.into_iter().filter_map(|row| row.doc));
        }
        Ok(found)
    }

    /// The first documents of a range, `count` at most.
    pub(super) async fn range(
        &self,
        range: Range<'_>,
        count: usize,
    ) -> Result<Vec<Stored>, ModelError> {
        let mut url = self.range_url(&range, count);
        url.query_pairs_mut().append_pair("include_docs", "true");
        let rows = self.rows(Method::GET, url, None).await?;
        Ok(rows.into_iter().filter_map(|row| row.doc).collect())
    }

    /// All documents of a range, however many.
    pub(super) async fn whole_range(
        &self,
        first: &str,
        last: &str,
    ) -> Result<Vec<Stored>, ModelError> {
        let (mut found, mut from) = (Vec::new(), first.to_owned());
        loop {
            let page = self.range(Range::Up(&from, last), PAGE).await?;
            let complete = page.len() < PAGE;
            if let Some(end) = page.last() {
                // The smallest id behind the last one.
                from = format!("{}\u{1}", end.id);
            }
            found.extend(page);
            if complete {
                return Ok(found);
            }
        }
    }

    /// The ids of the first documents of a range, `count` at most.
    pub(super) async fn ids(
        &self,
        range: Range<'_>,
        count: usize,
    ) -> Result<Vec<String>, ModelError> {
        let rows = self.rows(Method::GET, self.range_url(&range, count), None).await?;
        Ok(rows.into_iter().filter_map(|row| row.id).collect())
    }

    fn range_url(&self, range: &Range<'_>, count: usize) -> Url {
        let (from, to, down) = match range {
            Range::Up(first, last) => (first, last, "false"),
            Range::Down(last, first) => (last, first, "true"),
        };
        let mut url = self.location.in_database("_all_docs");
        url.query_pairs_mut()
            .append_pair("startkey", &json!(from).to_string())
            .append_pair("endkey", &json!(to).to_string())
            .append_pair("descending", down)
            .append_pair("limit", &count.to_string());
        url
    }

    async fn rows(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Vec<Row>, ModelError> {
        let (status, answer) = self.send(method, url, body).await?;
        if !status.is_success() {
            return Err(self.named(status, &answer));
        }
        Ok(read_value::<Rows>(answer)?.rows)
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), ModelError> {
        let mut request = self.client.request(method, url).timeout(LONG);
        if let Some(body) = body {
            request = request.json(body);
        }
        // The error's text would show the URL, and with it the password.
        let silent = |error: reqwest::Error| self.silent(chain(&error.without_url()));
        let response = request.send().await.map_err(silent)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(silent)?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    fn named(&self, status: StatusCode, answer: &Value) -> ModelError {
        let reason = answer.get("reason").and_then(Value::as_str).unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED => self.remote.refuses_us(),
            StatusCode::FORBIDDEN => self.remote.refuses(format_args!(": {reason}")),
            status => self.silent(format_args!("{status} {reason}")),
        }
    }

    pub(super) fn silent(&self, reason: impl Display) -> ModelError {
        self.remote.silent(reason)
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

pub(super) fn read<T: DeserializeOwned>(stored: &Stored) -> Result<T, ModelError> {
    let other =
        |error| ModelError::Other(format!("the document {} is not ours: {error}", stored.id));
    stored.read().map_err(other)
}

fn read_value<T: DeserializeOwned>(answer: Value) -> Result<T, ModelError> {
    let other = |error| ModelError::Other(format!("this is not a CouchDB response: {error}"));
    serde_json::from_value(answer).map_err(other)
}
