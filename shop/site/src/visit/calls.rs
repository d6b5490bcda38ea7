//! The calls of a visit: JSON to and from the gateway, with the visitor's token and position.

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use contracts::names;
use hyper::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
};
use kernel::Position;
use serde::{Serialize, de::DeserializeOwned};

use super::Visit;
use crate::{Failure, client, events::ServerEvents};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl Visit {
    /// The answer to a GET of `path`, such as `/product/get-products`, with `query` as pairs or a struct.
    pub async fn get<T>(&self, path: &str, query: &impl Serialize) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        let request = self.request(Method::GET, &with_query(path, query)?, Body::empty())?;
        decoded(self.send(request).await?).await
    }

    /// The answer to a POST of `body` to `path`. Not repeated by itself: give it a key where it creates something.
    pub async fn post<T>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        let request = self.json(path, body)?;
        decoded(self.changing(request).await?).await
    }

    /// Like [`Visit::post`], acting once however often it is sent with `key`.
    pub async fn post_once<T>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: &str,
    ) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        let mut request = self.json(path, body)?;
        let key = HeaderValue::from_str(key).map_err(|_| Failure::Malformed)?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        decoded(self.changing(request).await?).await
    }

    /// Sends a file to `path`, acting once however often it is sent with `key`.
    pub async fn post_file<T>(
        &self,
        path: &str,
        query: &impl Serialize,
        file: Bytes,
        key: &str,
    ) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        let mut request =
            self.request(Method::POST, &with_query(path, query)?, Body::from(file))?;
        let kind = HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        let key = HeaderValue::from_str(key).map_err(|_| Failure::Malformed)?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        decoded(self.changing(request).await?).await
    }

    /// Server-sent events of `path`, after `last` where the browser resumes.
    pub async fn events(
        &self,
        path: &str,
        query: &impl Serialize,
        last: Option<&str>,
    ) -> Result<ServerEvents, Failure> {
        let mut request = self.request(Method::GET, &with_query(path, query)?, Body::empty())?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(last) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            request.headers_mut().insert(LAST_EVENT_ID, last);
        }
        Ok(ServerEvents::new(self.send(request).await?.into_body()))
    }

    fn json(&self, path: &str, body: &impl Serialize) -> Result<Request, Failure> {
        let body = serde_json::to_vec(body).map_err(|_| Failure::Malformed)?;
        let mut request = self.request(Method::POST, path, Body::from(body))?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }

    fn request(&self, method: Method, address: &str, body: Body) -> Result<Request, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = address.parse().map_err(|_| Failure::NotFound)?;
        let headers = request.headers_mut();
        headers.extend(self.0.handed_on.clone());
        if let Some(channel) = self.0.site.0.chrome.channel {
            headers.insert(names::CHANNEL, HeaderValue::from_static(channel));
        }
        let state = self.state();
        if let Some(login) = &state.session.login {
            let bearer = HeaderValue::try_from(format!("Bearer {}", login.token));
            let mut bearer = bearer.map_err(|_| Failure::NotLoggedIn)?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        if state.session.position > Position(0) {
            headers.insert(names::POSITION, HeaderValue::from(state.session.position.0));
        }
        drop(state);
        Ok(request)
    }

    /// Sends what changes something, and remembers where it was recorded.
    async fn changing(&self, request: Request) -> Result<Response, Failure> {
        let response = self.send(request).await?;
        let position = response.headers().get(names::POSITION);
        let position = position.and_then(|value| value.to_str().ok()?.parse().ok()).map(Position);
        let mut state = self.state();
        if let Some(position) = position.filter(|position| *position > state.session.position) {
            state.session.position = position;
            state.changed = true;
        }
        drop(state);
        Ok(response)
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let response = self.0.site.0.client.send(request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let body = client::whole(response).await?;
        let failure = match Failure::of(status, retry_after, &body) {
            // By the clock of this website too.
            Failure::OutOfTime if !self.is_logged_in_by_now() => Failure::NotLoggedIn,
            failure => failure,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::warn!(request.id = ?self.request_id(), "the gateway failed");
        }
        Err(failure)
    }
}

fn with_query(path: &str, query: &impl Serialize) -> Result<String, Failure> {
    let query = serde_urlencoded::to_string(query).map_err(|_| Failure::Malformed)?;
    Ok(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
}

async fn decoded<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let body = client::whole(response).await?;
    let body = if body.is_empty() { &b"null"[..] } else { &body };
    serde_json::from_slice(body).map_err(|error| {
        tracing::error!(%error, "cannot parse a response of the gateway");
        Failure::Broken
    })
}
