//! What both websites share: the gateway's client, sessions, protection against forgery, the frame of every page, and its parts.
//!
//! ```text
//!  browser ─▶ guard ─▶ page ─▶ Visit ── JSON, token, position ──▶ gateway
//!     ▲         │                 │
//!     └─ HTML ──┴── Failure ◀─────┘   a failure becomes a page in the site's own frame
//! ```
//!
//! A website is a [`Chrome`] and a router of pages: [`Site::guard`] makes it whole.

mod assets;
mod book;
mod choice;
mod client;
mod component;
mod events;
mod failure;
mod failure_page;
mod form;
mod format;
mod forwarded;
mod frame;
mod gateway;
mod guard;
mod headers;
mod health;
mod kept;
mod listing;
mod live;
mod login;
mod origin;
mod packed;
mod page;
mod pager;
mod path;
mod picture;
mod robots;
mod seal;
mod session;
mod shop;
mod theme;
mod typed;
mod user_visit;
mod visit;
mod website;
mod zone;

use std::sync::Arc;

use axum::Router;
use kernel::{Clock, Ids};
use tokio_util::sync::CancellationToken;
use web::{Streams, TrustedProxies};

pub use component::{Badge, Markup, Tone};
pub use events::{ServerEvent, ServerEvents};
pub use failure::{Failure, FieldError, Refusal, no_such_page};
pub use form::{Field, Form};
pub use format::{Amount, Count, Day, Elapsed, Moment, Money, TimeOfDay, unbroken};
pub use frame::{Chrome, Frame, Guide, Link, Search};
pub use gateway::{Gateway, GatewayUrlError};
pub use kept::logged_in;
pub use listing::{Choice, Listing, Place, choices, given, known};
pub use live::live;
pub use login::{Entrance, begin_session, end_session, login_failed, login_page, refused};
pub use page::{Page, see_other};
pub use pager::Pager;
pub use path::{local_path, segment};
pub use picture::Picture;
pub use session::{Login, User};
pub use shop::Shop;
pub use theme::Theme;
pub use user_visit::UserVisit;
pub use visit::Visit;
pub use website::Website;
pub use zone::{Zone, zone};

use client::Client;
use zone::Calendar;

/// What a website needs from outside.
#[derive(Clone)]
pub struct Config {
    /// Where the shop is.
    pub gateway: Gateway,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<Ids>,
    /// Seals sessions. The same after a restart and on every instance, so that logged-in users stay logged in.
    pub secret: [u8; 32],
    /// Whose word on the visitor's address counts.
    pub proxies: TrustedProxies,
    /// How many live pages a visitor may have open.
    pub streams: Streams,
    /// Cookies only over TLS: set where a proxy in front speaks HTTPS.
    pub secure_cookies: bool,
    /// Ends pages that go on by themselves.
    pub shutdown: CancellationToken,
}

/// What all visits of a website share. A cheap clone.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    chrome: &'static Chrome,
    client: Client,
    config: Config,
    cookies: seal::Sealer,
    calendar: Calendar,
}

impl Site {
    /// A website that looks like `chrome`.
    #[must_use]
    pub fn new(config: Config, chrome: &'static Chrome) -> Self {
        let client = Client::new(config.gateway.clone());
        let cookies = seal::Sealer::new(&config.secret, chrome.cookie);
        let calendar = Calendar::default();
        Self(Arc::new(Inner { chrome, client, config, cookies, calendar }))
    }

    /// The book that the gateway has, below `at`; to be merged with the guarded pages.
    pub fn book(&self, at: &'static str) -> Router {
        book::routes(at, self.0.client.clone())
    }

    /// The whole website: `pages` and what search engines may look at behind sessions, origin checks and security headers, and beside them
    /// the static files and its health.
    pub fn guard(&self, pages: Router) -> Router {
        guard::guard(self.clone(), pages.merge(choice::routes()).merge(robots::routes()))
            .merge(assets::routes())
            .merge(picture::routes(self))
            .merge(health::routes())
    }
}
