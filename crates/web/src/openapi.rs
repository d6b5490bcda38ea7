//! A service's OpenAPI document: what utoipa gathers, and what holds for every call alike.

#![expect(clippy::indexing_slicing, reason = "indexing a JSON value makes a member or misses it")]

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, openapi::OpenApi};

use super::{HttpNames, Problem, problem::PROBLEM_JSON};

/// The security scheme of calls with a token: `security(("token" = []))`.
const TOKEN: &str = "token";

/// The failures that any call may end in; which ones follows from what it takes.
const FAILURES: [&str; 9] = ["400", "401", "403", "408", "413", "415", "422", "500", "503"];

fn about(names: &HttpNames) -> String {
    format!(
        "Every answer carries `X-Request-Id`, and answers that rest on recorded events carry `{}`. \
A request that hands a position on in a header of that name is answered only from data at least as new, or with 503 after two seconds; a position that the log does not have, \
as after a restored backup, is ignored. \
Every route stands under `/v1` too.",
        names.position_spelled()
    )
}

/// The document of the service `name`, with the failures, headers and the token scheme that no call has to repeat.
pub fn document(document: OpenApi, name: &str, version: &str, names: &HttpNames) -> Value {
    let mut document = serde_json::to_value(document).expect("an OpenAPI document is JSON");
    document["openapi"] = json!("3.1.0");
    document["info"] =
        json!({ "title": names.title(name), "version": version, "description": about(names) });
    let components = object(&mut document, "components");
    let schemas = object(components, "schemas");
    schemas["Problem"] = serde_json::to_value(Problem::schema()).expect("a schema is JSON");
    object(components, "securitySchemes")[TOKEN] =
        json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
    let failures = object(components, "responses");
    for status in FAILURES {
        complete_failure(&mut failures[status], described(status));
    }
    for operation in operations(&mut document) {
        complete_operation(operation, names);
    }
    described_in_place(&mut document);
    document
}

/// A described field of an inlined type comes as `allOf` of the type and an object that holds only the description, which no
/// value could satisfy: the description belongs beside the type.
fn described_in_place(value: &mut Value) {
    if let Some([schema, words]) =
        value.get_mut("allOf").and_then(Value::as_array_mut).map(Vec::as_mut_slice)
        && words.get("description").is_some()
        && members(words)
            .all(|(name, value)| name == "description" || (name == "type" && value == "object"))
        && schema.is_object()
        && schema.get("$ref").is_none()
    {
        schema["description"] = words["description"].take();
        *value = schema.take();
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(described_in_place),
        Value::Array(items) => items.iter_mut().for_each(described_in_place),
        _ => {}
    }
}

/// The calls of a document in short.
pub(super) fn calls(document: &Value) -> Value {
    let mut calls = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let about = operation.get("summary").or(operation.get("description"));
            calls.push(json!({
                "Method": method.to_uppercase(),
                "Path": path,
                "About": about.unwrap_or(&Value::Null),
                "Public": operation.get("security").is_none(),
            }));
        }
    }
    json!({ "Service": document["info"]["title"], "Version": document["info"]["version"], "Calls": calls })
}

fn complete_operation(operation: &mut Value, names: &HttpNames) {
    let has_body = operation.get("requestBody").is_some();
    let has_parameters = operation.get("parameters").is_some();
    let mut failures = vec!["400", "500", "503"];
    if has_body {
        failures.extend(["408", "413"]);
    }
    if operation.pointer("/requestBody/content/application~1json").is_some() {
        failures.push("415");
    }
    if has_body || has_parameters {
        failures.push("422");
    }
    if operation.get("security").is_some() {
        failures.extend(["401", "403"]);
    }
    let responses = object(operation, "responses");
    for (status, response) in responses.as_object_mut().into_iter().flatten() {
        if status.starts_with(['4', '5']) {
            complete_failure(response, described(status));
        } else {
            complete_response(response, described(status));
            response["headers"][names.position_spelled()] =
                json!({ "schema": { "type": "integer", "format": "int64", "minimum": 0 } });
        }
    }
    for status in failures {
        if responses.get(status).is_none() {
            responses[status] = json!({ "$ref": format!("#/components/responses/{status}") });
        }
    }
}

fn complete_failure(response: &mut Value, description: &str) {
    complete_response(response, description);
    response["content"] =
        json!({ PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } });
}

fn complete_response(response: &mut Value, description: &str) {
    if response["description"].as_str().is_none_or(str::is_empty) {
        response["description"] = json!(description);
    }
    // Everything but streams is JSON here, also a single string.
    if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut)
        && let Some(text) = content.remove("text/plain")
    {
        content.insert("application/json".to_owned(), text);
    }
    let headers = object(response, "headers");
    headers["X-Request-Id"] = json!({ "schema": { "type": "string" } });
}

fn described(status: &str) -> &'static str {
    match status {
        "200" => "Done.",
        "201" => "Created.",
        "202" => "Accepted; the outcome follows.",
        "304" => "Nothing has changed.",
        "400" => "The request cannot be read.",
        "401" => "A valid token is needed.",
        "403" => "The token does not permit this.",
        "404" => "Not found.",
        "408" => "The body took too long to arrive.",
        "409" => "Conflict with the current state.",
        "413" => "The body is too large.",
        "415" => "The body is not JSON.",
        "422" => "Some fields are invalid.",
        "429" => "Too many attempts.",
        "503" => "Temporarily unavailable.",
        _ => "Something went wrong here.",
    }
}

/// The member `name` of an object, made if it is not there.
fn object<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    let member = &mut value[name];
    if !member.is_object() {
        *member = Value::Object(Map::new());
    }
    member
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let items = paths.filter_map(|(_, item)| item.as_object_mut());
    items.flatten().filter(|(_, operation)| operation.is_object()).map(|(_, operation)| operation)
}
