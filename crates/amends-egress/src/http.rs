//! HTTP to servers that somebody else named: the guarded way out.
//!
//! A request is one write, an answer is read within limits of size and time, and connections are kept for each origin. What
//! is deliberately absent: redirects, cookies, compression, proxies, alternative services. Each of them is a way to be led
//! somewhere that nobody vetted.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::dial::{Destination, DialError, Door, Wire};
use crate::policy::Trust;
use crate::target::Target;
use crate::tls::Verify;

/// Most bytes of the header of an answer.
const HEADER: usize = 16 * 1024;
/// Most header fields of an answer.
const FIELDS: usize = 96;
/// Most bytes of the body of an answer that are read.
const BODY: usize = 64 * 1024;
/// A body that comes slower than this is cut; the status stands.
const BODY_WITHIN: Duration = Duration::from_secs(3);
/// Connections that were not used for so long are closed.
const IDLE: Duration = Duration::from_secs(45);
/// Idle connections kept in all.
const KEPT: usize = 4_096;

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`, `GET`.
    pub method: &'a str,
    /// Where to.
    pub target: &'a Target,
    /// Who chose the target.
    pub trust: Trust,
    /// Further header fields. Values must not hold line breaks; what does is left out.
    pub fields: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The value of `Retry-After`.
    pub retry_after: Option<String>,
    /// The value of `Location`, which is never followed.
    pub location: Option<String>,
    /// The body, or its first 64 KiB.
    pub body: Vec<u8>,
    /// Whether that is all of it.
    pub whole: bool,
}

/// Why there is no reply. Never contains the path, which may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection; nothing was sent.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended before the answer did.
    #[error("{0} closed the connection before it had answered")]
    Cut(String),
    /// Nobody answered in time.
    #[error("{host} did not answer within {seconds} s")]
    TimedOut {
        /// Whom.
        host: String,
        /// The limit.
        seconds: u64,
    },
    /// The header of the answer has no end.
    #[error("{0} answered with a header larger than 16 KiB")]
    TooLarge(String),
    /// That was no HTTP.
    #[error("{0} did not answer in HTTP")]
    NotHttp(String),
}

impl HttpError {
    /// Whether the request may have reached the other side.
    pub fn may_have_arrived(&self) -> bool {
        !matches!(self, Self::Dial(_))
    }
}

/// Sends requests over kept connections. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    door: Door,
    within: Duration,
    limit: Limit,
    pool: Arc<Mutex<Pool>>,
}

/// What is read of the body of an answer.
#[derive(Clone, Copy)]
struct Limit {
    bytes: usize,
    within: Duration,
}

#[derive(Default)]
struct Pool {
    idle: HashMap<String, Vec<(Wire, Instant)>>,
    count: usize,
}

impl Pool {
    fn take(&mut self, origin: &str) -> Option<Wire> {
        let kept = self.idle.get_mut(origin)?;
        while let Some((wire, since)) = kept.pop() {
            self.count -= 1;
            if since.elapsed() < IDLE {
                return Some(wire);
            }
        }
        None
    }

    fn put(&mut self, origin: &str, wire: Wire) {
        if self.count >= KEPT {
            self.sweep();
        }
        if self.count >= KEPT {
            return;
        }
        self.count += 1;
        match self.idle.get_mut(origin) {
            Some(kept) => kept.push((wire, Instant::now())),
            None => drop(self.idle.insert(origin.to_owned(), vec![(wire, Instant::now())])),
        }
    }

    fn sweep(&mut self) {
        self.idle.retain(|_, kept| {
            kept.retain(|(_, since)| since.elapsed() < IDLE);
            !kept.is_empty()
        });
        self.count = self.idle.values().map(Vec::len).sum();
    }
}

impl Http {
    /// Through this door, with one limit for everything that a request takes.
    pub fn new(door: Door, within: Duration) -> Self {
        let limit = Limit { bytes: BODY, within: BODY_WITHIN.min(within) };
        Self { door, within, limit, pool: Arc::default() }
    }

    /// For answers that are read for their body, which may be so long and take all of the time that a request may.
    #[must_use]
    pub fn reading(self, bytes: usize) -> Self {
        Self { limit: Limit { bytes, within: self.within }, ..self }
    }

    /// The door.
    pub fn door(&self) -> &Door {
        &self.door
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes connections that were not used for a while.
    pub fn close_idle(&self) {
        self.pool().sweep();
    }

    /// Sends a request and reads the answer. Every new connection is vetted; a kept one still leads to the address that was.
    ///
    /// # Errors
    /// [`HttpError`], in words without the path.
    pub async fn send(&self, request: Request<'_>) -> Result<Reply, HttpError> {
        let late =
            || HttpError::TimedOut { host: request.target.host().to_owned(), seconds: self.within.as_secs() };
        timeout(self.within, self.exchange(request)).await.map_err(|_| late())?
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Reply, HttpError> {
        let bytes = written(&request);
        let target = request.target;
        let kept = self.pool().take(target.origin());
        if let Some(wire) = kept {
            match converse(wire, &bytes, target.host(), self.limit).await {
                // A kept connection may have been closed for being idle, before it had said anything.
                Err((HttpError::Cut(_), true)) => {}
                Err((error, _)) => return Err(error),
                Ok((reply, wire)) => return Ok(self.done(target, reply, wire)),
            }
        }
        let to = Destination { host: target.host().to_owned(), port: target.port(), trust: request.trust };
        self.door.vet_target(target, request.trust).map_err(DialError::Refused)?;
        let mut wire = self.door.dial(&to).await?;
        if target.is_https() {
            wire = self.door.secure(wire, target.host(), Verify::Name).await?;
        }
        match converse(wire, &bytes, target.host(), self.limit).await {
            Ok((reply, wire)) => Ok(self.done(target, reply, wire)),
            Err((error, _)) => Err(error),
        }
    }

    fn done(&self, target: &Target, reply: Reply, wire: Option<Wire>) -> Reply {
        if let Some(wire) = wire {
            self.pool().put(target.origin(), wire);
        }
        reply
    }
}

/// The request as it goes over the wire, in one piece.
fn written(request: &Request<'_>) -> Vec<u8> {
    let Request { method, target, fields, body, .. } = request;
    let mut out = Vec::with_capacity(256 + target.path().len() + fields.len() * 64 + body.len());
    let mut put = |parts: &[&str]| parts.iter().for_each(|p| out.extend_from_slice(p.as_bytes()));
    put(&[method, " ", target.path(), " HTTP/1.1\r\nHost: ", target.authority()]);
    put(&["\r\nUser-Agent: Amends\r\nAccept: */*\r\n"]);
    let clean = |text: &str| !text.bytes().any(|b| b < b' ' || b == 0x7f);
    for (name, value) in fields.iter().filter(|(name, value)| clean(name) && clean(value)) {
        put(&[name, ": ", value, "\r\n"]);
    }
    if *method != "GET" || !body.is_empty() {
        put(&["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

/// How the body of an answer ends.
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

struct Head {
    reply: Reply,
    framing: Framing,
    keep: bool,
    /// Bytes of the header.
    length: usize,
}

type Failed = (HttpError, bool);

/// One request and its answer on an open connection; gives the connection back if it can be used again. An error says
/// whether nothing at all had come back.
async fn converse(
    mut wire: Wire,
    request: &[u8],
    host: &str,
    limit: Limit,
) -> Result<(Reply, Option<Wire>), Failed> {
    let cut = |nothing| (HttpError::Cut(host.to_owned()), nothing);
    // The answer may come (a refusal, say) before the request was written to its end.
    let wrote = match wire.write_all(request).await {
        Ok(()) => wire.flush().await.is_ok(),
        Err(_) => false,
    };
    let mut buffer = Vec::with_capacity(1_024);
    let mut head = loop {
        match wire.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return Err(cut(buffer.is_empty())),
            Ok(_) => {}
        }
        match parse(&buffer) {
            Ok(Some(head)) => break head,
            Ok(None) if buffer.len() >= HEADER => return Err((HttpError::TooLarge(host.to_owned()), false)),
            Ok(None) => {}
            Err(()) => return Err((HttpError::NotHttp(host.to_owned()), false)),
        }
    };
    buffer.drain(..head.length);
    let reading = body(&mut wire, &mut buffer, &head.framing, limit.bytes);
    let whole = timeout(limit.within, reading).await.unwrap_or(false);
    buffer.truncate(limit.bytes);
    head.reply.whole = whole;
    head.reply.body = match head.framing {
        Framing::Chunked => unchunked(&buffer).0,
        _ => buffer,
    };
    Ok((head.reply, (whole && head.keep && wrote).then_some(wire)))
}

/// The header, once it is whole. Interim answers are stepped over.
fn parse(bytes: &[u8]) -> Result<Option<Head>, ()> {
    let mut skipped = 0;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(&bytes[skipped..]) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(()),
        };
        let status = response.code.ok_or(())?;
        if (100..200).contains(&status) {
            // Nothing here asks for another protocol.
            if status == 101 {
                return Err(());
            }
            skipped += length;
            continue;
        }
        let field = |name: &str| {
            let found = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
            found.map(|h| String::from_utf8_lossy(h.value.trim_ascii()))
        };
        let connection = field("connection").unwrap_or_default();
        let has = |word: &str| connection.split(',').any(|w| w.trim().eq_ignore_ascii_case(word));
        let keep = if response.version == Some(1) { !has("close") } else { has("keep-alive") };
        let framing = match (field("transfer-encoding"), field("content-length")) {
            _ if matches!(status, 204 | 304) => Framing::Length(0),
            (Some(how), _) if how.eq_ignore_ascii_case("chunked") => Framing::Chunked,
            (Some(_), _) => Framing::UntilClosed,
            (None, Some(length)) => Framing::Length(length.parse().map_err(|_| ())?),
            (None, None) => Framing::UntilClosed,
        };
        let reply = Reply {
            status,
            retry_after: field("retry-after").map(Cow::into_owned),
            location: field("location").map(Cow::into_owned),
            body: Vec::new(),
            whole: false,
        };
        return Ok(Some(Head { reply, framing, keep, length: skipped + length }));
    }
}

/// Reads the body into `buffer`, which holds its beginning; answers whether it is whole and nothing more came.
async fn body(wire: &mut Wire, buffer: &mut Vec<u8>, framing: &Framing, most: usize) -> bool {
    loop {
        match framing {
            Framing::Length(length) if buffer.len() >= *length => return buffer.len() == *length,
            Framing::Chunked if unchunked(buffer).1 => return true,
            _ => {}
        }
        if buffer.len() > most {
            return false;
        }
        match wire.read_buf(buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// What chunks hold, and whether the last one is there and nothing comes after it.
fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((start, length))) = httparse::parse_chunk_size(bytes) else {
            return (out, false);
        };
        bytes = &bytes[start..];
        if length == 0 {
            // Trailers are read to their end and thrown away.
            return (out, bytes == b"\r\n" || bytes.ends_with(b"\r\n\r\n"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        out.extend_from_slice(&bytes[..length.min(bytes.len())]);
        let Some(rest) = length.checked_add(2).and_then(|end| bytes.get(end..)) else {
            return (out, false);
        };
        bytes = rest;
    }
}
