//! A browser of sorts: keeps cookies, fills in forms, follows nothing by itself.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use kernel::{Clock, Ids, Timestamp};
use tower::ServiceExt;

use crate::gateway::Gateway;

/// A clock that stands still.
pub(crate) struct Still(pub(crate) Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

pub(crate) struct Visitor {
    site: Router,
    cookie: Option<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

/// The storefront over `gateway`, at noon of some day.
pub(crate) fn storefront(gateway: &Gateway) -> Router {
    at(gateway, "2026-11-23T12:00:00Z")
}

/// The storefront over `gateway` at a time.
pub(crate) fn at(gateway: &Gateway, time: &str) -> Router {
    over(site::Gateway::Local(gateway.router()), time)
}

pub(crate) fn over(gateway: site::Gateway, time: &str) -> Router {
    storefront::build(storefront::Config {
        gateway,
        clock: Arc::new(Still(time.parse().expect("a time"))),
        ids: Arc::new(Ids::from_seed([3; 32])),
        secret: [7; 32],
        proxies: web::TrustedProxies::default(),
        streams: web::Streams::default(),
        secure_cookies: false,
        shutdown: tokio_util::sync::CancellationToken::new(),
    })
}

impl Visitor {
    pub(crate) fn new(site: Router) -> Self {
        Self { site, cookie: None }
    }

    /// A visitor who is logged in.
    pub(crate) async fn logged_in(site: Router) -> Self {
        let mut visitor = Self::new(site);
        let form = visitor.get("/login").await;
        let fields = [
            ("_csrf", form.field("_csrf").as_str()),
            ("UserName", "ada"),
            ("Password", "secret horse"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = visitor.post("/login", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.html);
        visitor
    }

    /// The same browser at another time or instance.
    pub(crate) fn moved_to(self, site: Router) -> Self {
        Self { site, ..self }
    }

    pub(crate) fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    pub(crate) fn set_cookie(&mut self, cookie: &str) {
        self.cookie = Some(cookie.to_owned());
    }

    pub(crate) async fn get(&mut self, address: &str) -> Answer {
        self.send(Request::get(address).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(&mut self, address: &str, fields: &[(String, String)]) -> Answer {
        let body = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", site::segment(value)))
            .collect::<Vec<_>>()
            .join("&");
        let request =
            Request::post(address).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    pub(crate) async fn send(&mut self, mut request: Request) -> Answer {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(COOKIE, cookie.parse().expect("a cookie"));
        }
        let answering = async {
            let response = self.site.clone().oneshot(request).await.expect("never fails");
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            (parts, String::from_utf8(body.to_vec()).expect("text"))
        };
        let (parts, html) = tokio::time::timeout(Duration::from_mins(1), answering)
            .await
            .expect("an answer in time");
        if let Some(cookie) = parts.headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text").split(';').next().expect("a pair");
            self.cookie = Some(cookie.to_owned());
        }
        Answer { status: parts.status, headers: parts.headers, html }
    }
}

impl Answer {
    /// The value of the first field of that name.
    pub(crate) fn field(&self, name: &str) -> String {
        let at = self
            .html
            .find(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no field {name} in {}", self.html));
        let rest = &self.html[at..];
        rest.split("value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a value")
            .to_owned()
    }

    /// All fields of the form that begins with `action`.
    pub(crate) fn form(&self, action: &str) -> Vec<(String, String)> {
        let at = self.html.find(&format!("action=\"{action}\"")).expect("the form");
        let form = self.html[at..].split("</form>").next().expect("the form");
        let field = |input: &str| {
            let of = |name: &str| {
                input.split(&format!("{name}=\"")).nth(1)?.split('"').next().map(str::to_owned)
            };
            Some((of("name")?, of("value")?))
        };
        form.split("<input").skip(1).filter_map(field).collect()
    }

    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        assert!(
            self.html.contains(words),
            "{} says nothing of {words:?}: {}",
            self.status,
            self.html
        );
    }
}
