//! Requests to a bucket: signed, sent through the door of `amends-egress`, tried again where that can help, and what comes
//! back in words.

use super::place::Bucket;
use crate::mirror::Broken;
use amends_egress::{HttpError, Reply, Request, Target, Trust};
use rusty_s3::signing::sign;
use rusty_s3::{Map, Method};
use std::time::Duration;

/// How long the signature of a request is good; its clock may be off by a few minutes, too.
const GOOD_FOR: Duration = Duration::from_secs(300);
/// Pauses before a request is tried again that a busy server did not take.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(4)];
/// Most of the server's own words that are shown.
const WORDS: usize = 200;

/// How an object is given to those who ask for it.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub content_type: &'static str,
    pub cache_control: &'static str,
}

impl Bucket {
    /// What an object holds; none if there is none.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Broken> {
        let reply = self.send(Method::Get, Some(name), &[], &[], b"").await?;
        match reply.status {
            200 if reply.whole => Ok(Some(reply.body)),
            200 => Err(self.broken("ended in the middle of its list of what was written")),
            404 if code(&reply.body) != Some("NoSuchBucket") => Ok(None),
            _ => Err(self.refused("read its list of what was written", &reply)),
        }
    }

    /// Writes an object as a whole.
    pub(super) async fn put(&self, name: &str, bytes: &[u8], held: Held) -> Result<(), Broken> {
        let fields = [("cache-control", held.cache_control), ("content-type", held.content_type)];
        let reply = self.send(Method::Put, Some(name), &[], &fields, bytes).await?;
        match reply.status {
            200 | 201 | 204 => Ok(()),
            _ => Err(self.refused(&format!("take {name}"), &reply)),
        }
    }

    /// Removes an object, if it is there.
    pub(super) async fn remove(&self, name: &str) -> Result<(), Broken> {
        let reply = self.send(Method::Delete, Some(name), &[], &[], b"").await?;
        match reply.status {
            200 | 202 | 204 | 404 => Ok(()),
            _ => Err(self.refused(&format!("remove {name}"), &reply)),
        }
    }

    /// Whether nothing is there.
    pub(super) async fn is_empty(&self) -> Result<bool, Broken> {
        let prefix = self.key("");
        let query = [("list-type", "2"), ("max-keys", "1"), ("prefix", prefix.as_str())];
        let reply = self.send(Method::Get, None, &query, &[], b"").await?;
        match reply.status {
            200 => Ok(!String::from_utf8_lossy(&reply.body).contains("<Contents>")),
            _ => Err(self.refused("list what is there", &reply)),
        }
    }

    fn key(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }

    async fn send(
        &self,
        method: Method,
        name: Option<&str>,
        query: &[(&str, &str)],
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, Broken> {
        let mut pauses = PAUSES.iter();
        loop {
            let answer = self.once(method, name, query, fields, body).await;
            let is_passing = match &answer {
                Ok(reply) => matches!(reply.status, 429 | 500 | 502..=504),
                Err(_) => true,
            };
            match pauses.next().filter(|_| is_passing) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return answer.map_err(|error| self.broken(&format!("cannot be reached: {error}"))),
            }
        }
    }

    async fn once(
        &self,
        method: Method,
        name: Option<&str>,
        query: &[(&str, &str)],
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, HttpError> {
        let url = match name {
            Some(name) => self.at.object_url(&self.key(name)),
            None => self.at.base_url().clone(),
        };
        let (mut sorted, mut headers) = (Map::new(), Map::new());
        query.iter().for_each(|(name, value)| sorted.insert(*name, *value));
        fields.iter().for_each(|(name, value)| headers.insert(*name, *value));
        let (now, good_for) = ((self.clock)(), GOOD_FOR.as_secs());
        let (key, secret, region) = (self.who.key(), self.who.secret(), self.at.region());
        let signed =
            sign(&now, method, url, key, secret, None, region, good_for, sorted.iter(), headers.iter());
        // The bucket's address was taken apart when it was read; a name that makes it too long is no address.
        let target =
            Target::parse(signed.as_str()).map_err(|_| HttpError::NotHttp(self.at.name().to_owned()))?;
        let request =
            Request { method: method.to_str(), target: &target, trust: Trust::Operator, fields, body };
        self.http.send(request).await
    }

    fn broken(&self, what: &str) -> Broken {
        Broken(format!("{} {what}", self.shown()))
    }

    /// What the server said no to, why, and what to do about it.
    fn refused(&self, what: &str, reply: &Reply) -> Broken {
        let said = code(&reply.body).map(shortened).unwrap_or_default();
        let status = reply.status;
        let advice = match (status, said.as_str()) {
            (_, "NoSuchBucket") => "there is no such bucket; make it first",
            (_, "RequestTimeTooSkewed") => "the clocks of the two differ; set this one",
            (_, "InvalidAccessKeyId") => "it does not know mirror.access_key",
            (_, "SignatureDoesNotMatch") => "mirror.secret_key is not the one of mirror.access_key",
            (300..=399, _) | (_, "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError") => {
                "the bucket is elsewhere; see to mirror.region, mirror.endpoint and mirror.path_style"
            }
            (401 | 403, _) => {
                "the access key must be allowed to get, put and delete objects there and to list the bucket"
            }
            (429 | 500..=599, _) => "it will be asked again",
            _ => "see to mirror.endpoint and mirror.path_style",
        };
        let words = between(&reply.body, "Message").map(shortened).unwrap_or_default();
        let words = if words.is_empty() { said } else { format!("{said}: {words}") };
        let words =
            if words.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}, {words}") };
        self.broken(&format!("does not {what}: {advice} ({words})"))
    }
}

/// The code of an error.
fn code(body: &[u8]) -> Option<&str> {
    between(body, "Code")
}

/// What the first element of a name holds.
fn between<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner.trim())
}

/// Fit for a line of a log.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(WORDS).collect()
}
