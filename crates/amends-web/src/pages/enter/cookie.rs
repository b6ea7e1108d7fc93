//! The cookie that holds a session's secret. Scripts cannot read it, other sites' forms do not send it, and behind https
//! it is bound to this host.

use crate::state::Reach;
use crate::visitor::session_cookie_name;
use amends_app::identity::{ABSOLUTE_LIMIT, Secret};
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// Hands out a session.
pub fn kept(mut response: Response, reach: &Reach, secret: &Secret) -> Response {
    set(&mut response, reach, secret.expose(), ABSOLUTE_LIMIT.as_secs());
    response
}

/// Takes the cookie back.
pub fn taken_back(mut response: Response, reach: &Reach) -> Response {
    set(&mut response, reach, "", 0);
    response
}

fn set(response: &mut Response, reach: &Reach, value: &str, seconds: i64) {
    let name = session_cookie_name(reach);
    let secure = if reach.https { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    // Secrets are letters and digits: this is always a header value.
    if let Ok(mut line) = HeaderValue::try_from(line) {
        line.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}
