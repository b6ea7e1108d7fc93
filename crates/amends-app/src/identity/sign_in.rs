//! Signing in with address and password, and changing the password.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::identity::link::LinkPurpose;
use crate::identity::secret::Secret;
use crate::identity::session::{Session, note_sign_in};
use crate::identity::throttle::{ACCOUNT, ADDRESS, wait};
use crate::identity::{Visitor, password, require_person};
use amends_model::{Action, Person, Resource, SessionId};
use amends_store::{Tx, audit, person, session as rows};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

/// Somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// The session.
    pub session: Session,
    /// Its secret, for the cookie.
    pub secret: Secret,
}

impl App {
    /// Signs in with address and password; opens a new session.
    ///
    /// Errors: [`AppError::TooMany`] after repeated failures of this account or from this address, over all nodes;
    /// [`AppError::Invalid`] for `/password`, in the same words and after the same work, whether the account does not
    /// exist, is disabled, has no password or another one.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        visitor: &Visitor,
    ) -> Result<SignedIn, AppError> {
        let now = self.now();
        let email = email.trim().to_lowercase();
        let account = account_key(&email);
        self.begin_attempt(&account, visitor, now).await?;
        let mut tx = self.read().await?;
        let found = person::get_by_email(&mut tx, &email).await?.filter(|p| !p.disabled);
        let stored = match &found {
            Some(person) => person::password_hash(&mut tx, &person.id).await?,
            None => None,
        };
        drop(tx);
        let right = password::verify(password, stored.clone()).await?;
        let Some(person) = found.filter(|_| right) else {
            // What was typed as the address may be a password: it is not logged.
            tracing::info!(address = %visitor.address_text(), "a sign-in was refused");
            return Err(AppError::field(
                "password",
                "does not belong to this address; check both, or ask an administrator for a link",
            ));
        };
        let now = self.now();
        let mut tx = self.begin().await?;
        // Both may have changed while the password was checked.
        let person = person::get(&mut tx, &person.id).await?.filter(|p| !p.disabled);
        let person = person.ok_or(AppError::Unauthenticated)?;
        if person::password_hash(&mut tx, &person.id).await? != stored {
            return Err(AppError::Unauthenticated);
        }
        rows::clear_failures(&mut tx, &account).await?;
        let signed_in = self.open_session(&mut tx, person, visitor, now).await?;
        note_sign_in(&mut tx, &signed_in, "password", now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Changes one's own password and ends one's other sessions; the one that asks goes on.
    ///
    /// `current` is needed if there is a password. Guessing it is throttled as signing in is.
    pub async fn change_password(
        &self,
        caller: &Caller,
        session: &SessionId,
        current: Option<&Secret>,
        new: &Secret,
        visitor: &Visitor,
    ) -> Result<(), AppError> {
        let own = require_person(caller)?;
        password::check("password", new, &[&own.email, &own.name])
            .map_err(|e| AppError::Invalid(e.into()))?;
        let stored = person::password_hash(&mut self.read().await?, &own.id).await?;
        let account = account_key(&own.email);
        if stored.is_some() {
            self.begin_attempt(&account, visitor, self.now()).await?;
            let current = current.cloned().unwrap_or_else(|| Secret::new(""));
            if !password::verify(&current, stored.clone()).await? {
                return Err(AppError::field(
                    "current",
                    "is not your password; type the one that you have now",
                ));
            }
        }
        let hash = password::hash(new, self.random()).await?;
        let now = self.now();
        let mut tx = self.begin().await?;
        if person::password_hash(&mut tx, &own.id).await? != stored {
            return Err(AppError::Refused(
                "the password was changed elsewhere meanwhile; sign in again".into(),
            ));
        }
        rows::clear_failures(&mut tx, &account).await?;
        person::set_password(&mut tx, &own.id, &hash).await?;
        rows::end_all(&mut tx, &own.id, Some(session)).await?;
        for purpose in [LinkPurpose::SignIn, LinkPurpose::Password] {
            rows::drop_links(&mut tx, purpose.as_str(), Some(&own.id)).await?;
        }
        let (id, detail) = (own.id.as_str(), json!({"password": "changed"}));
        audit::push(&mut tx, now, &caller.actor, Action::Edit, Resource::Person, id, &detail).await?;
        Ok(tx.commit().await?)
    }

    /// Counts an attempt as failed before its password is looked at, one attempt after the other over all nodes: many at
    /// once cannot slip past the limit. A right password takes the count away again.
    async fn begin_attempt(&self, account: &str, visitor: &Visitor, now: Timestamp) -> Result<(), AppError> {
        let address = visitor.address_key();
        // Who has to wait costs one read.
        must_not_wait(&mut self.read().await?, account, &address, now).await?;
        let mut tx = self.begin().await?;
        rows::take_turn(&mut tx).await?;
        must_not_wait(&mut tx, account, &address, now).await?;
        rows::insert_failure(&mut tx, &self.new_id(SessionId::from_random), account, &address, now).await?;
        Ok(tx.commit().await?)
    }
}

async fn must_not_wait(tx: &mut Tx, account: &str, address: &str, now: Timestamp) -> Result<(), AppError> {
    let of_account = rows::failures_of(tx, account, now - ACCOUNT.window).await?;
    let from_address = rows::failures_from(tx, address, now - ADDRESS.window).await?;
    match wait(ACCOUNT, of_account, now).max(wait(ADDRESS, from_address, now)) {
        Some(seconds) => Err(AppError::TooMany { seconds }),
        None => Ok(()),
    }
}

/// What an account's failures are counted by. A hash: people type passwords into the wrong field.
fn account_key(email: &str) -> String {
    Sha256::digest(email.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}
