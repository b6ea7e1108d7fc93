//! The API's client: the same requests go to a server by http(s), to the local socket of a data folder, or, where no
//! server runs, straight to the routes in this process.

use crate::cli::{Failure, Place};
use crate::{local, node};
use amends_egress::{Destination, Door, DoorConfig, Verify};
use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

/// Where requests go.
enum Way {
    Server { url: String, token: Option<String> },
    Socket(PathBuf),
    Here(Box<Router>),
}

/// A client of the API.
pub struct Client(Way);

/// An answer: status, headers that matter, and text.
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// `ETag`, if there was one.
    pub etag: Option<String>,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Json, Failure> {
        serde_json::from_str(&self.text).map_err(|_| {
            let start: String = self.text.chars().take(200).collect();
            Failure::said_no(format!(
                "the server did not answer as Amends does (status {}): {start}",
                self.status
            ))
        })
    }
}

impl Client {
    /// A client for what the command line says: `--url` wins, else `--data`, `--database` or `--config` mean this
    /// machine, else `AMENDS_URL`.
    pub async fn find(url: Option<String>, token: Option<String>, place: &Place) -> Result<Self, Failure> {
        let here = place.data.is_some() || place.database.is_some() || place.config.is_some();
        match url {
            Some(url) if !here => {
                let url = url.trim_end_matches('/').to_owned();
                if !(url.starts_with("http://") || url.starts_with("https://")) {
                    return Err(Failure::usage(format!(
                        "--url: ‘{url}’ must begin with http:// or https://"
                    )));
                }
                Ok(Client(Way::Server { url, token }))
            }
            None if !here => Err(Failure::usage(
                "where is Amends? Set AMENDS_URL and AMENDS_TOKEN (or --url and --token), or give --data DIR on the machine itself",
            )),
            _ => Self::on_this_machine(place).await,
        }
    }

    async fn on_this_machine(place: &Place) -> Result<Self, Failure> {
        let config = node::configuration(place, &[])?;
        if local::connect(&config.data).await.is_ok() {
            return Ok(Client(Way::Socket(config.data)));
        }
        if config.database.is_none() && !config.data.join("amends.db").exists() {
            return Err(Failure::said_no(format!(
                "there is no installation in {}; make one with ‘amends init --data {0}’",
                config.data.display()
            )));
        }
        let node = node::Node::open(&config).await?;
        Ok(Client(Way::Here(Box::new(local::routes(node.api())))))
    }

    /// Sends a request. `body` is what kind of text it is, and the text.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, String)>,
    ) -> Result<Answer, Failure> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = match body {
            Some((kind, text)) => {
                request = request.header(CONTENT_TYPE, kind);
                text
            }
            None => String::new(),
        };
        let wrong = |e: &dyn std::fmt::Display| Failure::usage(format!("this request cannot be made: {e}"));
        match &self.0 {
            Way::Here(router) => {
                let request = request.body(Body::from(bytes)).map_err(|e| wrong(&e))?;
                let response =
                    (**router).clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                answer(response).await
            }
            Way::Socket(data) => {
                let request =
                    request.header(HOST, "localhost").body(Body::from(bytes)).map_err(|e| wrong(&e))?;
                let stream = local::connect(data).await.map_err(|e| {
                    Failure::said_no(format!("the server in this data folder does not answer: {e}"))
                })?;
                exchange(stream, request).await
            }
            Way::Server { url, token } => {
                if let Some(token) = token {
                    request = request.header(AUTHORIZATION, format!("Bearer {token}"));
                }
                let (https, authority) = match url.strip_prefix("https://") {
                    Some(rest) => (true, rest),
                    None => (false, url.trim_start_matches("http://")),
                };
                let request =
                    request.header(HOST, authority).body(Body::from(bytes)).map_err(|e| wrong(&e))?;
                let (host, port) = host_and_port(authority, https).ok_or_else(|| {
                    Failure::usage(format!("--url: ‘{url}’ is not the address of a server"))
                })?;
                let gone =
                    |e: &dyn std::fmt::Display| Failure::said_no(format!("{url} cannot be reached: {e}"));
                let door = Door::new(DoorConfig::default()).map_err(|e| gone(&e))?;
                let wire =
                    door.dial(&Destination::of_operator(host.clone(), port)).await.map_err(|e| gone(&e))?;
                let wire = if https {
                    door.secure(wire, &host, Verify::Name).await.map_err(|e| gone(&e))?
                } else {
                    wire
                };
                exchange(wire, request).await
            }
        }
    }
}

/// Splits `host:port`; the port is the scheme's own when it is not said.
fn host_and_port(authority: &str, https: bool) -> Option<(String, u16)> {
    let default = if https { 443 } else { 80 };
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = after.strip_prefix(':').map_or(Some(default), |p| p.parse().ok())?;
        return Some((host.to_owned(), port));
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => (!authority.is_empty()).then(|| (authority.to_owned(), default)),
    }
}

async fn exchange<S>(stream: S, request: Request<Body>) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let gone = |e: hyper::Error| {
        Failure::said_no(format!(
            "the connection to the server broke: {e}; whether it was done is not known, look before you try again"
        ))
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(gone)?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(gone)?;
    let answered = answer(response).await;
    driver.abort();
    answered
}

/// At most this much is read of an answer.
const MAX_ANSWER: usize = 512 * 1024 * 1024;

async fn answer<B>(response: Response<B>) -> Result<Answer, Failure>
where
    B: hyper::body::Body,
    B::Error: std::fmt::Display + Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let status = response.status();
    let etag = response.headers().get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let body = http_body_util::Limited::new(response.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|e| Failure::said_no(format!("the server's answer broke off: {e}")))?;
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Answer { status, etag, text })
}
