//! The server: bounds the number of connections and the time clients may take, and always shuts down.
//!
//! ```text
//!  accept ──▶ admitted ──▶ connection ──▶ router      shutdown: no accept, connections finish the request they are in,
//!                │  ▲                                 after 5 s they are cut
//!   503 if full ◀┘  └── in place of one that waits for its client
//! ```

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::{
    Request, Version,
    body::{Frame, Incoming, SizeHint},
    header::{CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{
    ConnectionLimits, Problem, TrustedProxies,
    body::{Arriving, Leftover},
    connections::{Admitted, Connections, UnderWay},
    unstalled::Unstalled,
};

/// How long requests in progress may continue after the shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// Pause after an accept that failed, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The largest head of a request.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How soon to come back to a server that has no room.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Refused connections, and failures to accept any, are logged this often at most.
const WARNED_EVERY: Duration = Duration::from_mins(1);

/// What a client reads that is not let in.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
    content-length: 149\r\nretry-after: 5\r\nconnection: close\r\n\r\n\
    {\"type\":\"/problems/too-many-connections\",\"title\":\"Too many connections\",\"status\":503,\
    \"detail\":\"Too many connections; close some or try again later.\"}";

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For a request's head, and how long a connection may lie idle.
    pub head: Duration,
    /// How long a client may take nothing of what we write, or hardly anything.
    pub write: Duration,
}

/// Serves routers on listeners that share one budget of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Server {
    connections: Connections,
    proxies: Arc<TrustedProxies>,
    timing: Timing,
}

impl Default for Timing {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), write: Duration::from_secs(30) }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new(ConnectionLimits::default().within_files(), Arc::default())
    }
}

/// Serves `router` on `listener` with the usual limits; see [`Server::serve`].
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    Server::default().serve(listener, router, shutdown).await;
}

impl Server {
    /// A server that accepts as many connections as `limits` allow, and those of `proxies` up to the total.
    #[must_use]
    pub fn new(limits: ConnectionLimits, proxies: Arc<TrustedProxies>) -> Self {
        Self { connections: Connections::new(limits), proxies, timing: Timing::default() }
    }

    /// The same with other times.
    #[must_use]
    pub fn timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// Serves `router` on `listener` until `shutdown`, then lets requests under way finish for at most 5 s.
    ///
    /// Dropping the future cuts all connections.
    pub async fn serve(&self, listener: TcpListener, router: Router, shutdown: CancellationToken) {
        let mut connections = JoinSet::new();
        let (mut refusals, mut failures) = (Seldom::default(), Seldom::default());
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.accept(&listener, &mut failures) => accepted,
            };
            while connections.try_join_next().is_some() {}
            let address = (!self.proxies.trusts(peer.ip())).then(|| peer.ip().into());
            let Ok(admitted) = self.connections.admit(address) else {
                let _best_effort = stream.try_write(FULL);
                refusals.tell(|count| {
                    tracing::warn!(client = %peer.ip(), count, "connections refused: the limit is reached and no connection is idle");
                });
                continue;
            };
            let connection = Connection { peer, admitted: Arc::new(admitted), timing: self.timing };
            connections.spawn(connection.serve(stream, router.clone(), shutdown.clone()));
        }
        drop(listener);
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(
                "requests were still in progress after {DRAIN:?}; closing their connections"
            );
        }
    }

    async fn accept(
        &self,
        listener: &TcpListener,
        failures: &mut Seldom,
    ) -> (TcpStream, SocketAddr) {
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => self.not_accepted(&error, failures),
            }
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    /// If the process may open no more files, a connection that waits for its client is given up for the next one.
    fn not_accepted(&self, error: &io::Error, failures: &mut Seldom) {
        let lacks_files = matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE));
        let given_up = lacks_files && self.connections.give_one_up();
        failures.tell(|count| {
            tracing::warn!(%error, count, given_up, "cannot accept connections; retrying");
        });
    }
}

/// A rate-limited log message, with how often it happened.
#[derive(Default)]
struct Seldom {
    told: Option<Instant>,
    count: u64,
}

impl Seldom {
    fn tell(&mut self, tell: impl FnOnce(u64)) {
        self.count += 1;
        if self.told.is_none_or(|at| at.elapsed() >= WARNED_EVERY) {
            self.told = Some(Instant::now());
            tell(std::mem::take(&mut self.count));
        }
    }
}

/// One client's connection.
struct Connection {
    peer: SocketAddr,
    admitted: Arc<Admitted>,
    timing: Timing,
}

impl Connection {
    async fn serve(self, stream: TcpStream, router: Router, shutdown: CancellationToken) {
        // Answers are small and whole; waiting to fill a packet would only delay them.
        let _unsupported_is_harmless = stream.set_nodelay(true);
        let (peer, admitted) = (self.peer, &self.admitted);
        let stream = Unstalled::new(stream, Arc::clone(admitted), self.timing.write);
        let service = service_fn(|request| answer(router.clone(), peer, admitted.begin(), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.timing.head)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            biased;
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = admitted.given_up() => return,
            ended = connection.as_mut() => ended,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    under_way: UnderWay,
    mut request: Request<Incoming>,
) -> Result<Response<Held>, Infallible> {
    let leftover = Leftover::default();
    let asks_first = request.headers().contains_key(EXPECT);
    let mut response = if names_one_host(&request) {
        request.extensions_mut().insert(ConnectInfo(peer));
        let arriving =
            |body| Body::new(Arriving::new(body, under_way.connection(), leftover.clone()));
        let Ok(response) = router.oneshot(request.map(arriving)).await;
        response
    } else {
        Problem::bad_request("An HTTP/1.1 request must have exactly one Host header.")
            .into_response()
    };
    let kind = response.headers().get(CONTENT_TYPE);
    let goes_on = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if goes_on && under_way.streams().is_err() {
        response = Problem::unavailable(RETRY_AFTER, "Too many event streams; try again later.")
            .kind("/problems/too-many-streams")
            .title("Too many event streams")
            .into_response();
    }
    if !leftover.discard(asks_first).await {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Held { body, _under_way: under_way }))
}

/// RFC 9112, 3.2: a server must refuse any other request.
fn names_one_host(request: &Request<Incoming>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), None) => true,
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// An answer's body; its request is under way until it has been sent.
struct Held {
    body: Body,
    _under_way: UnderWay,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn without_files_those_that_wait_for_their_clients_make_room() {
        let limits = ConnectionLimits { total: 16, per_address: 16 };
        let server = Server::new(limits, Arc::default());
        let idle: Vec<_> = (0..3).map(|_| server.connections.admit(None)).collect();
        let mut failures = Seldom::default();
        for errno in [Errno::MFILE, Errno::CONNABORTED, Errno::NFILE] {
            server.not_accepted(&errno.into(), &mut failures);
        }
        let given_up = |admitted: &Admitted| is_over(admitted.given_up());
        assert_eq!(idle.iter().flatten().filter(|admitted| given_up(admitted)).count(), 2);
        assert_eq!(failures.count, 2, "the first was logged, the others will be with the next");
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_all_the_time_is_told_once_a_minute_with_its_count() {
        let (mut seldom, mut told) = (Seldom::default(), Vec::new());
        for _ in 0..120 {
            seldom.tell(|count| told.push(count));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(told, [1, 60]);
    }

    /// Whether it is over already.
    fn is_over(future: impl Future) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(future).poll(&mut context).is_ready()
    }
}
