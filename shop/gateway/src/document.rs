//! Merges the OpenAPI documents of all services: paths under their prefix, clashing names made unique.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value makes a member or misses it")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Limited};
use hyper::{StatusCode, header::CONTENT_TYPE, http::uri::PathAndQuery};
use kernel::sync;
use serde_json::{Map, Value, json};
use web::Context;

use crate::{Gateway, Inner, status, table::Route};

/// A service's document is some 100 KiB.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// How long one service may take to hand out its document.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a joined document is good: a new version of a service shows after that.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// The last joined document.
#[derive(Default)]
pub(crate) struct Documents(Mutex<Option<(Duration, Bytes)>>);

pub(crate) async fn answer(State(Gateway(gateway)): State<Gateway>, context: Context) -> Response {
    let now = gateway.http.clock.elapsed();
    let kept = gateway.documents.lock().clone();
    let document = match kept {
        Some((at, document)) if now < at + KEPT_FOR => document,
        _ => {
            let document = Bytes::from(joined(&gateway, &context).await.to_string());
            *gateway.documents.lock() = Some((now, document.clone()));
            document
        }
    };
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

impl Documents {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Duration, Bytes)>> {
        sync::lock(&self.0)
    }
}

async fn joined(gateway: &Inner, context: &Context) -> Value {
    let routes = gateway.table.routes();
    let fetched = join_all(routes.iter().map(|route| fetch(gateway, route, context))).await;
    let documents = routes
        .iter()
        .zip(fetched)
        .filter_map(|(route, document)| Some((route.prefix.to_string(), document?)));
    join(documents.chain([("/system".to_owned(), status::document(&gateway.http.names))]))
}

/// The document of the service behind a prefix; none if it is not available, the others are shown all the same.
async fn fetch(gateway: &Inner, route: &Arc<Route>, context: &Context) -> Option<Value> {
    let targets = route.targets("/openapi.json", gateway.http.clock.elapsed());
    let path = PathAndQuery::from_static("/openapi.json");
    let request = Request::new(Body::empty());
    let answer = async {
        let response = gateway.forwarder.forward(&targets, request, path, context).await;
        if response.status() != StatusCode::OK {
            return None;
        }
        let body = Limited::new(response.into_body(), DOCUMENT_BYTES_MAX).collect().await.ok()?;
        serde_json::from_slice(&body.to_bytes()).ok()
    };
    tokio::time::timeout(TIMEOUT, answer).await.ok().flatten()
}

/// Joins documents, each under its prefix.
fn join(documents: impl Iterator<Item = (String, Value)>) -> Value {
    let mut paths = Map::new();
    let mut components: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags = Vec::new();
    for (prefix, mut document) in documents {
        let name = prefix.trim_start_matches('/');
        let renamed = renamed(&document, &components, name);
        refer(&mut document, &renamed);
        for (kind, members) in taken(&mut document["components"]) {
            let ours = components.entry(kind.clone()).or_default();
            for (member, value) in taken_map(members) {
                let reference = format!("#/components/{kind}/{member}");
                let member = renamed.get(&reference).map_or(member, |new| last_segment(new));
                ours.entry(member).or_insert(value);
            }
        }
        for (path, mut item) in taken(&mut document["paths"]) {
            for operation in
                item.as_object_mut().into_iter().flatten().map(|(_, operation)| operation)
            {
                operation["tags"] = json!([name]);
                if let Some(id) = operation["operationId"].as_str() {
                    operation["operationId"] = json!(format!("{name}_{id}"));
                }
            }
            // A service that answers its bare prefix calls that `/`.
            let path = if path == "/" { "" } else { &*path };
            paths.insert(format!("{prefix}{path}"), item);
        }
        tags.push(json!({ "name": name }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Agora",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "All services of the shop at one address. Every route is also available under `/v1`.",
        },
        "tags": tags,
        "paths": paths,
        "components": components,
    })
}

/// References of `document` whose name already means something else, and what they are called instead.
fn renamed(
    document: &Value,
    components: &BTreeMap<String, Map<String, Value>>,
    service: &str,
) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    for (kind, members) in document["components"].as_object().into_iter().flatten() {
        let ours = components.get(kind);
        for (member, value) in members.as_object().into_iter().flatten() {
            if ours.and_then(|ours| ours.get(member)).is_some_and(|known| known != value) {
                let (first, rest) = service.split_at_checked(1).unwrap_or((service, ""));
                let new = format!("#/components/{kind}/{}{rest}{member}", first.to_uppercase());
                renamed.insert(format!("#/components/{kind}/{member}"), new);
            }
        }
    }
    renamed
}

/// Changes all references in `value` to their new names.
fn refer(value: &mut Value, renamed: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name == "$ref").and_then(|old| renamed.get(old)) {
                    Some(new) => *member = json!(new),
                    None => refer(member, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, renamed)),
        _ => {}
    }
}

fn last_segment(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or(reference).to_owned()
}

fn taken(value: &mut Value) -> Map<String, Value> {
    taken_map(value.take())
}

fn taken_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
