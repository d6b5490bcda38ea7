//! A client of a shop's public REST API: logs in, reads its own writes, and retries lost requests.
//!
//! Everything runs on one thread: a load generator that shares its machine with the shop must cost little, so there are no
//! locks, no tasks and no pool beyond a list of idle connections; each connection is driven by the caller that waits for its answer.

mod access;
mod connection;
mod error;
mod idle;
mod place;
mod request;
mod retry;
pub(crate) mod sessions;
mod stream;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use contracts::names;
use hyper::{
    HeaderMap, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, HeaderValue},
};
use kernel::Ids;
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::{
    access::{Access, Manager},
    error::Error,
    place::Place,
    request::Request,
    stream::EventStream,
};
use self::{
    connection::Connection, idle::Idle, request::Address, retry::Patience, sessions::Session,
};
use crate::random::os_seed;

/// The longest that one attempt may take: well over the 2 s within which a shop responds, if only with 503.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(20);

/// A handle on one shop; clones share connections, token and position.
#[derive(Clone)]
pub(crate) struct Client {
    shared: Rc<Shared>,
    /// The highest position in an answer so far, handed on so that what was written is also read.
    position: Rc<Cell<u64>>,
    follows_position: bool,
}

struct Shared {
    address: Address,
    idle: Idle<Connection>,
    authorization: RefCell<Option<HeaderValue>>,
    credentials: RefCell<Option<Credentials>>,
    /// Whether the token comes from a session that `agora login` kept; without a password it cannot be renewed.
    is_kept: Cell<bool>,
    /// How long one request is sent again and again before it is given up.
    patience: Duration,
    /// Whether the shop was ever reached: until then an address that does not answer is a mistake, not a restart.
    reached: Cell<bool>,
    /// Spreads retries.
    chances: Ids,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    user_name: String,
    password: String,
}

/// An answer of a success.
pub(crate) struct Answer(Bytes);

impl Client {
    /// A client of the shop at `url` (`http://host:port`, possibly with a path).
    pub(crate) fn new(url: &str, patience: Duration) -> Result<Self, Error> {
        let shared = Shared {
            address: Address::parse(url)?,
            idle: Idle::default(),
            authorization: RefCell::default(),
            credentials: RefCell::default(),
            is_kept: Cell::new(false),
            patience,
            reached: Cell::new(false),
            chances: Ids::from_seed(os_seed()),
        };
        Ok(Self { shared: Rc::new(shared), position: Rc::default(), follows_position: true })
    }

    /// Logs in; from here on every request carries the token, and a new one once it has expired.
    pub(crate) async fn log_in(&self, user_name: &str, password: &str) -> Result<Session, Error> {
        let credentials =
            Credentials { user_name: user_name.to_owned(), password: password.to_owned() };
        self.shared.credentials.replace(Some(credentials));
        self.renew_token().await
    }

    /// Goes on in a session that was kept.
    pub(crate) fn resume(&self, token: &str) -> Result<(), Error> {
        self.shared.is_kept.set(true);
        self.authorize(token)
    }

    /// Where the shop is.
    pub(crate) fn address(&self) -> String {
        self.shared.address.to_string()
    }

    /// A handle that hands on the position reached so far, and keeps to it.
    ///
    /// Requests that do not build on each other (a thousand orders of as many people) must not wait for each other.
    #[must_use]
    pub(crate) fn at_this_position(&self) -> Self {
        Self {
            shared: Rc::clone(&self.shared),
            position: Rc::new(Cell::new(self.position.get())),
            follows_position: false,
        }
    }

    /// A handle that begins at the position reached so far and from there on follows its own answers alone.
    ///
    /// For work whose requests build on each other but not on those of others: it must not wait until the shop shows what
    /// thousands of others wrote meanwhile.
    #[must_use]
    pub(crate) fn apart(&self) -> Self {
        Self { follows_position: true, ..self.at_this_position() }
    }

    /// Hands on what another handle has reached, too.
    pub(crate) fn catch_up_with(&self, other: &Self) {
        self.position.set(self.position.get().max(other.position.get()));
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(&Request::get(path)).await?.parse()
    }

    /// The same, asked once: a client that looks again and again wants to know how it is now.
    pub(crate) async fn get_once<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send_once(&Request::get(path)).await?.parse()
    }

    pub(crate) async fn get_text(&self, path: &str) -> Result<String, Error> {
        let answer = self.send(&Request::get(path)).await?;
        Ok(String::from_utf8_lossy(&answer.0).into_owned())
    }

    /// Sends a request until it is answered for good, with the same bytes and the same idempotency key each time.
    ///
    /// Every call of the tools either carries a key or does no harm when repeated; 503 and 429 are waited out as
    /// `Retry-After` says, a lost connection with growing pauses.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Error> {
        match self.insist(request).await {
            Err(error) if error.status() == Some(StatusCode::UNAUTHORIZED) && self.may_renew() => {
                let _session = self.renew_token().await?;
                self.insist(request).await
            }
            outcome => outcome,
        }
    }

    /// Sends a request once: what a shop that is busy says of it counts.
    pub(crate) async fn send_once(&self, request: &Request) -> Result<Answer, Error> {
        let attempt = tokio::time::timeout(ATTEMPT_LIMIT, self.attempt(request)).await;
        attempt.unwrap_or(Err(Error::TooSlow(ATTEMPT_LIMIT))).map(Answer)
    }

    /// Writes a long answer to `out` as it arrives. Not repeated: what a broken connection leaves is for the caller to drop.
    pub(crate) async fn download(
        &self,
        path: &str,
        out: &mut impl std::io::Write,
    ) -> Result<(), Error> {
        let (mut connection, response) =
            self.exchange(&Request::get(path), &HeaderMap::new()).await?;
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            let body = connection.collect(body).await?;
            return Err(Error::refused(head.status, &head.headers, &body));
        }
        let mut piece = BytesMut::new();
        while connection.read(&mut body, &mut piece).await? {
            out.write_all(&piece)
                .map_err(|error| Error::Answer(format!("cannot be written here: {error}")))?;
            piece.clear();
        }
        Ok(())
    }

    /// Follows a path of server-sent events, from `last_id` on if given; established when this returns.
    pub(crate) async fn follow(
        &self,
        path: &str,
        last_id: Option<String>,
    ) -> Result<EventStream, Error> {
        EventStream::open(self.clone(), path, last_id).await
    }

    fn may_renew(&self) -> bool {
        self.shared.credentials.borrow().is_some()
    }

    async fn renew_token(&self) -> Result<Session, Error> {
        let credentials = self.shared.credentials.borrow().clone();
        self.shared.authorization.replace(None);
        let request = Request::post("/customer/login-user", &credentials);
        let session: Session = self.insist(&request).await?.parse()?;
        self.authorize(&session.token)?;
        Ok(session)
    }

    fn authorize(&self, token: &str) -> Result<(), Error> {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value =
            value.map_err(|_| Error::Answer("a token that is not valid in a header".to_owned()))?;
        value.set_sensitive(true);
        self.shared.authorization.replace(Some(value));
        Ok(())
    }

    async fn insist(&self, request: &Request) -> Result<Answer, Error> {
        let mut patience = Patience::new(self.shared.patience);
        loop {
            let attempt = tokio::time::timeout(ATTEMPT_LIMIT, self.attempt(request)).await;
            match attempt.unwrap_or(Err(Error::TooSlow(ATTEMPT_LIMIT))) {
                Ok(body) => return Ok(Answer(body)),
                Err(error) => {
                    patience.after(error, self.shared.reached.get(), &self.shared.chances).await?;
                }
            }
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Bytes, Error> {
        let (mut connection, response) = self.exchange(request, &HeaderMap::new()).await?;
        let (head, body) = response.into_parts();
        let body = connection.collect(body).await?;
        self.shared.idle.put(connection);
        if head.status.is_success() {
            return Ok(body);
        }
        Err(Error::refused(head.status, &head.headers, &body))
    }

    /// Sends once and returns with the answer's head; the body is still to be read from the connection.
    async fn exchange(
        &self,
        request: &Request,
        more: &HeaderMap,
    ) -> Result<(Connection, hyper::Response<Incoming>), Error> {
        let mut headers = more.clone();
        if let Some(authorization) = &*self.shared.authorization.borrow() {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if self.position.get() > 0 {
            headers.insert(names::POSITION, HeaderValue::from(self.position.get()));
        }
        let request = request.build(&self.shared.address, headers)?;
        let mut connection = match self.shared.idle.take() {
            Some(connection) => connection,
            None => Connection::open(&self.shared.address).await?,
        };
        let response = connection.send(request).await?;
        self.shared.reached.set(true);
        if response.status() == StatusCode::UNAUTHORIZED && self.shared.is_kept.get() {
            return Err(Error::SessionEnded { address: self.address() });
        }
        if self.follows_position {
            self.note_position(response.headers());
        }
        Ok((connection, response))
    }

    fn note_position(&self, headers: &HeaderMap) {
        let position =
            headers.get(names::POSITION).and_then(|value| value.to_str().ok()?.parse().ok());
        self.position.set(self.position.get().max(position.unwrap_or(0)));
    }
}

impl Answer {
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.0).map_err(|error| Error::Answer(error.to_string()))
    }
}
