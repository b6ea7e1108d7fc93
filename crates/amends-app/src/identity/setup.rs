//! The first administrator: by a link that is printed at the first start, or by `amends init`.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::identity::link::{Link, LinkPurpose, used_up};
use crate::identity::secret::Secret;
use crate::identity::sign_in::SignedIn;
use crate::identity::{MAX_NAME, Visitor, password, session};
use crate::record;
use amends_model::{Action, FieldErrors, Person, PersonId, Resource, Role, text};
use amends_store::{Tx, page, person, session as rows};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// What the first administrator says about themselves and the page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SetUp {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: Secret,
    /// IANA zone, theirs and the page's.
    pub time_zone: String,
    /// Name of the company or product, as the page shows it. Not looked at if there is a page already.
    pub page_name: String,
}

impl App {
    /// Whether there is no administrator yet.
    pub async fn needs_setup(&self) -> Result<bool, AppError> {
        Ok(person::active_administrators(&mut self.read().await?).await? == 0)
    }

    /// Makes the link with which the first administrator is created. Only the newest works, once, for a day; there is
    /// none once there is an administrator.
    pub async fn setup_link(&self) -> Result<Option<Link>, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        rows::take_turn(&mut tx).await?;
        if person::active_administrators(&mut tx).await? > 0 {
            return Ok(None);
        }
        let link = self.new_link(&mut tx, LinkPurpose::SetUp, None, now).await?;
        tx.commit().await?;
        Ok(Some(link))
    }

    /// Creates the administrator, and the page if there is none, by the link of [`App::setup_link`]; signs them in.
    pub async fn setup(
        &self,
        secret: &Secret,
        input: SetUp,
        visitor: &Visitor,
    ) -> Result<SignedIn, AppError> {
        let now = self.now();
        // Nothing that costs work before the link is known to be good.
        let open = self.open_link(secret).await?;
        if open.is_none_or(|open| open.purpose != LinkPurpose::SetUp) || !self.needs_setup().await? {
            return Err(used_up());
        }
        let mut errors = FieldErrors::default();
        let name = errors.take(text::line("name", &input.name, MAX_NAME)).unwrap_or_default();
        let email = errors.take(text::email("email", &input.email)).unwrap_or_default();
        errors.take(password::check("password", &input.password, &[&email, &name]));
        let time_zone = errors.take(text::time_zone("time_zone", &input.time_zone)).unwrap_or_default();
        let has_page = page::get(&mut self.read().await?).await?.is_some();
        let page_name =
            if has_page { None } else { errors.take(text::line("page_name", &input.page_name, MAX_NAME)) };
        errors.finish()?;
        let hash = password::hash(&input.password, self.random()).await?;
        let person = self.an_administrator(name, email, time_zone, now);
        let caller = Caller::person(person.clone());
        let mut tx = self.begin().await?;
        rows::take_turn(&mut tx).await?;
        if !rows::use_link(&mut tx, &secret.hash(), now).await? {
            return Err(used_up());
        }
        let mut person = self.create_administrator(&mut tx, person, &hash).await?;
        person.has_password = true;
        let signed_in = self.open_session(&mut tx, person, visitor, now).await?;
        if let Some(page_name) = page_name
            && page::get(&mut tx).await?.is_none()
        {
            let zone = &signed_in.person.time_zone;
            self.create_page_in(&mut tx, &caller, &page_name, zone, now).await?;
        }
        note_administrator(&mut tx, &caller, &signed_in.person, now).await?;
        session::note_sign_in(&mut tx, &signed_in, "setup", now).await?;
        self.commit(tx).await?;
        Ok(signed_in)
    }

    /// Creates the first administrator for scripts (`amends init --admin-email … --admin-password-file …`). Links for
    /// the same stop working.
    pub async fn init_administrator(&self, email: &str, password: &Secret) -> Result<Person, AppError> {
        let now = self.now();
        let mut errors = FieldErrors::default();
        let email = errors.take(text::email("email", email)).unwrap_or_default();
        errors.take(password::check("password", password, &[&email]));
        errors.finish()?;
        let hash = password::hash(password, self.random()).await?;
        let name = email.split('@').next().unwrap_or_default().to_owned();
        let mut tx = self.begin().await?;
        rows::take_turn(&mut tx).await?;
        let zone = page::get(&mut tx).await?.map_or_else(|| "Etc/UTC".to_owned(), |page| page.time_zone);
        let person = self.an_administrator(name, email, zone, now);
        let mut person = self.create_administrator(&mut tx, person, &hash).await?;
        person.has_password = true;
        note_administrator(&mut tx, &Caller::system("init"), &person, now).await?;
        self.commit(tx).await?;
        Ok(person)
    }

    fn an_administrator(&self, name: String, email: String, time_zone: String, now: Timestamp) -> Person {
        Person {
            id: self.new_id(PersonId::from_random),
            email,
            name,
            role: Role::Administrator,
            time_zone,
            disabled: false,
            has_password: false,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Inserts the first administrator; refused if there is one. The transaction has the turn.
    async fn create_administrator(
        &self,
        tx: &mut Tx,
        person: Person,
        hash: &str,
    ) -> Result<Person, AppError> {
        if person::active_administrators(tx).await? > 0 {
            return Err(AppError::Refused(
                "there is an administrator already; sign in, or ask them to add you".into(),
            ));
        }
        if person::get_by_email(tx, &person.email).await?.is_some() {
            return Err(AppError::field("email", "belongs to somebody here already; choose another"));
        }
        person::insert(tx, &person).await?;
        person::set_password(tx, &person.id, hash).await?;
        rows::drop_links(tx, LinkPurpose::SetUp.as_str(), None).await?;
        Ok(person)
    }
}

async fn note_administrator(
    tx: &mut Tx,
    caller: &Caller,
    person: &Person,
    now: Timestamp,
) -> Result<(), AppError> {
    let detail = json!({"name": person.name, "role": person.role});
    record::changed(tx, caller, Action::Create, Resource::Person, person.id.as_str(), detail, now).await
}
