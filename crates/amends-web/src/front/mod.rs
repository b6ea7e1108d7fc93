//! What stands at the port: answers the hot set straight from memory, before any router, and hands every other
//! connection to hyper and the routes.
//!
//! When a page is needed most, everybody asks for the same few documents. Their bytes, headers included, were made when
//! the record changed, so such an answer costs one read and one write. Whatever is not plainly a GET or HEAD of one of
//! them, down to the smallest doubt about its form, is none of our business: hyper reads the same bytes from the
//! beginning and answers, and a test compares both on every document.

mod connection;
mod replay;
mod request;

#[cfg(test)]
mod tests;

use crate::guard::STAY_WITH_HTTPS;
use crate::public::{Site, document};
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// How long is waited for the other side.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Between two requests: longer than proxies keep a connection, so that it is they who end it.
    idle: Duration,
    /// From the first byte of a request's head to its last.
    head: Duration,
    /// For a reader that takes no byte at all.
    write: Duration,
}

const PATIENCE: Patience =
    Patience { idle: Duration::from_secs(75), head: Duration::from_secs(15), write: Duration::from_secs(30) };

/// A connection for a worker.
struct Arrival {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    open: mpsc::Sender<()>,
}

/// Half of the cores: the others are for what is not in memory.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}

/// What answers at the port. Cheap to clone.
#[derive(Clone)]
pub struct Front {
    site: Site,
    router: Router,
    https: bool,
    stopped: watch::Receiver<bool>,
    patience: Patience,
}

impl Front {
    /// The hot set of `site` before `router`, which serves it, too, and everything else. `https`: whether people come
    /// by https. When `stopped` becomes true, requests in flight are answered and no more are taken.
    pub fn new(site: Site, router: Router, https: bool, stopped: watch::Receiver<bool>) -> Self {
        Self { site, router, https, stopped, patience: PATIENCE }
    }

    /// Serves this port until it is stopped and every connection has ended.
    ///
    /// # Errors
    /// When the threads for it cannot be started.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let workers =
            (0..workers()).map(|_| self.clone().work(Handle::current())).collect::<io::Result<Vec<_>>>()?;
        let mut turns = workers.iter().cycle();
        // Dropped by each connection as it ends.
        let (open, mut ended) = mpsc::channel::<()>(1);
        let mut stopped = self.stopped.clone();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stop| *stop) => break,
            };
            match accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
                Ok((stream, peer)) => {
                    let arrival = Arrival { stream, peer, open: open.clone() };
                    let _ = turns.next().map(|worker| worker.send(arrival));
                }
                Err(error) => wait_after(&error).await,
            }
        }
        drop((listener, open));
        // Open pages come back, to whoever serves then.
        self.site.end_news();
        let _ = ended.recv().await;
        Ok(())
    }

    /// Starts a thread that answers the connections it is sent, until nobody can send any more; the others it gives to
    /// the routes. A connection stays with its thread: handing each request to whichever thread is free costs more than
    /// answering it.
    fn work(self, routes: Handle) -> io::Result<mpsc::UnboundedSender<Arrival>> {
        let (send, mut arrivals) = mpsc::unbounded_channel::<Arrival>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = async move {
            while let Some(arrival) = arrivals.recv().await {
                // Why a connection broke is its other end's affair.
                let (front, routes) = (self.clone(), routes.clone());
                tokio::spawn(async move { drop(front.answer(arrival, routes).await) });
            }
        };
        std::thread::Builder::new().name("front".into()).spawn(move || runtime.block_on(work))?;
        Ok(send)
    }

    async fn answer(self, arrival: Arrival, routes: Handle) -> io::Result<()> {
        let Arrival { stream, peer, open } = arrival;
        // Small answers must not wait for an acknowledgement of the one before.
        stream.set_nodelay(true)?;
        let mut connection = connection::Connection::new(&self, TcpStream::from_std(stream)?);
        if let connection::End::Closed = connection.run().await? {
            return Ok(());
        }
        let (stream, read) = connection.into_parts();
        let stream = stream.into_std()?;
        routes.spawn(async move {
            if let Ok(stream) = TcpStream::from_std(stream) {
                let stream = replay::Replay::new(read, stream, self.patience.write);
                replay::serve(self, stream, peer).await;
            }
            drop(open);
        });
        Ok(())
    }

    /// The headers that the sender adds to every answer, and the empty line.
    fn tail(&self, second: i64, stopping: bool) -> Vec<u8> {
        let at = jiff::Timestamp::from_second(second).unwrap_or_default();
        let mut tail = String::new();
        if self.https {
            tail = format!("strict-transport-security: {STAY_WITH_HTTPS}\r\n");
        }
        if stopping {
            tail.push_str("connection: close\r\n");
        }
        tail.push_str(&format!("date: {}\r\n\r\n", document::http_date(at)));
        tail.into_bytes()
    }
}

/// A connection that ended while it waited is nothing; when the process has as many files open as it may, some time has
/// to pass.
async fn wait_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "no connection can be accepted; it is tried again in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
