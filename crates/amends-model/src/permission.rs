//! Who may do what. Deny by default: what the table does not allow is refused.

use crate::words::words;
use serde::{Deserialize, Serialize};

words! {
    /// What a person or token is trusted with. Each role may do what the ones before it may.
    pub enum Role {
        /// Reads.
        Viewer = "viewer",
        /// Works on incidents; cannot speak to customers.
        Responder = "responder",
        /// Speaks to customers.
        Communicator = "communicator",
        /// Runs the installation.
        Administrator = "administrator",
    }
}

words! {
    /// What is done to a resource.
    pub enum Action {
        /// See it.
        Read = "read",
        /// Make one.
        Create = "create",
        /// Change it.
        Edit = "edit",
        /// Take it away or end it.
        Remove = "remove",
        /// Show it to customers, or (a postmortem) to the whole company.
        Publish = "publish",
    }
}

words! {
    /// What things are done to.
    pub enum Resource {
        /// Incidents.
        Incident = "incident",
        /// Timeline events and notes.
        Event = "event",
        /// Messages to customers.
        Update = "update",
        /// Planned work.
        Maintenance = "maintenance",
        /// Components and groups.
        Component = "component",
        /// Internal postmortems.
        Postmortem = "postmortem",
        /// Customers' letters.
        Letter = "letter",
        /// Corrective actions.
        Action = "action",
        /// Subscribers and their addresses, suppressions.
        Subscriber = "subscriber",
        /// Broadcasts and deliveries.
        Broadcast = "broadcast",
        /// The page's settings.
        Page = "page",
        /// The built-in mail viewer.
        Mailbox = "mailbox",
        /// People.
        Person = "person",
        /// API tokens.
        Token = "token",
        /// Other people's signed-in sessions; everybody may see and end their own.
        Session = "session",
        /// The audit log.
        Audit = "audit",
        /// Imports.
        Import = "import",
        /// Health of the installation.
        Health = "health",
    }
}

impl Resource {
    /// All of them in words: "incidents", "the audit log".
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Incident => "incidents",
            Self::Event => "timeline events",
            Self::Update => "updates",
            Self::Maintenance => "maintenance",
            Self::Component => "components",
            Self::Postmortem => "postmortems",
            Self::Letter => "customers' letters",
            Self::Action => "actions",
            Self::Subscriber => "subscribers",
            Self::Broadcast => "broadcasts",
            Self::Page => "the page's settings",
            Self::Mailbox => "the mail viewer",
            Self::Person => "people",
            Self::Token => "tokens",
            Self::Session => "other people's sessions",
            Self::Audit => "the audit log",
            Self::Import => "imports",
            Self::Health => "the installation's health",
        }
    }
}

/// The least role that may do this; `None` if nobody may.
pub const fn least_role(action: Action, resource: Resource) -> Option<Role> {
    use Action::*;
    use Role::*;
    Some(match (resource, action) {
        (
            Resource::Incident
            | Resource::Event
            | Resource::Update
            | Resource::Maintenance
            | Resource::Component,
            Read,
        ) => Viewer,
        (Resource::Postmortem | Resource::Letter | Resource::Action | Resource::Page, Read) => Viewer,
        (Resource::Incident | Resource::Event, Create | Edit) => Responder,
        (Resource::Postmortem | Resource::Letter, Create | Edit) => Responder,
        (Resource::Action, Create | Edit | Remove) => Responder,
        (Resource::Postmortem, Publish) => Responder,
        (Resource::Broadcast | Resource::Health, Read) => Responder,
        (Resource::Incident | Resource::Letter | Resource::Maintenance | Resource::Update, Publish) => {
            Communicator
        }
        (Resource::Update, Create | Edit) => Communicator,
        (Resource::Maintenance, Create | Edit | Remove) => Communicator,
        (Resource::Component, Edit) => Communicator,
        (Resource::Subscriber, Read | Create | Edit | Remove) => Communicator,
        (Resource::Broadcast, Create | Edit | Remove) => Communicator,
        (Resource::Component, Create | Remove) => Administrator,
        (Resource::Postmortem, Remove) => Administrator,
        (Resource::Page, Edit) => Administrator,
        (Resource::Mailbox, Read | Remove) => Administrator,
        (Resource::Person | Resource::Token, Read | Create | Edit | Remove) => Administrator,
        (Resource::Session, Read | Remove) => Administrator,
        (Resource::Audit, Read) => Administrator,
        (Resource::Import, Create) => Administrator,
        _ => return None,
    })
}

/// What a token may at most do, besides what its role may: everything, or only what is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = Vec<String>)]
pub struct Scopes(pub Vec<Scope>);

/// One permission of a token, written `resource:read` or `resource:write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    /// On what.
    pub resource: Resource,
    /// Only reading, or everything that the role may.
    pub write: bool,
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.resource, if self.write { "write" } else { "read" })
    }
}

impl std::str::FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "‘{text}’ is not a scope; write ‘resource:read’ or ‘resource:write’, such as ‘incident:write’"
            )
        };
        let (resource, access) = text.split_once(':').ok_or_else(wrong)?;
        let write = match access {
            "read" => false,
            "write" => true,
            _ => return Err(wrong()),
        };
        Ok(Scope { resource: resource.parse().map_err(|e| format!("{}: {e}", wrong()))?, write })
    }
}

impl TryFrom<String> for Scope {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

impl Scopes {
    /// Whether these scopes let `action` on `resource` through. No scopes at all let everything through that the role
    /// may do.
    pub fn allow(&self, action: Action, resource: Resource) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|s| s.resource == resource && (s.write || action == Action::Read))
    }
}

impl Role {
    /// Whether this role may do `action` to `resource`.
    pub fn may(self, action: Action, resource: Resource) -> bool {
        least_role(action, resource).is_some_and(|least| self >= least)
    }
}

/// The whole table as text, for people and for the golden test.
pub fn table() -> String {
    let mut text = String::from("resource     action   viewer responder communicator administrator\n");
    for resource in Resource::ALL {
        for action in Action::ALL {
            if least_role(*action, *resource).is_none() {
                continue;
            }
            let mark = |role: Role| if role.may(*action, *resource) { "yes" } else { "-" };
            text += &format!(
                "{resource:<12} {action:<8} {:<6} {:<9} {:<12} {}\n",
                mark(Role::Viewer),
                mark(Role::Responder),
                mark(Role::Communicator),
                mark(Role::Administrator)
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_that_was_reviewed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/permissions.txt");
        let reviewed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            table() == reviewed,
            "permissions.txt differs; if the change is meant, write this to it:\n{}",
            table()
        );
    }

    #[test]
    fn scopes_only_ever_narrow() {
        let narrow =
            Scopes(vec!["incident:write".parse().expect("scope"), "action:read".parse().expect("scope")]);
        assert!(narrow.allow(Action::Create, Resource::Incident));
        assert!(narrow.allow(Action::Read, Resource::Action));
        assert!(!narrow.allow(Action::Edit, Resource::Action));
        assert!(!narrow.allow(Action::Read, Resource::Audit));
        assert!("incident".parse::<Scope>().is_err() && "x:read".parse::<Scope>().is_err());
    }
}
