//! A bad network between a client and a server: a TCP proxy that delays, stalls, cuts and resets.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;

/// Bytes passed on at once; with a delay, this much each.
const CHUNK_BYTES: usize = 16 << 10;

/// Passes connections to its own port on to another, with the faults that are set. Runs until the process ends.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<Network>,
}

#[derive(Debug)]
struct Network {
    target: SocketAddr,
    weather: Mutex<Weather>,
    changed: Condvar,
    accepted: AtomicUsize,
    /// Whether the last that was passed on came from a client.
    asking: AtomicBool,
    round_trips: AtomicUsize,
}

#[derive(Debug, Default)]
struct Weather {
    delay: Duration,
    stalled: bool,
    closed: bool,
    open: Vec<Passing>,
}

/// A connection: both its ends, and whether it is to be reset instead of closed in good order.
#[derive(Debug)]
struct Passing {
    ends: [TcpStream; 2],
    reset: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy to `port` of this machine.
    pub fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let own = listener.local_addr()?.port();
        let network = Arc::new(Network {
            target: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            weather: Mutex::default(),
            changed: Condvar::new(),
            accepted: AtomicUsize::new(0),
            asking: AtomicBool::new(false),
            round_trips: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&network);
        in_a_thread(move || accepting.accept(&listener));
        Ok(Self { port: own, network })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections it has passed on so far.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.network.accepted.load(Ordering::SeqCst)
    }

    /// How often a client has sent something after an answer so far, over all connections together.
    #[must_use]
    pub fn round_trips(&self) -> usize {
        self.network.round_trips.load(Ordering::SeqCst)
    }

    /// Holds back every 16 KiB, in each direction, for `delay`.
    pub fn delay(&self, delay: Duration) {
        self.network.weather().delay = delay;
    }

    /// Passes nothing on, while all connections seem to be there.
    pub fn stall(&self) {
        self.network.weather().stalled = true;
    }

    /// Closes all connections in good order, and every new one at once, until [`Proxy::mend`].
    pub fn cut(&self) {
        let mut weather = self.network.weather();
        weather.closed = true;
        for end in weather.open.drain(..).flat_map(|passing| passing.ends) {
            // It may have been closed by its other end.
            drop(end.shutdown(Shutdown::Both));
        }
    }

    /// Resets all connections; new ones are passed on.
    pub fn reset(&self) {
        for Passing { ends, reset } in self.network.weather().open.drain(..) {
            reset.store(true, Ordering::SeqCst);
            for end in ends {
                // The last to let go of it then resets it; one that is closed already needs nothing.
                let _closed_already = set_socket_linger(&end, Some(Duration::ZERO));
                drop(end.shutdown(Shutdown::Read));
            }
        }
        self.network.changed.notify_all();
    }

    /// The network is good again; connections that were closed stay so.
    pub fn mend(&self) {
        let mut weather = self.network.weather();
        weather.delay = Duration::ZERO;
        weather.stalled = false;
        weather.closed = false;
        drop(weather);
        self.network.changed.notify_all();
    }
}

impl Network {
    fn weather(&self) -> MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            // A connection that cannot be passed on is closed, as by a bad network.
            drop(client.and_then(|client| self.pass_on(client)));
        }
    }

    fn pass_on(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let mut weather = self.weather();
        if weather.closed {
            return Ok(());
        }
        let server = TcpStream::connect(self.target)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let reset = Arc::new(AtomicBool::new(false));
        let ends = [client.try_clone()?, server.try_clone()?];
        weather.open.push(Passing { ends, reset: Arc::clone(&reset) });
        drop(weather);
        self.accepted.fetch_add(1, Ordering::SeqCst);
        let ways = [(true, client.try_clone()?, server.try_clone()?), (false, server, client)];
        for (asks, from, to) in ways {
            let (network, reset) = (Arc::clone(self), Arc::clone(&reset));
            in_a_thread(move || drop(network.copy(from, to, asks, &reset)));
        }
        Ok(())
    }

    fn copy(
        &self,
        mut from: TcpStream,
        mut to: TcpStream,
        asks: bool,
        reset: &AtomicBool,
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let length = from.read(&mut chunk)?;
            if self.asking.swap(asks, Ordering::SeqCst) != asks && asks {
                self.round_trips.fetch_add(1, Ordering::SeqCst);
            }
            self.wait();
            if reset.load(Ordering::SeqCst) {
                return Ok(());
            }
            if length == 0 {
                return to.shutdown(Shutdown::Write);
            }
            to.write_all(chunk.get(..length).unwrap_or_default())?;
        }
    }

    /// Waits as long as the weather wants it.
    fn wait(&self) {
        let mut weather = self.weather();
        while weather.stalled {
            weather = self.changed.wait(weather).unwrap_or_else(PoisonError::into_inner);
        }
        let delay = weather.delay;
        drop(weather);
        pause(delay);
    }
}

#[expect(clippy::disallowed_methods, reason = "threads of a test's network, and no service's")]
fn in_a_thread(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work);
}

#[expect(clippy::disallowed_methods, reason = "a slow network is slow in real time")]
fn pause(delay: Duration) {
    std::thread::sleep(delay);
}
