//! Commands that talk to the API. With `--json` each prints exactly the API's resource.

mod action;
mod broadcast;
mod component;
mod import;
mod incident;
mod maintenance;
mod postmortem;
mod search;
mod show;
mod subscriber;
mod token;
mod told;
mod user;

use crate::cli::{Failure, Place, print};
use crate::client::{Answer, Client};
use crate::node;
use amends_model::local_time;
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Map, Value as Json};

/// How the API is reached, and how answers are printed.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// Address of the server
    #[arg(long, global = true, env = "AMENDS_URL", value_name = "URL")]
    url: Option<String>,
    /// API token
    #[arg(long, global = true, env = "AMENDS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print exactly the API's resource as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Data folder, to work on the machine itself without a token
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
    /// PostgreSQL address, to work on the machine itself without a token
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
}

/// A group of commands with the way to the server.
#[derive(Debug, Args)]
pub struct With<T: Subcommand> {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: T,
}

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// API tokens
    Token(With<token::Token>),
    /// People who sign in
    User(With<user::User>),
    /// Components of the page
    Component(With<component::Component>),
    /// Incidents: declare, tell customers, resolve
    Incident(With<incident::Incident>),
    /// Planned work
    Maintenance(With<maintenance::Maintenance>),
    /// Subscribers of the page
    Subscriber(With<subscriber::Subscriber>),
    /// Messages on their way to subscribers
    Broadcast(With<broadcast::Broadcast>),
    /// Postmortems and customers' letters
    Postmortem(With<postmortem::Postmortem>),
    /// Corrective actions
    Action(With<action::Action>),
    /// Bring in what was written elsewhere
    Import(With<import::Import>),
    /// Search incidents, updates and postmortems
    Search(search::Search),
}

impl ClientCommand {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            ClientCommand::Token(with) => token::run(&Api::new(with.connection).await?, with.command).await,
            ClientCommand::User(with) => user::run(&Api::new(with.connection).await?, with.command).await,
            ClientCommand::Component(with) => {
                component::run(&Api::new(with.connection).await?, with.command).await
            }
            ClientCommand::Incident(with) => {
                incident::run(&Api::new(with.connection).await?, with.command).await
            }
            ClientCommand::Maintenance(with) => {
                maintenance::run(&Api::new(with.connection).await?, with.command).await
            }
            ClientCommand::Subscriber(with) => {
                subscriber::run(&Api::new(with.connection).await?, with.command).await
            }
            ClientCommand::Broadcast(with) => {
                broadcast::run(&Api::new(with.connection).await?, with.command).await
            }
            ClientCommand::Postmortem(with) => {
                postmortem::run(&Api::new(with.connection).await?, with.command).await
            }
            ClientCommand::Action(with) => action::run(&Api::new(with.connection).await?, with.command).await,
            ClientCommand::Import(with) => import::run(&Api::new(with.connection).await?, with.command).await,
            ClientCommand::Search(search) => search.run().await,
        }
    }
}

/// The API as the commands use it.
pub struct Api {
    client: Client,
    json: bool,
}

/// A body that is built up field by field; what is not given is left out.
#[derive(Default)]
pub struct Body(Map<String, Json>);

impl Body {
    /// An empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a field if there is something.
    pub fn with_some<T: Into<Json>>(self, name: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl Api {
    async fn new(connection: Connection) -> Result<Self, Failure> {
        let place = Place { config: None, data: connection.data, database: connection.database };
        let client = Client::find(connection.url, connection.token, &place).await?;
        Ok(Api { client, json: connection.json })
    }

    /// Sends a request and answers what came back, or the server's no as a failure.
    pub async fn call(&self, method: Method, path: &str, body: Option<Body>) -> Result<Answer, Failure> {
        let body = body.map(|b| ("application/json", Json::Object(b.0).to_string()));
        self.send(method, path, &[], body).await
    }

    /// The same with headers and any kind of text.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, String)>,
    ) -> Result<Answer, Failure> {
        let answer = self.client.send(method, &format!("/api/v1{path}"), headers, body).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(refusal(&answer)) }
    }

    /// Reads a resource.
    pub async fn get(&self, path: &str) -> Result<Json, Failure> {
        self.call(Method::GET, path, None).await?.json()
    }

    /// Makes a resource.
    pub async fn post(&self, path: &str, body: Body) -> Result<Json, Failure> {
        self.call(Method::POST, path, Some(body)).await?.json()
    }

    /// Changes a resource as it is now: reads its version, and is refused if it changes in between.
    pub async fn patch(&self, path: &str, body: Body) -> Result<Json, Failure> {
        let now = self.call(Method::GET, path, None).await?;
        self.patch_seen(path, &now.etag.unwrap_or_else(|| "*".into()), body).await
    }

    /// Changes a resource if it is still the version with this entity tag.
    pub async fn patch_seen(&self, path: &str, etag: &str, body: Body) -> Result<Json, Failure> {
        let body = Some(("application/json", Json::Object(body.0).to_string()));
        self.send(Method::PATCH, path, &[("if-match", etag)], body).await?.json()
    }

    /// A list, page by page, up to `limit` items, as one `{items, next_cursor}`.
    pub async fn list(&self, path: &str, limit: usize) -> Result<Json, Failure> {
        let (mut items, mut cursor): (Vec<Json>, Option<String>) = (Vec::new(), None);
        loop {
            let ask = (limit - items.len()).clamp(1, 200);
            let sign = if path.contains('?') { '&' } else { '?' };
            let next = cursor.as_ref().map(|c| format!("&cursor={}", encoded(c))).unwrap_or_default();
            let page = self.get(&format!("{path}{sign}limit={ask}{next}")).await?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() || items.len() >= limit {
                return Ok(serde_json::json!({"items": items, "next_cursor": cursor}));
            }
        }
    }

    /// Prints a resource: as JSON exactly, or as `words` says it.
    pub fn show(&self, resource: &Json, words: impl FnOnce(&Json) -> String) {
        if self.json {
            print(&format!("{}\n", serde_json::to_string_pretty(resource).unwrap_or_default()));
        } else {
            print(&words(resource));
        }
    }
}

/// The server's no, in words: what was wrong, which field, what to do.
fn refusal(answer: &Answer) -> Failure {
    let Ok(problem) = serde_json::from_str::<Json>(&answer.text) else {
        return Failure::said_no(format!("the server answered {}", answer.status));
    };
    let mut message = problem["detail"].as_str().unwrap_or("the server said no").to_owned();
    if let Some(errors) = problem["errors"].as_array().filter(|e| !e.is_empty()) {
        message = "the server refused it:".into();
        for error in errors {
            let field = error["pointer"].as_str().unwrap_or_default().trim_start_matches('/');
            message += &format!("\n  {field}: {}", error["detail"].as_str().unwrap_or_default());
        }
    }
    if let Some(found) = problem["findings"].as_array().filter(|found| !found.is_empty()) {
        message = "the linter finds errors in the text, so it is not published:".into();
        for finding in found {
            let text = |name: &str| show::text(finding, name);
            message += &format!(
                "\n  {} line {}: {}: {}",
                text("path"),
                finding["line"],
                text("rule"),
                text("message")
            );
        }
        message += "\nmend them, or publish it with --despite REASON; the reason is kept with them";
    }
    Failure::said_no(message)
}

/// Percent-encodes a part of a path or a value of a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// Reads a time that was typed on this machine: in its zone, or with an offset.
pub fn time(option: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
    let (now, zone) = (node::clock(), node::zone());
    text.map(|text| {
        local_time::parse(text, &zone, now)
            .map(|at| at.to_string())
            .map_err(|e| Failure::usage(format!("--{option}: {e}")))
    })
    .transpose()
}

/// Reads text that was given in a file, or - for standard input.
pub fn read_text(option: &str, file: &str) -> Result<String, Failure> {
    let read =
        if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    read.map_err(|e| Failure::usage(format!("{option}: {file} cannot be read: {e}")))
}

/// The text of a file, or of standard input for -, and whether it held bytes that are not UTF-8: an export may be broken
/// in one place, and the rest is still worth having.
pub fn read_odd_text(option: &str, file: &str) -> Result<(String, bool), Failure> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).map(drop),
        file => std::fs::read(file).map(|read| bytes = read),
    };
    read.map_err(|e| Failure::usage(format!("{option}: {file} cannot be read: {e}")))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, false)),
        Err(wrong) => Ok((String::from_utf8_lossy(wrong.as_bytes()).into_owned(), true)),
    }
}
