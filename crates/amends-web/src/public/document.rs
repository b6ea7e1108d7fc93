//! One thing that is served: its bytes in each encoding with the headers that go with them, made once, not per request.

use crate::assets::PUBLIC_STYLE;
use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, Response, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::LazyLock;

/// What a document is: decides content type, who may cache it for how long, and who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page that everybody sees alike.
    Page,
    /// A page for one reader: never kept.
    Private,
    /// A page that could not be confirmed, or an error: kept by nobody.
    Passing,
    /// JSON of the Statuspage API and its kin, readable from any origin.
    Json,
    /// An error or a personal answer in JSON, readable from any origin, never kept.
    PassingJson,
    /// RSS 2.0.
    Rss,
    /// Atom.
    Atom,
    /// JSON Feed 1.1.
    JsonFeed,
    /// iCalendar.
    Calendar,
    /// An SVG that other sites show: badge and favicon.
    Image,
    /// The banner script, run by other sites.
    Embed,
    /// The script that a browser runs when something is pushed to it.
    Worker,
    /// Plain text.
    Text,
    /// Something under `/static/`, with its content type; its path changes when it does.
    Asset(&'static str),
}

impl Kind {
    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Kind::Page | Kind::Private | Kind::Passing => "text/html; charset=utf-8",
            Kind::Json | Kind::PassingJson => "application/json; charset=utf-8",
            Kind::Rss => "application/rss+xml; charset=utf-8",
            Kind::Atom => "application/atom+xml; charset=utf-8",
            Kind::JsonFeed => "application/feed+json; charset=utf-8",
            Kind::Calendar => "text/calendar; charset=utf-8",
            Kind::Image => "image/svg+xml",
            Kind::Embed | Kind::Worker => "text/javascript; charset=utf-8",
            Kind::Text => "text/plain; charset=utf-8",
            Kind::Asset(content_type) => content_type,
        }
    }

    /// Short, because a page must not be old in a bad hour; caches may show the last truth for a day when we are gone.
    pub const fn cache_control(self) -> &'static str {
        match self {
            Kind::Private | Kind::Passing | Kind::PassingJson => "no-store",
            Kind::Asset(_) => "public, max-age=31536000, immutable",
            Kind::Embed => "public, max-age=300, stale-while-revalidate=3600, stale-if-error=604800",
            _ => "public, max-age=5, stale-while-revalidate=25, stale-if-error=86400",
        }
    }

    /// Whether browsers let other sites read or show it.
    const fn crosses_origins(self) -> bool {
        matches!(
            self,
            Kind::Json
                | Kind::PassingJson
                | Kind::Rss
                | Kind::Atom
                | Kind::JsonFeed
                | Kind::Calendar
                | Kind::Image
                | Kind::Embed
        )
    }

    /// Whether it is HTML.
    pub const fn is_page(self) -> bool {
        matches!(self, Kind::Page | Kind::Private | Kind::Passing)
    }

    fn is_compressible(self) -> bool {
        !matches!(self, Kind::Asset("font/woff2"))
    }
}

/// The Content Security Policy of the public pages: scripts from here alone, the one style that stands in the page by
/// its hash, nothing else from anywhere.
static PAGE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' {}; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'",
        PUBLIC_STYLE.source
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// The headers that protect a document of this kind, as in OWASP's secure headers project. That browsers stay with https
/// is said by the server's own guard, which knows whether they come by https.
pub fn protect(kind: Kind, headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), crate::guard::PERMISSIONS_POLICY);
    if kind.crosses_origins() {
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Last-Modified");
        set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    } else {
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    }
    if kind.is_page() {
        headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY.clone());
    } else if kind == Kind::Worker {
        // It runs under its own policy, not under that of a page.
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; connect-src 'self'"),
        );
    } else {
        // A document that is not a page loads nothing, should somebody open it as one.
        set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    }
}

/// Headers that describe the body and are left out of an answer without one (304).
const OF_BODY: [HeaderName; 3] = [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::CONTENT_ENCODING];

/// The same bytes in one encoding.
#[derive(Debug, Clone)]
struct Variant {
    headers: HeaderMap,
    /// Status line and headers as they go over the wire.
    head: Bytes,
    /// Where in `head` the headers begin that do not describe the body.
    rest: usize,
    body: Bytes,
}

impl Variant {
    fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let mut head =
            format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or(""))
                .into_bytes();
        let (of_body, others): (Vec<_>, Vec<_>) =
            headers.iter().partition(|(name, _)| OF_BODY.contains(name));
        let mut write = |lines: Vec<(&HeaderName, &HeaderValue)>| {
            for (name, value) in lines {
                head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
            }
            head.len()
        };
        let rest = write(of_body);
        write(others);
        Variant { headers, head: head.into(), rest, body }
    }
}

/// What a request says of the bytes that it takes and of those that it has.
pub trait Asking {
    /// The values of the headers of this name, as far as they are text.
    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &str>;
}

impl Asking for HeaderMap {
    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &str> {
        self.get_all(name).iter().filter_map(|v| v.to_str().ok())
    }
}

/// An answer as it goes over the wire, in order: what stands before the sender's own headers (such as `Date`) and the
/// empty line, and what stands after.
#[derive(Debug)]
pub struct Wire {
    /// A status line, if `head` has none.
    pub status: &'static [u8],
    /// The headers.
    pub head: Bytes,
    /// The body.
    pub body: Bytes,
}

/// A document in every encoding. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    status: StatusCode,
    kind: Kind,
    changed: Timestamp,
    digest: [u8; 32],
    plain: Variant,
    gzip: Option<Variant>,
    brotli: Option<Variant>,
}

impl Document {
    /// A document that was last changed at `changed`. Compresses; see [`Document::is_of`] for how to avoid it.
    pub fn new(kind: Kind, body: Vec<u8>, changed: Timestamp) -> Self {
        Self::with_status(StatusCode::OK, kind, body, changed)
    }

    /// As [`Document::new`], with another status than 200.
    pub fn with_status(status: StatusCode, kind: Kind, body: Vec<u8>, changed: Timestamp) -> Self {
        let digest: [u8; 32] = Sha256::digest(&body).into();
        let worth_it = |packed: &Vec<u8>| packed.len() + 64 < body.len();
        let keeps = !matches!(kind, Kind::Private | Kind::Passing | Kind::PassingJson);
        let (gzip, brotli) = if keeps && kind.is_compressible() && body.len() > 256 {
            (gzipped(&body).filter(worth_it), brotlied(&body).filter(worth_it))
        } else {
            (None, None)
        };
        let variant = |bytes: Vec<u8>, encoding: Option<&'static str>| {
            let headers = headers(kind, &digest, changed, encoding, bytes.len());
            Variant::new(status, headers, bytes.into())
        };
        Document {
            status,
            kind,
            changed,
            digest,
            gzip: gzip.map(|b| variant(b, Some("gzip"))),
            brotli: brotli.map(|b| variant(b, Some("br"))),
            plain: variant(body, None),
        }
    }

    /// Whether it holds these bytes: then it can be kept and nothing is compressed again.
    pub fn is_of(&self, kind: Kind, body: &[u8]) -> bool {
        self.kind == kind && self.digest[..] == Sha256::digest(body)[..]
    }

    /// What tells it from another: the hash of its bytes.
    pub fn tag(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// When it last changed.
    pub fn changed(&self) -> Timestamp {
        self.changed
    }

    /// Sets one more header in every encoding.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        for variant in [Some(&mut self.plain), self.gzip.as_mut(), self.brotli.as_mut()].into_iter().flatten()
        {
            variant.headers.insert(name.clone(), value.clone());
            *variant = Variant::new(self.status, std::mem::take(&mut variant.headers), variant.body.clone());
        }
    }

    /// What kind of text it is.
    pub fn content_type(&self) -> &'static str {
        self.kind.content_type()
    }

    /// The bytes as they are without encoding.
    pub fn body(&self) -> &Bytes {
        &self.plain.body
    }

    /// How many bytes go over the wire with gzip.
    pub fn gzip_length(&self) -> usize {
        self.gzip.as_ref().map_or(self.plain.body.len(), |v| v.body.len())
    }

    /// How many bytes it holds in memory.
    pub fn weight(&self) -> usize {
        let of = |v: &Option<Variant>| v.as_ref().map_or(0, |v| v.body.len() + 2048);
        self.plain.body.len() + 2048 + of(&self.gzip) + of(&self.brotli)
    }

    /// Answers a GET or HEAD: picks the encoding, and 304 where the reader has it already (RFC 9110 §13).
    pub fn answer(&self, method: &Method, request: &HeaderMap) -> Response<Body> {
        let variant = self.pick(request);
        let fresh = self.is_known(request);
        let mut headers = variant.headers.clone();
        if fresh {
            OF_BODY.iter().for_each(|name| drop(headers.remove(name)));
        }
        let body =
            if fresh || method == Method::HEAD { Body::empty() } else { Body::from(variant.body.clone()) };
        let mut response = Response::new(body);
        *response.status_mut() = if fresh { StatusCode::NOT_MODIFIED } else { self.status };
        *response.headers_mut() = headers;
        response
    }

    /// The same answer as [`Document::answer`] gives, as bytes that were made beforehand.
    pub fn wire(&self, method: &Method, request: &impl Asking) -> Wire {
        let variant = self.pick(request);
        if self.is_known(request) {
            let head = variant.head.slice(variant.rest..);
            return Wire { status: b"HTTP/1.1 304 Not Modified\r\n", head, body: Bytes::new() };
        }
        let body = if method == Method::HEAD { Bytes::new() } else { variant.body.clone() };
        Wire { status: b"", head: variant.head.clone(), body }
    }

    fn pick(&self, request: &impl Asking) -> &Variant {
        let (mut gzip, mut brotli) = (false, false);
        for coding in request.values(&header::ACCEPT_ENCODING).flat_map(|v| v.split(',')) {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().trim_start_matches("q=");
            let wanted = !(weight.starts_with('0') && weight.chars().all(|c| matches!(c, '0' | '.')));
            match name.trim() {
                "br" => brotli = wanted,
                "gzip" | "x-gzip" => gzip = wanted,
                _ => {}
            }
        }
        (self.brotli.as_ref().filter(|_| brotli))
            .or(self.gzip.as_ref().filter(|_| gzip))
            .unwrap_or(&self.plain)
    }

    /// Whether the reader has it already.
    fn is_known(&self, request: &impl Asking) -> bool {
        if self.status != StatusCode::OK {
            return false;
        }
        let mut tags = request.values(&header::IF_NONE_MATCH).flat_map(|v| v.split(',')).peekable();
        if tags.peek().is_some() {
            return tags.any(|tag| self.is_tagged(tag.trim()));
        }
        let mut since = request.values(&header::IF_MODIFIED_SINCE);
        let since = since.next().and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        since.is_some_and(|z| self.changed.as_second() <= z.timestamp().as_second())
            && self.plain.headers.contains_key(header::LAST_MODIFIED)
    }

    fn is_tagged(&self, tag: &str) -> bool {
        let tag = tag.trim_start_matches("W/");
        [Some(&self.plain), self.gzip.as_ref(), self.brotli.as_ref()].into_iter().flatten().any(|variant| {
            let ours = variant.headers.get(header::ETAG);
            ours.is_some_and(|ours| tag == "*" || ours.as_bytes() == tag.as_bytes())
        })
    }
}

fn headers(
    kind: Kind,
    digest: &[u8; 32],
    changed: Timestamp,
    encoding: Option<&'static str>,
    length: usize,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    protect(kind, &mut headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kind.cache_control()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if matches!(kind, Kind::Private | Kind::Passing | Kind::PassingJson) {
        return headers;
    }
    if kind.is_compressible() {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    // A strong validator is different for different bytes, so each encoding has its own (RFC 9110 §8.8.3).
    let hash: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{hash}{}\"", encoding.map_or(String::new(), |e| format!("-{e}")));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if !matches!(kind, Kind::Asset(_))
        && let Ok(date) = HeaderValue::from_str(&http_date(changed))
    {
        headers.insert(header::LAST_MODIFIED, date);
    }
    headers
}

/// An instant as HTTP writes it (RFC 9110 §5.6.7), to the second.
pub fn http_date(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn gzipped(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

fn brotlied(body: &[u8]) -> Option<Vec<u8>> {
    // Measured on the status page: quality 5 is within 2 % of quality 11 at a quarter of the time of 9; the window holds
    // our largest page.
    let params = brotli::enc::BrotliEncoderParams { quality: 5, lgwin: 18, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &body[..], &mut out, &params).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).expect("value")))
            .collect()
    }

    fn sample() -> Document {
        let body = "<p>All of it, again and again. </p>".repeat(100).into_bytes();
        Document::new(Kind::Page, body, "2026-11-20T15:19:00.9Z".parse().expect("instant"))
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |v| v.to_str().expect("ascii"))
    }

    #[test]
    fn each_encoding_has_its_own_strong_tag() {
        let document = sample();
        let mut tags = std::collections::BTreeSet::new();
        for (accept, encoding) in [
            ("", ""),
            ("gzip", "gzip"),
            ("gzip, deflate, br, zstd", "br"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("identity;q=1, br;q=0.0", ""),
        ] {
            let response = document.answer(&Method::GET, &ask(&[("accept-encoding", accept)]));
            assert_eq!(header(&response, "content-encoding"), encoding, "{accept}");
            assert_eq!(header(&response, "vary"), "Accept-Encoding");
            let tag = header(&response, "etag");
            assert!(tag.starts_with('"'), "strong: {tag}");
            tags.insert(tag.to_owned());
            let again = document.answer(&Method::GET, &ask(&[("if-none-match", tag)]));
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header(&again, "content-length"), "");
        }
        assert_eq!(tags.len(), 3);
    }

    #[test]
    fn conditions_follow_the_rfc() {
        let document = sample();
        let get =
            |pairs: &[(&'static str, &str)]| document.answer(&Method::GET, &ask(pairs)).status().as_u16();
        assert_eq!(
            header(&document.answer(&Method::GET, &ask(&[])), "last-modified"),
            "Fri, 20 Nov 2026 15:19:00 GMT"
        );
        assert_eq!(get(&[("if-none-match", "\"x\", W/\"y\"")]), 200);
        assert_eq!(get(&[("if-none-match", "*")]), 304);
        assert_eq!(get(&[("if-modified-since", "Fri, 20 Nov 2026 15:19:00 GMT")]), 304);
        assert_eq!(get(&[("if-modified-since", "Fri, 20 Nov 2026 15:18:59 GMT")]), 200);
        assert_eq!(get(&[("if-modified-since", "yesterday")]), 200);
        assert_eq!(
            get(&[("if-none-match", "\"x\""), ("if-modified-since", "Fri, 20 Nov 2026 15:19:00 GMT")]),
            200,
            "the tag decides alone"
        );
    }

    #[test]
    fn a_head_says_the_length_of_the_body_it_leaves_out() {
        let document = sample();
        let head = document.answer(&Method::HEAD, &ask(&[("accept-encoding", "gzip")]));
        assert_eq!(header(&head, "content-length"), document.gzip_length().to_string());
    }

    #[test]
    fn private_documents_are_kept_by_nobody() {
        let document = Document::new(Kind::Private, vec![b'x'; 4000], Timestamp::UNIX_EPOCH);
        let response =
            document.answer(&Method::GET, &ask(&[("accept-encoding", "gzip"), ("if-none-match", "*")]));
        assert_eq!((response.status().as_u16(), header(&response, "cache-control")), (200, "no-store"));
        assert_eq!(header(&response, "etag"), "");
        assert!(header(&response, "content-security-policy").contains("script-src 'self';"));
    }
}
