//! Where the shop is: at an address, or in this process.

use axum::Router;
use hyper::Uri;
use thiserror::Error;

/// The one thing a website knows of the shop.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// Another process, by the base of its URLs.
    Http(Uri),
    /// The gateway's router in this process, called without a network in between.
    Local(Router),
}

/// A text that is not a gateway's URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not the URL of a gateway, such as http://127.0.0.1:8080")]
pub struct GatewayUrlError(String);

impl Gateway {
    /// The gateway at `url`, such as `http://127.0.0.1:8080`.
    pub fn http(url: &str) -> Result<Self, GatewayUrlError> {
        let uri: Uri = url.parse().map_err(|_| GatewayUrlError(url.to_owned()))?;
        let plain = uri.scheme_str() == Some("http") && uri.authority().is_some();
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if plain && bare { Ok(Self::Http(uri)) } else { Err(GatewayUrlError(url.to_owned())) }
    }
}
