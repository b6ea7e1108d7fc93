//! Links that work once: to create the administrator, to sign in, to set a password (which is how people are invited).

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::identity::password;
use crate::identity::secret::Secret;
use crate::identity::sign_in::SignedIn;
use crate::identity::{Visitor, session};
use crate::record;
use amends_model::{Action, Person, PersonId, Resource};
use amends_store::{Tx, audit, person, session as rows};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To create the first administrator.
    SetUp,
    /// To sign in without a password, once.
    SignIn,
    /// To set a password and sign in: invitations, and who forgot theirs.
    Password,
}

impl LinkPurpose {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            LinkPurpose::SetUp => "setup",
            LinkPurpose::SignIn => "sign_in",
            LinkPurpose::Password => "password",
        }
    }

    fn from_str(text: &str) -> Option<Self> {
        [LinkPurpose::SetUp, LinkPurpose::SignIn, LinkPurpose::Password]
            .into_iter()
            .find(|p| p.as_str() == text)
    }

    /// How long such a link works: an invitation survives a holiday weekend, the others a day.
    pub const fn lifetime(self) -> SignedDuration {
        match self {
            LinkPurpose::SetUp | LinkPurpose::SignIn => SignedDuration::from_hours(24),
            LinkPurpose::Password => SignedDuration::from_hours(7 * 24),
        }
    }
}

/// A link that was just made. Whoever opens it first is who it was made for: show or send it, and forget it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Its secret.
    pub secret: Secret,
    /// When it stops working if it is not used.
    pub expires_at: Timestamp,
}

/// What a link that still works is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLink {
    /// What it does.
    pub purpose: LinkPurpose,
    /// For whom; nobody yet for the first administrator's.
    pub person: Option<Person>,
}

impl App {
    /// The address of a link, to be shown or sent.
    pub fn link_address(&self, link: &Link) -> String {
        let place = if link.purpose == LinkPurpose::SetUp { "setup" } else { "link" };
        format!("{}/{place}/{}", self.settings().public_url, link.secret.expose())
    }

    /// Makes a link that signs a person in once; earlier ones stop working.
    pub async fn sign_in_link(&self, caller: &Caller, id: &PersonId) -> Result<Link, AppError> {
        caller.require(Action::Edit, Resource::Person)?;
        self.link_for(caller, id, LinkPurpose::SignIn).await
    }

    /// Makes a link with which a person sets a password, for who is invited again or forgot theirs; earlier ones stop
    /// working. The password that they have goes on working until then.
    pub async fn password_link(&self, caller: &Caller, id: &PersonId) -> Result<Link, AppError> {
        caller.require(Action::Edit, Resource::Person)?;
        self.link_for(caller, id, LinkPurpose::Password).await
    }

    async fn link_for(&self, caller: &Caller, id: &PersonId, purpose: LinkPurpose) -> Result<Link, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let person = person::get(&mut tx, id).await?.ok_or(AppError::NotFound("person"))?;
        if person.disabled {
            return Err(AppError::Refused(format!("{} is disabled; enable them first", person.name)));
        }
        if person.role > caller.role {
            return Err(AppError::Forbidden { action: Action::Edit, resource: Resource::Person });
        }
        let link = self.new_link(&mut tx, purpose, Some(id), now).await?;
        let detail = json!({"name": person.name, "link": purpose.as_str()});
        record::changed(&mut tx, caller, Action::Edit, Resource::Person, id.as_str(), detail, now).await?;
        self.commit(tx).await?;
        Ok(link)
    }

    /// Makes a link as part of a transaction; earlier ones for the same stop working.
    pub(super) async fn new_link(
        &self,
        tx: &mut Tx,
        purpose: LinkPurpose,
        person: Option<&PersonId>,
        now: Timestamp,
    ) -> Result<Link, AppError> {
        let link = Link { purpose, secret: Secret::random(self), expires_at: now + purpose.lifetime() };
        rows::drop_links(tx, purpose.as_str(), person).await?;
        rows::insert_link(tx, &link.secret.hash(), purpose.as_str(), person, now, link.expires_at).await?;
        Ok(link)
    }

    /// What a link is for, if it still works. Changes nothing: mail scanners and previews open links, too.
    pub async fn open_link(&self, secret: &Secret) -> Result<Option<OpenLink>, AppError> {
        open(&mut self.read().await?, secret, self.now()).await
    }

    /// Signs in by a link that was made by [`App::sign_in_link`], and uses it up.
    pub async fn sign_in_by_link(&self, secret: &Secret, visitor: &Visitor) -> Result<SignedIn, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let person = take(&mut tx, secret, LinkPurpose::SignIn, now).await?;
        let signed_in = self.open_session(&mut tx, person, visitor, now).await?;
        session::note_sign_in(&mut tx, &signed_in, "link", now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Sets a password by a link that was made by [`App::password_link`] or an invitation, uses it up, ends the person's
    /// other sessions and signs them in.
    pub async fn set_password_by_link(
        &self,
        secret: &Secret,
        password: &Secret,
        visitor: &Visitor,
    ) -> Result<SignedIn, AppError> {
        let now = self.now();
        let found = open(&mut self.read().await?, secret, now).await?;
        let Some(OpenLink { purpose: LinkPurpose::Password, person: Some(person) }) = found else {
            return Err(used_up());
        };
        password::check("password", password, &[&person.email, &person.name])
            .map_err(|e| AppError::Invalid(e.into()))?;
        let hash = password::hash(password, self.random()).await?;
        let mut tx = self.begin().await?;
        let mut person = take(&mut tx, secret, LinkPurpose::Password, now).await?;
        person::set_password(&mut tx, &person.id, &hash).await?;
        person.has_password = true;
        rows::end_all(&mut tx, &person.id, None).await?;
        rows::drop_links(&mut tx, LinkPurpose::SignIn.as_str(), Some(&person.id)).await?;
        let caller = Caller::person(person.clone());
        let signed_in = self.open_session(&mut tx, person, visitor, now).await?;
        let (id, detail) = (signed_in.person.id.as_str(), json!({"password": "set by link"}));
        audit::push(&mut tx, now, &caller.actor, Action::Edit, Resource::Person, id, &detail).await?;
        session::note_sign_in(&mut tx, &signed_in, "link", now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }
}

pub(super) fn used_up() -> AppError {
    AppError::Refused("this link was used already or has expired; ask an administrator for a new one".into())
}

async fn open(tx: &mut Tx, secret: &Secret, now: Timestamp) -> Result<Option<OpenLink>, AppError> {
    if !secret.is_random() {
        return Ok(None);
    }
    let Some((purpose, id)) = rows::get_link(tx, &secret.hash(), now).await? else { return Ok(None) };
    let Some(purpose) = LinkPurpose::from_str(&purpose) else { return Ok(None) };
    let Some(id) = id else { return Ok(Some(OpenLink { purpose, person: None })) };
    let person = person::get(tx, &id).await?.filter(|p| !p.disabled);
    Ok(person.map(|person| OpenLink { purpose, person: Some(person) }))
}

/// Uses a link up and answers for whom it was.
async fn take(
    tx: &mut Tx,
    secret: &Secret,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Person, AppError> {
    let open = open(tx, secret, now).await?.filter(|open| open.purpose == purpose);
    let person = open.and_then(|open| open.person).ok_or_else(used_up)?;
    if rows::use_link(tx, &secret.hash(), now).await? { Ok(person) } else { Err(used_up()) }
}
