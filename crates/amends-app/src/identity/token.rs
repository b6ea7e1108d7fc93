//! API tokens: made, listed, revoked, and found by their secret on every request.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::identity::MAX_NAME;
use crate::identity::secret::Secret;
use crate::record;
use amends_model::permission::{Scope, Scopes};
use amends_model::{Action, ActorKind, FieldErrors, PersonId, Resource, Role, TokenId, TokenInfo, text};
use amends_store::{Tx, person, token};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Use is noted no finer than this.
const USED_GRAIN: SignedDuration = SignedDuration::from_secs(60);
const MAX_SCOPES: usize = 40;

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for, at most 100 characters.
    pub name: String,
    /// What it may do; at most what the one who makes it may.
    pub role: Role,
    /// What it is narrowed to; all that the role may when nothing is said.
    #[serde(default)]
    pub scopes: Scopes,
    /// When it stops working; never when nothing is said.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A token that was just made, with its secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeToken {
    /// The token.
    pub token: TokenInfo,
    /// What programs send as `Authorization: Bearer …`.
    pub secret: Secret,
}

impl App {
    /// Makes a token. Its maker answers for it: it can never do more than they may, and ends when they are disabled.
    pub async fn create_token(&self, caller: &Caller, input: NewToken) -> Result<MadeToken, AppError> {
        caller.require(Action::Create, Resource::Token)?;
        let now = self.now();
        let mut errors = FieldErrors::default();
        let name = errors.take(text::line("name", &input.name, MAX_NAME)).unwrap_or_default();
        if input.role > caller.role {
            errors.add("role", format!("may be at most your own, {}", caller.role));
        }
        let scopes = scopes(caller, input.scopes, &mut errors);
        if input.expires_at.is_some_and(|at| at <= now) {
            errors.add("expires_at", "is in the past; choose a time to come, or none");
        }
        errors.finish()?;
        let secret = Secret::random_token(self);
        let mut tx = self.begin().await?;
        let token = TokenInfo {
            id: self.new_id(TokenId::from_random),
            name,
            role: input.role,
            scopes,
            prefix: secret.token_prefix(),
            created_by: caller.actor.name.clone(),
            person_id: who_answers(&mut tx, caller).await?,
            created_at: now,
            expires_at: input.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        token::insert(&mut tx, &token, &secret.hash()).await?;
        let detail = json!({"name": token.name, "role": token.role, "scopes": token.scopes});
        record::changed(&mut tx, caller, Action::Create, Resource::Token, token.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(MadeToken { token, secret })
    }

    /// All tokens, newest first; revoked and expired ones, too.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenInfo>, AppError> {
        caller.require(Action::Read, Resource::Token)?;
        Ok(token::all(&mut self.read().await?).await?)
    }

    /// Revokes a token; it stops working at once. Revoking it again changes nothing.
    pub async fn revoke_token(&self, caller: &Caller, id: &TokenId) -> Result<TokenInfo, AppError> {
        caller.require(Action::Remove, Resource::Token)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let revoked = token::revoke(&mut tx, id, now).await?;
        let token = token::get(&mut tx, id).await?.ok_or(AppError::NotFound("token"))?;
        if revoked {
            let detail = json!({"name": token.name});
            record::changed(&mut tx, caller, Action::Remove, Resource::Token, id.as_str(), detail, now)
                .await?;
            self.commit(tx).await?;
        }
        Ok(token)
    }

    /// Whose token this secret is, if it is still good. One read; a write at most once a minute.
    pub async fn token(&self, secret: &Secret) -> Result<Option<Caller>, AppError> {
        if !secret.is_token() {
            return Ok(None);
        }
        let now = self.now();
        let mut tx = self.read().await?;
        let good = |t: &TokenInfo| t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > now);
        let Some(mut token) = token::get_by_secret(&mut tx, &secret.hash()).await?.filter(good) else {
            return Ok(None);
        };
        if let Some(id) = &token.person_id {
            let Some(maker) = person::get(&mut tx, id).await?.filter(|p| !p.disabled) else {
                return Ok(None);
            };
            token.role = token.role.min(maker.role);
        }
        drop(tx);
        if token.last_used_at.is_none_or(|at| now.duration_since(at) >= USED_GRAIN)
            && let Err(error) = self.touch_token(&token.id, now).await
        {
            // Who is asking should not be stopped because this could not be noted.
            tracing::warn!(%error, "the use of a token was not noted");
        }
        Ok(Some(Caller::token(&token)))
    }

    async fn touch_token(&self, id: &TokenId, now: Timestamp) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        token::touch(&mut tx, id, now).await?;
        Ok(tx.commit().await?)
    }
}

/// The scopes, each once; a narrowed token cannot make a wider one.
fn scopes(caller: &Caller, mut wanted: Scopes, errors: &mut FieldErrors) -> Scopes {
    wanted.0.sort_by_key(|s| (s.resource, s.write));
    wanted.0.dedup();
    if wanted.0.len() > MAX_SCOPES {
        errors.add("scopes", format!("are {}; at most {MAX_SCOPES} are allowed", wanted.0.len()));
    }
    let covered =
        |s: &Scope| caller.scopes.allow(if s.write { Action::Edit } else { Action::Read }, s.resource);
    if !caller.scopes.0.is_empty() && (wanted.0.is_empty() || !wanted.0.iter().all(covered)) {
        errors.add("scopes", "may be at most those of the token that asks; name some of them");
    }
    wanted
}

/// The person who answers for a token that `caller` makes: themselves, or who answers for the token that asks.
async fn who_answers(tx: &mut Tx, caller: &Caller) -> Result<Option<PersonId>, AppError> {
    if let Some(person) = &caller.person {
        return Ok(Some(person.id.clone()));
    }
    let id = caller.actor.id.as_deref().filter(|_| caller.actor.kind == ActorKind::Token);
    let Some(Ok(id)) = id.map(str::parse::<TokenId>) else { return Ok(None) };
    Ok(token::get(tx, &id).await?.and_then(|token| token.person_id))
}
