//! How much one caller may ask for in a minute, so that one program that runs wild does not take the API from the others.

use super::who::{Address, Who};
use crate::error::ApiError;
use crate::state::WebState;
use amends_app::{App, AppError};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Requests that each caller may make in a minute unless configured otherwise.
pub const PER_MINUTE: NonZeroU32 = NonZeroU32::new(1_200).expect("not zero");
/// Callers that are remembered before those that rest are forgotten.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
struct AppClock(App);

impl Clock for AppClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().as_microsecond()).unwrap_or(0))
    }
}

type Limiter = RateLimiter<String, DashMapStateStore<String>, AppClock, StateInformationMiddleware>;

/// The budgets of all callers of this node.
#[derive(Clone)]
pub struct Budget {
    limiter: Arc<Limiter>,
    per_minute: NonZeroU32,
}

impl Budget {
    /// Budgets of so many requests in a minute.
    pub fn new(app: App, per_minute: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute);
        let limiter = RateLimiter::dashmap_with_clock(quota, AppClock(app)).with_middleware();
        Budget { limiter: Arc::new(limiter), per_minute }
    }

    /// Takes one request from the budget of `key`: how many are left, or after how many seconds to try again.
    fn take(&self, key: &String) -> Result<u32, u64> {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(key) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.limiter.clock().now());
                Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
            }
        }
    }
}

/// The layer. Every answer says what is left (draft-ietf-httpapi-ratelimit-headers).
pub async fn spend(State((_, budget)): State<(WebState, Budget)>, request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let key = match (extensions.get::<Who>(), extensions.get::<Address>()) {
        (Some(Who(Some(caller))), _) => {
            format!("{:?}/{}", caller.actor.kind, caller.actor.id.as_deref().unwrap_or(&caller.actor.name))
        }
        (_, Some(Address(address))) => format!("from/{address}"),
        _ => "from/unknown".to_owned(),
    };
    let quota = budget.per_minute.get();
    let (mut response, left, seconds) = match budget.take(&key) {
        Ok(left) => {
            let response = next.run(request).await;
            // After so long the whole budget is there again.
            let missing = u64::from(quota.saturating_sub(left));
            (response, left, (missing * 60).div_ceil(u64::from(quota)))
        }
        Err(seconds) => (ApiError(AppError::TooMany { seconds }).into_response(), 0, seconds),
    };
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: String| {
        // Digits, quotes and semicolons are always a header value.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("ratelimit-policy", format!("\"default\";q={quota};w=60"));
    set("ratelimit", format!("\"default\";r={left};t={seconds}"));
    response
}
