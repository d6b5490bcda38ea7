//! Streams whose writes fail once the other side takes nothing, or hardly anything, any more.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::connections::Admitted;

/// What a client has to take of a longer answer each time: with 30 s some 2 KiB/s, less than the poorest line carries.
const TAKEN_MIN_BYTES: usize = 64 * 1024;

/// A connection's stream. While the other side does not take what is written, the connection may be given up; once that has
/// lasted for some time in which too little was taken, writes fail. Event streams may be taken as slowly as they like, if at all.
pub(super) struct Unstalled<S> {
    stream: S,
    admitted: Arc<Admitted>,
    timeout: Duration,
    /// Since writes are held up: until when, and how much was taken.
    held_up: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Unstalled<S> {
    pub(super) fn new(stream: S, admitted: Arc<Admitted>, timeout: Duration) -> Self {
        Self { stream, admitted, timeout, held_up: None }
    }

    /// `written`, or the failure if too little has been taken for too long.
    fn watched(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let Some((_, taken_bytes)) = &mut self.held_up {
                *taken_bytes += written.as_ref().copied().unwrap_or_default();
                self.admitted.goes_on();
            }
            return Poll::Ready(written);
        }
        self.admitted.is_behind();
        loop {
            let timeout = self.timeout;
            let until = || (Box::pin(tokio::time::sleep_until(Instant::now() + timeout)), 0);
            let (held_up, taken_bytes) = self.held_up.get_or_insert_with(until);
            ready!(held_up.as_mut().poll(context));
            let least_bytes = if self.admitted.is_stream() { 1 } else { TAKEN_MIN_BYTES };
            if *taken_bytes < least_bytes {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.held_up = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watched(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Asked once everything has been written: the client keeps up.
        self.held_up = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::{ConnectionLimits, connections::Connections, connections::UnderWay};

    const TIMEOUT: Duration = Duration::from_secs(30);

    fn under_way() -> UnderWay {
        let limits = ConnectionLimits { total: 16, per_address: 16 };
        let admitted = Connections::new(limits).admit(None).expect("has room");
        let under_way = Arc::new(admitted).begin();
        under_way.connection().received();
        under_way
    }

    /// How long a reader of one byte a second is written to.
    async fn written_for(under_way: &UnderWay, byte_count: usize) -> (io::Result<()>, Duration) {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let mut stream = Unstalled::new(ours, under_way.connection(), TIMEOUT);
        let started = Instant::now();
        let reads = async {
            while theirs.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let all = vec![0; byte_count];
        let written = tokio::select! {
            biased;
            written = stream.write_all(&all) => written,
            () = reads => unreachable!("the stream is open"),
        };
        (written, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_in_trickles_is_given_up() {
        let (written, lasted) = written_for(&under_way(), 1 << 20).await;
        assert_eq!(written.expect_err("fails").kind(), io::ErrorKind::TimedOut);
        assert!(lasted <= TIMEOUT + Duration::from_secs(2), "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_stream_may_be_read_in_trickles() {
        let under_way = under_way();
        under_way.streams().expect("has room");
        let (written, lasted) = written_for(&under_way, 200).await;
        written.expect("is written");
        assert!(lasted > TIMEOUT * 3, "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_answer_is_waited_for_and_the_next_has_its_own_time() {
        let under_way = under_way();
        let (ours, mut theirs) = tokio::io::duplex(16);
        let mut stream = Unstalled::new(ours, under_way.connection(), TIMEOUT);
        for _ in 0..3 {
            let reads = async {
                tokio::time::sleep(TIMEOUT * 2 / 3).await;
                theirs.read_exact(&mut [0; 32]).await.expect("comes");
            };
            let writes = async {
                stream.write_all(&[0; 32]).await.expect("is written");
                stream.flush().await.expect("is written");
            };
            tokio::join!(writes, reads);
        }
    }
}
