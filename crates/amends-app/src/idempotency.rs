//! Requests that may be sent twice but must act once: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use amends_model::ActorKind;
use amends_store::idempotency::{self, Known};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How long an answer is kept.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// No request takes as long: one that is still unanswered was cut off by the end of its server.
const AT_MOST: SignedDuration = SignedDuration::from_mins(10);

/// An answer as it was given, to be given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names and values of the headers that belong to the answer.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Nothing: the request is to be done now, and the key answered ([`App::keep_answer`]) or released.
    Fresh,
    /// It was done: this was the answer.
    Done(Answer),
    /// It is being done.
    InProgress,
    /// It was begun, and the server stopped before it answered. Whether it was done is not known.
    CutOff,
    /// The key was used for another request.
    OtherRequest,
}

impl App {
    /// Takes a key for a request. `digest` stands for its method, path and body.
    pub async fn take_key(&self, whose: &Caller, key: &str, digest: &str) -> Result<Taken, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let known = idempotency::begin(&mut tx, &owner(whose), key, digest, now).await?;
        tx.commit().await?;
        Ok(match known {
            Known::New => Taken::Fresh,
            Known::OtherRequest => Taken::OtherRequest,
            Known::InProgress(since) if now.duration_since(since) > AT_MOST => Taken::CutOff,
            Known::InProgress(_) => Taken::InProgress,
            Known::Answered(_, kept) => Taken::Done(
                serde_json::from_str(&kept).map_err(|e| AppError::Internal(format!("a kept answer: {e}")))?,
            ),
        })
    }

    /// Keeps the answer of the request that took the key.
    pub async fn keep_answer(&self, whose: &Caller, key: &str, answer: &Answer) -> Result<(), AppError> {
        let kept = serde_json::to_string(answer).map_err(|e| AppError::Internal(e.to_string()))?;
        let mut tx = self.begin().await?;
        idempotency::finish(&mut tx, &owner(whose), key, i64::from(answer.status), &kept).await?;
        Ok(tx.commit().await?)
    }

    /// Gives the key back after a request that failed, so that it can be tried again.
    pub async fn release_key(&self, whose: &Caller, key: &str) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        idempotency::release(&mut tx, &owner(whose), key).await?;
        Ok(tx.commit().await?)
    }

    /// Says of requests that are not answered that they were cut off, at the start of a server that is alone: nobody else can
    /// be at them. Among several nodes nobody knows, and they count as cut off after a while.
    pub async fn cut_off_requests(&self) -> Result<u64, AppError> {
        let mut tx = self.begin().await?;
        let count =
            idempotency::date_back(&mut tx, self.now() - AT_MOST - SignedDuration::from_secs(1)).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Forgets keys that are older than a day. A duty: safe to run anywhere, at any time. Answers how many.
    pub async fn forget_keys(&self) -> Result<u64, AppError> {
        let mut tx = self.begin().await?;
        let forgotten = idempotency::forget(&mut tx, self.now() - KEPT_FOR).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Keys are each caller's own: nobody sees another's answer.
fn owner(whose: &Caller) -> String {
    let kind = match whose.actor.kind {
        ActorKind::Person => "person",
        ActorKind::Token => "token",
        ActorKind::System => "system",
    };
    format!("{kind}:{}", whose.actor.id.as_deref().unwrap_or(&whose.actor.name))
}

/// What stands for a request: SHA-256 over its method, address (path and query) and body, in hex.
pub fn digest(method: &str, address: &str, body: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), address.as_bytes(), body] {
        // With the lengths, so that nothing can move from one part to the next.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
