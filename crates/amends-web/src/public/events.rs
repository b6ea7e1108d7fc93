//! `GET /events`: tells open pages that there is something new (Server-Sent Events).
//!
//! What is told is which version is shown, never what it says: whoever hears it asks for the page, which is in memory. So
//! nothing queues up: a reader that is slow finds the newest version when it comes back, and the connection of one that
//! takes nothing is ended by the front.

use super::document::{self, Kind};
use super::serve::{Public, client};
use super::site::News;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use serde::Serialize;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How many may listen from one address: a large office behind one. Others look every minute, as without this.
const PER_ADDRESS: usize = 100;
/// How many may listen in all.
const IN_ALL: usize = 10_000;
/// Often enough that no proxy takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// After how long a browser comes back when the connection is lost.
const RETRY: Duration = Duration::from_secs(5);

/// Who listens.
#[derive(Debug, Default)]
pub struct Listeners(Mutex<HashMap<IpAddr, usize>>);

/// One listener's place, free again when it is dropped.
struct Place {
    listeners: Arc<Listeners>,
    network: IpAddr,
}

impl Listeners {
    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut seats = self.seats();
        if seats.values().sum::<usize>() >= IN_ALL || seats.get(&network).is_some_and(|n| *n >= PER_ADDRESS) {
            return None;
        }
        *seats.entry(network).or_default() += 1;
        Some(Place { listeners: self.clone(), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.listeners.seats();
        if let Some(count) = seats.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                seats.remove(&self.network);
            }
        }
    }
}

/// Whoever has one IPv6 address has all of its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[derive(Serialize)]
struct Changed<'a> {
    version: &'a str,
    /// As `Last-Modified` of the page: to the second.
    updated_at: String,
}

fn event(news: &News) -> Event {
    let data = Changed { version: &news.version, updated_at: news.changed.strftime("%FT%TZ").to_string() };
    let data = serde_json::to_string(&data).unwrap_or_default();
    Event::default().event("changed").id(news.version.clone()).retry(RETRY).data(data)
}

/// The stream of one listener: what is shown now, then every change, until the server stops.
pub(super) async fn events(State(public): State<Public>, request: Request) -> Response<Body> {
    let address = client(request.extensions()).unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    let Some(place) = public.listeners.take(address) else {
        let text = "too many pages listen; look again every minute instead";
        let mut refused = super::rendered::json_error(StatusCode::SERVICE_UNAVAILABLE, text);
        refused.set(header::RETRY_AFTER, HeaderValue::from_static("60"));
        return refused.answer(request.method(), request.headers());
    };
    let mut news = public.site.news();
    news.mark_changed();
    let told = stream::unfold((news, place), |(mut news, place)| async {
        next(&mut news).await.map(|event| (Ok::<_, Infallible>(event), (news, place)))
    });
    let mut response = Sse::new(told).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let headers = response.headers_mut();
    document::protect(Kind::PassingJson, headers);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would gather it, otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The next version that this listener has not heard of; none when the server stops.
async fn next(news: &mut watch::Receiver<Option<News>>) -> Option<Event> {
    news.changed().await.ok()?;
    news.borrow_and_update().as_ref().map(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let listeners = Arc::new(Listeners::default());
        let at = |text: &str| text.parse::<IpAddr>().expect("address");
        let mut taken: Vec<_> = (0..PER_ADDRESS)
            .map(|n| listeners.take(at(&format!("2001:db8::{n:x}"))).expect("a place"))
            .collect();
        assert!(listeners.take(at("2001:db8::ffff")).is_none(), "the same network");
        let other = listeners.take(at("2001:db8:0:1::1")).expect("another network");
        let v4 = listeners.take(at("192.0.2.1")).expect("another");
        let mapped = listeners.take(at("::ffff:192.0.2.1")).expect("the same");
        assert_eq!(listeners.seats().get(&at("192.0.2.1")), Some(&2));
        taken.pop();
        assert!(listeners.take(at("2001:db8::ffff")).is_some(), "one has left");
        drop((taken, other, v4, mapped));
        assert!(listeners.seats().is_empty());
        let all: Vec<_> = (0..IN_ALL)
            .map(|n| listeners.take(Ipv6Addr::from_bits((n as u128) << 64).into()).expect("a place"))
            .collect();
        assert!(listeners.take(at("198.51.100.7")).is_none(), "{} are all", all.len());
    }
}
