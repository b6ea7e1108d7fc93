//! Who is asking, and what they may do.

use crate::error::AppError;
use amends_model::permission::Scopes;
use amends_model::{Action, Actor, Person, Resource, Role, TokenInfo};
use jiff::tz::TimeZone;

/// Who is asking: proved by `web` (session or token) or given by the command line on the machine itself.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whom the record names.
    pub actor: Actor,
    /// What they are trusted with.
    pub role: Role,
    /// What a token is narrowed to.
    pub scopes: Scopes,
    /// The zone in which they enter and read times.
    pub time_zone: TimeZone,
    /// The person, when it is one.
    pub person: Option<Person>,
}

impl Caller {
    /// A signed-in person.
    pub fn person(person: Person) -> Self {
        Caller {
            actor: Actor::person(&person.id, &person.name),
            role: person.role,
            scopes: Scopes::default(),
            time_zone: TimeZone::get(&person.time_zone).unwrap_or(TimeZone::UTC),
            person: Some(person),
        }
    }

    /// A program with a token.
    pub fn token(token: &TokenInfo) -> Self {
        Caller {
            actor: Actor::token(&token.id, &token.name),
            role: token.role,
            scopes: token.scopes.clone(),
            time_zone: TimeZone::UTC,
            person: None,
        }
    }

    /// Amends itself or the operator on the machine: may do everything.
    pub fn system(what: &str) -> Self {
        Caller {
            actor: Actor::system(what),
            role: Role::Administrator,
            scopes: Scopes::default(),
            time_zone: TimeZone::UTC,
            person: None,
        }
    }

    /// Whether they may.
    pub fn may(&self, action: Action, resource: Resource) -> bool {
        self.role.may(action, resource) && self.scopes.allow(action, resource)
    }

    /// An error unless they may. The first line of every use case.
    pub fn require(&self, action: Action, resource: Resource) -> Result<(), AppError> {
        if self.may(action, resource) { Ok(()) } else { Err(AppError::Forbidden { action, resource }) }
    }
}
