//! People: adding, editing, disabling. There is always an administrator who can sign in.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::identity::link::{Link, LinkPurpose};
use crate::identity::{MAX_NAME, require_person};
use crate::record;
use amends_model::{Action, FieldErrors, Person, PersonId, Resource, Role, text};
use amends_store::{Tx, person, session as rows, token};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Somebody to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Mail address, with which they sign in.
    pub email: String,
    /// Name that others see, at most 100 characters.
    pub name: String,
    /// What they may do; at most what the one who adds them may.
    pub role: Role,
    /// IANA zone; the page's when nothing is said.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// Changes to a person by an administrator; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditPerson {
    /// New address.
    pub email: Option<String>,
    /// New name.
    pub name: Option<String>,
    /// New role.
    pub role: Option<Role>,
    /// New IANA zone.
    pub time_zone: Option<String>,
    /// True ends their sessions, links and tokens and keeps them out; false lets them in again.
    pub disabled: Option<bool>,
}

/// Changes to oneself; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditProfile {
    /// New name.
    pub name: Option<String>,
    /// New IANA zone.
    pub time_zone: Option<String>,
}

/// Somebody who was added, and the link with which they set their password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPerson {
    /// Who.
    pub person: Person,
    /// Their invitation; works once, for a week.
    pub link: Link,
}

impl App {
    /// Everybody, by name.
    pub async fn people(&self, caller: &Caller) -> Result<Vec<Person>, AppError> {
        caller.require(Action::Read, Resource::Person)?;
        Ok(person::all(&mut self.read().await?).await?)
    }

    /// One person, by id or address.
    pub async fn person(&self, caller: &Caller, id_or_email: &str) -> Result<Person, AppError> {
        caller.require(Action::Read, Resource::Person)?;
        let mut tx = self.read().await?;
        let found = match id_or_email.parse::<PersonId>() {
            Ok(id) => person::get(&mut tx, &id).await?,
            Err(_) => person::get_by_email(&mut tx, &id_or_email.trim().to_lowercase()).await?,
        };
        found.ok_or(AppError::NotFound("person"))
    }

    /// Adds somebody, who sets their password by the link that is answered.
    pub async fn add_person(&self, caller: &Caller, input: NewPerson) -> Result<AddedPerson, AppError> {
        caller.require(Action::Create, Resource::Person)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut errors = FieldErrors::default();
        let email = errors.take(text::email("email", &input.email)).unwrap_or_default();
        let name = errors.take(text::line("name", &input.name, MAX_NAME)).unwrap_or_default();
        not_above(caller, input.role, &mut errors);
        let time_zone = match input.time_zone.as_deref().map(str::trim).filter(|z| !z.is_empty()) {
            Some(zone) => errors.take(text::time_zone("time_zone", zone)).unwrap_or_default(),
            None => crate::context::page_of(&mut tx).await?.time_zone,
        };
        unique_email(&mut tx, &email, None, &mut errors).await?;
        errors.finish()?;
        let person = Person {
            id: self.new_id(PersonId::from_random),
            email,
            name,
            role: input.role,
            time_zone,
            disabled: false,
            has_password: false,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        person::insert(&mut tx, &person).await?;
        let link = self.new_link(&mut tx, LinkPurpose::Password, Some(&person.id), now).await?;
        let detail = json!({"name": person.name, "role": person.role});
        record::changed(&mut tx, caller, Action::Create, Resource::Person, person.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(AddedPerson { person, link })
    }

    /// Changes a person if nobody changed them since `expected`.
    pub async fn edit_person(
        &self,
        caller: &Caller,
        id: &PersonId,
        expected: i64,
        input: EditPerson,
    ) -> Result<Person, AppError> {
        caller.require(Action::Edit, Resource::Person)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let administrators = person::hold_administrators(&mut tx).await?;
        let before = person::get(&mut tx, id).await?.ok_or(AppError::NotFound("person"))?;
        if before.version != expected {
            return Err(AppError::conflict(&before));
        }
        if before.role > caller.role {
            return Err(AppError::Forbidden { action: Action::Edit, resource: Resource::Person });
        }
        let mut person = before.clone();
        let mut errors = FieldErrors::default();
        if let Some(email) = input.email.as_deref().and_then(|e| errors.take(text::email("email", e))) {
            unique_email(&mut tx, &email, Some(id), &mut errors).await?;
            person.email = email;
        }
        edit_profile(&mut person, input.name.as_deref(), input.time_zone.as_deref(), &mut errors);
        if let Some(role) = input.role {
            not_above(caller, role, &mut errors);
            person.role = role;
        }
        person.disabled = input.disabled.unwrap_or(person.disabled);
        errors.finish()?;
        let counts = |p: &Person| p.role == Role::Administrator && !p.disabled;
        if counts(&before) && !counts(&person) && administrators <= 1 {
            return Err(AppError::Refused(format!(
                "{} is the last administrator; make somebody else one first",
                before.name
            )));
        }
        (person.updated_at, person.version) = (now, expected + 1);
        if !person::update(&mut tx, &person, expected).await? {
            return Err(AppError::conflict(&before));
        }
        if person.disabled && !before.disabled {
            rows::end_all(&mut tx, id, None).await?;
            token::revoke_all(&mut tx, id, now).await?;
            for purpose in [LinkPurpose::SignIn, LinkPurpose::Password] {
                rows::drop_links(&mut tx, purpose.as_str(), Some(id)).await?;
            }
        }
        if person.email != before.email {
            // They were sent to an address that is no longer theirs.
            rows::drop_links(&mut tx, LinkPurpose::Password.as_str(), Some(id)).await?;
        }
        let detail = json!({
            "name": person.name, "role": person.role, "disabled": person.disabled, "version": person.version
        });
        record::changed(&mut tx, caller, Action::Edit, Resource::Person, id.as_str(), detail, now).await?;
        self.commit(tx).await?;
        Ok(person)
    }

    /// Changes one's own name or time zone if nobody changed them since `expected`.
    pub async fn edit_profile(
        &self,
        caller: &Caller,
        expected: i64,
        input: EditProfile,
    ) -> Result<Person, AppError> {
        let own = require_person(caller)?.id.clone();
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut person = person::get(&mut tx, &own).await?.ok_or(AppError::NotFound("person"))?;
        if person.version != expected {
            return Err(AppError::conflict(&person));
        }
        let mut errors = FieldErrors::default();
        edit_profile(&mut person, input.name.as_deref(), input.time_zone.as_deref(), &mut errors);
        errors.finish()?;
        (person.updated_at, person.version) = (now, expected + 1);
        if !person::update(&mut tx, &person, expected).await? {
            return Err(AppError::conflict(&person));
        }
        let detail = json!({"name": person.name, "time_zone": person.time_zone, "version": person.version});
        record::changed(&mut tx, caller, Action::Edit, Resource::Person, own.as_str(), detail, now).await?;
        self.commit(tx).await?;
        Ok(person)
    }
}

fn edit_profile(person: &mut Person, name: Option<&str>, time_zone: Option<&str>, errors: &mut FieldErrors) {
    if let Some(name) = name.and_then(|n| errors.take(text::line("name", n, MAX_NAME))) {
        person.name = name;
    }
    if let Some(zone) = time_zone.and_then(|z| errors.take(text::time_zone("time_zone", z))) {
        person.time_zone = zone;
    }
}

fn not_above(caller: &Caller, role: Role, errors: &mut FieldErrors) {
    if role > caller.role {
        errors.add("role", format!("may be at most your own, {}", caller.role));
    }
}

async fn unique_email(
    tx: &mut Tx,
    email: &str,
    own: Option<&PersonId>,
    errors: &mut FieldErrors,
) -> Result<(), AppError> {
    let found = person::get_by_email(tx, email).await?;
    if found.is_some_and(|p| Some(&p.id) != own) {
        errors.add("email", "belongs to somebody here already; choose another");
    }
    Ok(())
}
