//! A request before it is sent: built once, retried as often as needed.

use std::fmt;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Uri,
    header::{CONTENT_TYPE, HOST, HeaderValue},
    http::uri::Authority,
};
use serde::Serialize;

use super::Error;

/// What is asked of the shop.
pub(crate) struct Request {
    method: Method,
    path: String,
    body: Bytes,
    key: Option<String>,
}

/// Where a shop is.
pub(super) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    host_header: HeaderValue,
    /// What stands before every path, without a slash at the end.
    prefix: String,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: Bytes::new(), key: None }
    }

    pub(crate) fn post(path: impl Into<String>, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("plain structs serialise");
        Self { method: Method::POST, path: path.into(), body: body.into(), key: None }
    }

    /// A call without a body.
    pub(crate) fn command(path: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), body: Bytes::new(), key: None }
    }

    /// The same request with this key, sent however often, acts once.
    #[must_use]
    pub(crate) fn key(mut self, key: impl fmt::Display) -> Self {
        self.key = Some(key.to_string());
        self
    }

    pub(super) fn build(
        &self,
        address: &Address,
        mut headers: HeaderMap,
    ) -> Result<hyper::Request<Full<Bytes>>, Error> {
        headers.insert(HOST, address.host_header.clone());
        if self.method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = &self.key {
            let key = HeaderValue::from_str(key)
                .map_err(|_| Error::Usage(format!("{key:?} cannot be used in a header")))?;
            headers.insert("idempotency-key", key);
        }
        let uri: Uri = format!("{}{}", address.prefix, self.path)
            .parse()
            .map_err(|_| Error::Usage(format!("{:?} is not a path", self.path)))?;
        let mut request = hyper::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Usage(format!("{url:?} {what}"));
        let uri: Uri =
            url.parse().map_err(|_| wrong("is not an address such as http://127.0.0.1:8080"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("does not begin with http:// (for HTTPS, put a proxy in front)"));
        }
        let authority: &Authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        let host_header = HeaderValue::from_str(authority.as_str())
            .map_err(|_| wrong("has a host that a header cannot carry"))?;
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            host_header,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.prefix)
    }
}
