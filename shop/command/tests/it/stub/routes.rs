//! The stub's calls.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::{Fault, PASSWORD, Shared, minor, orders};

type Parameters = Query<std::collections::HashMap<String, String>>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let list = |pick: fn(&super::Shop) -> Vec<Value>| {
        get(async move |State(shared): State<Arc<Shared>>, query: Parameters| {
            page(&pick(&shared.shop()), &query)
        })
    };
    Router::new()
        .route("/customer/login-user", post(log_in))
        .route("/customer/logout-user", post(async || Json(json!({ "UserName": "admin" }))))
        .route("/customer/add-user", post(add_user))
        .route("/customer/set-credit", post(set_credit))
        .route("/customer/get-all-users", list(|shop| shop.customers.values().cloned().collect()))
        .route("/product/get-categories", list(|shop| shop.categories.values().cloned().collect()))
        .route("/product/get-all-products", list(|shop| shop.products.values().cloned().collect()))
        .route("/product/get-product-details", get(product_details))
        .route("/product/add-new-category", post(add_category))
        .route("/product/add-new-product", post(add_product))
        .route("/product/update-product", post(update_product))
        .route("/order/place-order", post(orders::place))
        .route("/order/get-orders", get(orders::get))
        .route("/order/get-order-history", list(|shop| shop.history.clone()))
        .route("/order/order-events", get(orders::events))
        .route("/events/read-all", get(read_all))
        .route("/events/read-stream", list(|shop| shop.recorded.clone()))
        .route("/events/head", get(head))
        .route("/events/follow", get(orders::events))
        .route("/metrics", get(metrics))
        .route("/system/get-status", get(status))
        .route("/{service}/inbox", get(inbox))
        .layer(from_fn_with_state(Arc::clone(&shared), border))
        .with_state(shared)
}

/// The services that have been given an inbox.
async fn status(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let service = |name| json!({ "Name": name, "Ready": true, "Instances": [] });
    let services: Vec<Value> = shared.shop().inboxes.keys().map(service).collect();
    Json(json!({ "Ready": true, "Services": services }))
}

async fn inbox(State(shared): State<Arc<Shared>>, Path(service): Path<String>) -> Response {
    match shared.shop().inboxes.get(&service) {
        None => problem(404, "There is no such service.", &[]),
        Some(Err(status)) => problem(*status, "no instance of this service is ready", &[]),
        Some(Ok(entries)) => Json(json!({ "Entries": entries })).into_response(),
    }
}

/// What every request goes through: it is noted, its token is checked, faults happen to it, repetitions act once.
async fn border(state: State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let handed_on = request.headers().get("agora-position");
    let handed_on = handed_on.map(|value| value.to_str().expect("text").parse().expect("a number"));
    let position = {
        let mut shop = state.shop();
        shop.positions.push((path, handed_on));
        shop.positions.len()
    };
    let mut response = answer(state, request, next).await;
    response.headers_mut().insert("agora-position", position.into());
    response
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    let path = parts.uri.path().to_owned();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let key = header("idempotency-key").to_owned();
    let open = ["/customer/login-user", "/metrics"].contains(&path.as_str());
    let (fault, answered) = {
        let mut shop = shared.shop();
        let noted = parts.uri.path_and_query().expect("it has a path").to_string();
        shop.requests.push((parts.method.to_string(), noted, key.clone()));
        let applies = shop.faults.front().is_some_and(|(of, _)| path.ends_with(of));
        let fault = if applies { shop.faults.pop_front().map(|(_, fault)| fault) } else { None };
        if fault == Some(Fault::Expired) {
            shop.tokens += 1;
        }
        if !open && header("authorization") != format!("Bearer token-{}", shop.tokens) {
            return problem(401, "no valid token", &[]);
        }
        (fault, shop.answered.get(&key).cloned())
    };
    if fault == Some(Fault::Busy) {
        let mut busy = problem(503, "too much to do", &[]);
        busy.headers_mut().insert("retry-after", "0".parse().expect("a number"));
        return busy;
    }
    let asked = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let response = match answered {
        Some((before, answer)) if before == asked => created(answer),
        Some(_) => problem(422, "the key was used for another request", &[]),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    };
    if fault == Some(Fault::Overtaken) {
        return problem(409, "this already exists", &[]);
    }
    let response =
        if key.is_empty() { response } else { remember(&shared, key, asked, response).await };
    if fault == Some(Fault::AnswerLost) {
        let broken = stream::iter([Ok(Bytes::from("{")), Err(std::io::Error::other("broken"))]);
        return Response::new(Body::from_stream(broken));
    }
    response
}

async fn remember(shared: &Shared, key: String, asked: Value, response: Response) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    let answer = serde_json::from_slice(&body).expect("answers are JSON");
    shared.shop().answered.insert(key, (asked, answer));
    Response::from_parts(parts, Body::from(body))
}

async fn log_in(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    let mut shop = shared.shop();
    let password = asked["Password"].as_str().expect("a password");
    if asked["UserName"] != "admin" || !(shop.any_password || password == PASSWORD) {
        return problem(401, "wrong user name or password", &[]);
    }
    password.clone_into(&mut shop.logged_in_with);
    Json(json!({
        "Token": format!("token-{}", shop.tokens), "UserName": "admin", "Role": "Manager",
        "ExpiresAt": "2026-01-31T12:00:00.000000Z",
    }))
    .into_response()
}

async fn add_user(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    let mut shop = shared.shop();
    let name = asked["UserName"].as_str().expect("a name");
    if shop.customers.contains_key(name) {
        return problem(409, "the name is taken", &[]);
    }
    if name.chars().any(char::is_uppercase) {
        return problem(
            422,
            "some fields are at fault",
            &[("UserName", "has other characters than a-z")],
        );
    }
    let password = asked["Password"].as_str().expect("a password").to_owned();
    shop.passwords.insert(name.to_owned(), password);
    created(shop.add_customer(name, &json!(100.00)))
}

async fn set_credit(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    let mut shop = shared.shop();
    match shop.customers.get_mut(asked["UserName"].as_str().expect("a name")) {
        Some(customer) => {
            customer["Credit"] = asked["Credit"].clone();
            Json(customer.clone()).into_response()
        }
        None => problem(404, "no such customer", &[]),
    }
}

async fn add_category(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    let mut shop = shared.shop();
    let name = asked["Name"].as_str().expect("a name");
    if name.len() > 100 {
        return problem(422, "some fields are at fault", &[("Name", "is too long")]);
    }
    if shop.categories.keys().any(|other| other.to_lowercase() == name.to_lowercase()) {
        return problem(409, "a category with this name already exists", &[]);
    }
    created(shop.add_category(name))
}

async fn product_details(State(shared): State<Arc<Shared>>, Query(asked): Parameters) -> Response {
    match asked.get("Code").and_then(|code| shared.shop().products.get(code).cloned()) {
        Some(product) => Json(product).into_response(),
        None => problem(404, "no such product", &[]),
    }
}

async fn add_product(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    if minor(&asked["Price"]) == 0 {
        return problem(422, "some fields are at fault", &[("Price", "is nothing")]);
    }
    created(shared.shop().add_product(&asked))
}

async fn update_product(State(shared): State<Arc<Shared>>, Json(asked): Json<Value>) -> Response {
    let mut shop = shared.shop();
    let product =
        shop.products.values_mut().find(|product| product["ProductId"] == asked["ProductId"]);
    let product = product.expect("it exists");
    if product["Version"] != asked["Version"] {
        return problem(409, "it was changed in the meantime", &[]);
    }
    for (field, value) in asked.as_object().expect("an object") {
        product[field] = value.clone();
    }
    product["Version"] = json!(asked["Version"].as_u64().expect("a version") + 1);
    Json(product.clone()).into_response()
}

/// From a position on; what else would be filtered is left to the client.
async fn read_all(State(shared): State<Arc<Shared>>, query: Parameters) -> Response {
    let from = query.get("From").map_or(1, |from| from.parse::<usize>().expect("a number"));
    let recorded = shared.shop().recorded.clone();
    page(recorded.get(from.saturating_sub(1)..).unwrap_or_default(), &query)
}

async fn head(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "Position": shared.shop().recorded.len() }))
}

async fn metrics() -> &'static str {
    "# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 6.5e7\n"
}

pub(super) fn created(answer: Value) -> Response {
    (StatusCode::CREATED, HeaderMap::new(), Json(answer)).into_response()
}

pub(super) fn problem(status: u16, detail: &str, fields: &[(&str, &str)]) -> Response {
    let errors: Vec<_> =
        fields.iter().map(|(field, detail)| json!({ "field": field, "detail": detail })).collect();
    let status = StatusCode::from_u16(status).expect("a status");
    let title = status.canonical_reason();
    let body =
        json!({ "status": status.as_u16(), "title": title, "detail": detail, "errors": errors });
    let headers = [(CONTENT_TYPE.as_str(), "application/problem+json"), ("x-request-id", "r-1")];
    (status, headers, body.to_string()).into_response()
}

/// Pages of a size that no list here fits into one of.
fn page(items: &[Value], query: &Parameters) -> Response {
    let number = |name| query.get(name).and_then(|value: &String| value.parse::<usize>().ok());
    let limit = number("Limit").unwrap_or(100).min(128);
    assert!((1..=500).contains(&number("Limit").unwrap_or(100)), "no such limit: {query:?}");
    let start = number("After").unwrap_or(0);
    let some: Vec<_> = items.iter().skip(start).take(limit).collect();
    let end = start + some.len();
    let next = (end < items.len()).then(|| end.to_string());
    Json(json!({ "Items": some, "Next": next })).into_response()
}
