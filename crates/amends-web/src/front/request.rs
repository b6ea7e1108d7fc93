//! Whether bytes are a request for the hot set. Pure; in doubt they are not.

use crate::public::Site;
use crate::public::document::{Asking, Wire};
use axum::http::{HeaderName, Method, header};
use httparse::{EMPTY_HEADER, Header, Status};

/// More headers than browsers send.
const HEADERS: usize = 48;
/// A longer head is read by hyper, which has a limit of its own.
const LONGEST: usize = 8 * 1024;

/// What bytes are.
#[derive(Debug)]
pub enum Bytes {
    /// The beginning of a request.
    Beginning,
    /// A request of so many bytes for something that is in memory, and its answer.
    Hot(usize, Wire),
    /// Something else.
    Other,
}

struct Fields<'a, 'b>(&'a [Header<'b>]);

impl Asking for Fields<'_, '_> {
    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(|field| field.name.eq_ignore_ascii_case(name.as_str()));
        named.filter(|field| field.value.is_ascii()).filter_map(|field| std::str::from_utf8(field.value).ok())
    }
}

/// Looks at the bytes that came.
pub fn read(bytes: &[u8], site: &Site) -> Bytes {
    let mut fields = [EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() < LONGEST => return Bytes::Beginning,
        _ => return Bytes::Other,
    };
    let (Some(path), Some(1)) = (request.path, request.version) else { return Bytes::Other };
    let method = match request.method {
        Some("GET") => Method::GET,
        Some("HEAD") => Method::HEAD,
        _ => return Bytes::Other,
    };
    if !request.headers.iter().all(is_plain) {
        return Bytes::Other;
    }
    let asked = Fields(request.headers);
    site.hot(path, |document| document.wire(&method, &asked))
        .map_or(Bytes::Other, |wire| Bytes::Hot(length, wire))
}

/// Whether this header leaves a request one without a body, on a connection that stays open and stays HTTP.
fn is_plain(field: &Header) -> bool {
    let is = |name: &HeaderName| field.name.eq_ignore_ascii_case(name.as_str());
    if is(&header::CONNECTION) {
        return field.value.eq_ignore_ascii_case(b"keep-alive");
    }
    ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT, header::UPGRADE].iter().any(is)
}
