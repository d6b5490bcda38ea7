//! The OpenAPI document, which must be correct.

use serde_json::{Value, json};

use super::shop::Shop;

#[tokio::test]
async fn every_call_is_documented_with_all_its_failures() {
    let shop = Shop::open();
    let document = shop.get("/openapi.json").await.body;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], "1.2.3");
    let statuses = |path: &str, method: &str| -> Vec<String> {
        let responses =
            document["paths"][path][method]["responses"].as_object().expect("responses");
        responses.keys().cloned().collect()
    };
    let add = ["201", "400", "401", "403", "408", "413", "415", "422", "500", "503"];
    assert_eq!(statuses("/add-item", "post"), add);
    assert_eq!(statuses("/get-items", "get"), ["200", "400", "422", "500", "503"]);
    assert_eq!(statuses("/get-everything", "get"), ["200", "400", "401", "403", "500", "503"]);
}

#[tokio::test]
async fn every_response_is_described_and_every_reference_leads_somewhere() {
    let document = Shop::open().get("/openapi.json").await.body;
    let mut responses = 0;
    for (_, item) in document["paths"].as_object().expect("paths") {
        for (_, operation) in item.as_object().expect("operations") {
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let response = resolved(&document, response);
                assert!(response["description"].is_string(), "{status}: {response}");
                assert!(response["headers"]["X-Request-Id"].is_object());
                let problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(problem, status.starts_with(['4', '5']), "{status}");
                responses += 1;
            }
        }
    }
    assert!(responses > 40);
    let mut references = Vec::new();
    gather(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn schemas_are_as_strict_as_the_parser() {
    let document = Shop::open().get("/openapi.json").await.body;
    let item = &document["components"]["schemas"]["AddItem"];
    assert_eq!(item["additionalProperties"], false);
    assert_eq!(item["required"], json!(["Name", "Price"]));
    assert_eq!(item["properties"]["Name"]["maxLength"], 20);
    let pattern = item["properties"]["Name"]["pattern"].as_str().expect("a pattern");
    assert!(pattern.starts_with(r"^[^\u0000-\u001f\u007f-\u009f\u00ad"), "{pattern}");
    let parameters = &document["paths"]["/get-items"]["get"]["parameters"];
    let limit = json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 500, "default": 100 });
    assert_eq!(
        parameters[0],
        json!({ "name": "Limit", "in": "query", "required": false, "schema": limit })
    );
    let key = &document["paths"]["/add-item"]["post"]["parameters"][0];
    assert_eq!((&key["name"], &key["in"]), (&json!("Idempotency-Key"), &json!("header")));
}

#[tokio::test]
async fn the_root_lists_the_calls() {
    let root = Shop::open().get("/").await.body;
    let calls = root["Calls"].as_array().expect("calls");
    let add =
        json!({ "Method": "POST", "Path": "/add-item", "About": "Adds an item.", "Public": false });
    assert!(calls.contains(&add), "{calls:?}");
    assert_eq!(calls.len(), 8);
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
    reference.map_or(value, |pointer| document.pointer(pointer).expect("leads somewhere"))
}

fn gather(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| gather(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, references)),
        _ => {}
    }
}
