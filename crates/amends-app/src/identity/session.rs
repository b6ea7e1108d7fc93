//! Signed-in sessions: found by their secret on every request, listed, ended.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::identity::secret::Secret;
use crate::identity::sign_in::SignedIn;
use crate::identity::{Visitor, require_person};
use amends_model::{Action, Actor, Person, PersonId, Resource, SessionId};
use amends_store::{Tx, audit, person, session as rows};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A session that was not used for so long has ended.
pub const IDLE_LIMIT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A session ends after so long in any case.
pub const ABSOLUTE_LIMIT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Use is noted no finer than this, so that reading a page writes nothing most of the time.
const SEEN_GRAIN: SignedDuration = SignedDuration::from_secs(60);

/// A signed-in session, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Session {
    /// Id, to end it by.
    pub id: SessionId,
    /// Since when.
    pub created_at: Timestamp,
    /// Last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Network address it was opened from.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
}

impl From<rows::Session> for Session {
    fn from(s: rows::Session) -> Self {
        Session {
            id: s.id,
            created_at: s.created_at,
            last_seen_at: s.last_seen_at,
            expires_at: s.expires_at,
            address: s.address,
            agent: s.agent,
        }
    }
}

fn is_open(s: &rows::Session, now: Timestamp) -> bool {
    s.expires_at > now && s.last_seen_at + IDLE_LIMIT > now
}

impl App {
    /// Whose session this secret is, if it is still good. One read; a write at most once a minute.
    pub async fn session(&self, secret: &Secret) -> Result<Option<(Caller, Session)>, AppError> {
        if !secret.is_random() {
            return Ok(None);
        }
        let now = self.now();
        let mut tx = self.read().await?;
        let Some(mut session) = rows::get(&mut tx, &secret.hash()).await?.filter(|s| is_open(s, now)) else {
            return Ok(None);
        };
        let Some(person) = person::get(&mut tx, &session.person_id).await?.filter(|p| !p.disabled) else {
            return Ok(None);
        };
        drop(tx);
        if now.duration_since(session.last_seen_at) >= SEEN_GRAIN {
            session.last_seen_at = now;
            // Who is reading should not be stopped because this could not be noted.
            if let Err(error) = self.touch_session(&session.id, now).await {
                tracing::warn!(%error, "the use of a session was not noted");
            }
        }
        Ok(Some((Caller::person(person), session.into())))
    }

    async fn touch_session(&self, id: &SessionId, now: Timestamp) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        rows::touch(&mut tx, id, now).await?;
        Ok(tx.commit().await?)
    }

    /// A person's open sessions, newest first: one's own, or anybody's for who may see them.
    pub async fn sessions(&self, caller: &Caller, of: &PersonId) -> Result<Vec<Session>, AppError> {
        require_own_or(caller, of, Action::Read)?;
        let now = self.now();
        let found = rows::of(&mut self.read().await?, of).await?;
        Ok(found.into_iter().filter(|s| is_open(s, now)).map(Session::from).collect())
    }

    /// Ends one session: one's own, or anybody's for who may.
    pub async fn end_session(&self, caller: &Caller, of: &PersonId, id: &SessionId) -> Result<(), AppError> {
        require_own_or(caller, of, Action::Remove)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        if !rows::end(&mut tx, of, id).await? {
            return Err(AppError::NotFound("session"));
        }
        let (actor, detail) = (&caller.actor, json!({"person": of}));
        audit::push(&mut tx, now, actor, Action::Remove, Resource::Session, id.as_str(), &detail).await?;
        Ok(tx.commit().await?)
    }

    /// Ends all of a person's sessions but one (for one's own: the one that asks); answers how many.
    pub async fn end_sessions(
        &self,
        caller: &Caller,
        of: &PersonId,
        but: Option<&SessionId>,
    ) -> Result<u64, AppError> {
        require_own_or(caller, of, Action::Remove)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let ended = rows::end_all(&mut tx, of, but).await?;
        if ended > 0 {
            let (actor, detail) = (&caller.actor, json!({"person": of, "sessions": ended}));
            audit::push(&mut tx, now, actor, Action::Remove, Resource::Session, of.as_str(), &detail).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Signs out: ends the session that asks.
    pub async fn sign_out(&self, caller: &Caller, id: &SessionId) -> Result<(), AppError> {
        let own = require_person(caller)?.id.clone();
        match self.end_session(caller, &own, id).await {
            // Ended elsewhere meanwhile, which is what was wanted.
            Err(AppError::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    /// Forgets sessions and links that have ended and failed sign-ins that count no more. A duty, once a day: nothing
    /// depends on it, they are refused before. Answers how many rows.
    pub async fn forget_expired_sign_ins(&self) -> Result<u64, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let failures_before = now - super::throttle::ACCOUNT.window;
        let forgotten = rows::forget_expired(&mut tx, now, now - IDLE_LIMIT, failures_before).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Opens a session as part of a transaction.
    pub(super) async fn open_session(
        &self,
        tx: &mut Tx,
        person: Person,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<SignedIn, AppError> {
        let secret = Secret::random(self);
        let session = rows::Session {
            id: self.new_id(SessionId::from_random),
            person_id: person.id.clone(),
            created_at: now,
            last_seen_at: now,
            expires_at: now + ABSOLUTE_LIMIT,
            address: visitor.address_text(),
            agent: visitor.agent_text(),
        };
        rows::insert(tx, &session, &secret.hash()).await?;
        Ok(SignedIn { person, session: session.into(), secret })
    }
}

/// The audit line of a sign-in. Call it last in its transaction.
pub(super) async fn note_sign_in(
    tx: &mut Tx,
    signed_in: &SignedIn,
    by: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let actor = Actor::person(&signed_in.person.id, &signed_in.person.name);
    let detail = json!({"by": by, "address": signed_in.session.address});
    let id = signed_in.session.id.as_str();
    Ok(audit::push(tx, now, &actor, Action::Create, Resource::Session, id, &detail).await?)
}

fn require_own_or(caller: &Caller, of: &PersonId, action: Action) -> Result<(), AppError> {
    if caller.person.as_ref().is_some_and(|p| p.id == *of) {
        Ok(())
    } else {
        caller.require(action, Resource::Session)
    }
}
