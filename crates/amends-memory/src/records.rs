//! What is found: the records of the store, as the index and as a person sees them.

use crate::fields::{self, Sight};
use amends_model::{
    CorrectiveAction, Event, EventBody, EventId, Incident, IncidentId, Maintenance, Postmortem, PostmortemId,
    PublishedLetter, Resource, Visibility,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What kind of record it is. One hit stands for one record.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecordKind)]
pub enum Kind {
    /// An incident, with its timeline; for the public also with the letter that was published about it.
    Incident,
    /// Planned work, with its timeline.
    Maintenance,
    /// A postmortem, with its letter.
    Postmortem,
    /// A corrective action.
    Action,
}

impl Kind {
    /// In the order in which the index is made.
    pub(crate) const ALL: [Kind; 4] = [Kind::Incident, Kind::Postmortem, Kind::Maintenance, Kind::Action];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Incident => "incident",
            Kind::Maintenance => "maintenance",
            Kind::Postmortem => "postmortem",
            Kind::Action => "action",
        }
    }
}

/// Kind and id of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub kind: Kind,
    pub id: String,
}

impl Key {
    pub(crate) fn new(kind: Kind, id: impl AsRef<str>) -> Self {
        Key { kind, id: id.as_ref().into() }
    }

    /// As it lies in the index.
    pub(crate) fn text(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.id)
    }

    /// From how it lies in the index.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == kind)?;
        Some(Key::new(kind, id))
    }
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TextSource)]
pub enum Source {
    /// The summary of an incident.
    Summary,
    /// A message to customers.
    Update,
    /// An internal note, on a timeline or an action.
    Note,
    /// An alert.
    Alert,
    /// A change to a system.
    Change,
    /// The internal document of a postmortem.
    Document,
    /// The customers' letter.
    Letter,
}

/// A text of a record.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub source: Source,
    /// The event that holds it.
    pub event_id: Option<EventId>,
    /// When it happened, if that is not the record's time.
    pub at: Option<Timestamp>,
    pub text: String,
    /// Whether the status page shows it when it shows the record.
    is_public: bool,
    /// Who else sees it: the field it is found in, and what one must be allowed to read beside the record.
    inside: Option<(usize, Resource)>,
}

impl Text {
    fn inside(source: Source, text: String, part: usize, needs: Resource) -> Self {
        let inside = Some((part, needs));
        Text { source, event_id: None, at: None, text, is_public: false, inside }
    }

    fn seen_by(&self, sight: &Sight) -> bool {
        match sight {
            Sight::Public => self.is_public,
            Sight::Internal(_) => self.inside.is_some_and(|(_, needs)| sight.covers(&[needs])),
        }
    }
}

/// A record with its texts: the one to show if none of them answers first, then newer before older ones.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub key: Key,
    pub number: Option<i64>,
    pub incident_id: Option<IncidentId>,
    pub postmortem_id: Option<PostmortemId>,
    pub title: String,
    pub at: Timestamp,
    pub texts: Vec<Text>,
    is_public: bool,
    needs: Resource,
    title_part: usize,
}

impl Record {
    pub(crate) fn of_incident(
        incident: Incident,
        events: Vec<Event>,
        letter: Option<PublishedLetter>,
    ) -> Self {
        let mut texts = Vec::new();
        if !incident.summary.is_empty() {
            let part = fields::INCIDENT_SUMMARY;
            texts.push(Text::inside(Source::Summary, incident.summary, part, Resource::Incident));
        }
        // Who may see internal things finds the letter with its postmortem; the public reads it on the incident's page.
        texts.extend(letter.map(|letter| Text {
            source: Source::Letter,
            event_id: None,
            at: Some(letter.published_at),
            text: format!("{}\n\n{}", letter.title, letter.text),
            is_public: true,
            inside: None,
        }));
        texts.extend(of_events(events, fields::INCIDENT_UPDATE, fields::INCIDENT_EVENT));
        Record {
            key: Key::new(Kind::Incident, &incident.id),
            number: Some(incident.number),
            incident_id: Some(incident.id),
            postmortem_id: None,
            title: incident.title,
            at: incident.started_at,
            texts,
            is_public: incident.visibility == Visibility::Public,
            needs: Resource::Incident,
            title_part: fields::INCIDENT_TITLE,
        }
    }

    pub(crate) fn of_maintenance(maintenance: Maintenance, events: Vec<Event>) -> Self {
        Record {
            key: Key::new(Kind::Maintenance, &maintenance.id),
            number: Some(maintenance.number),
            incident_id: None,
            postmortem_id: None,
            title: maintenance.title,
            at: maintenance.scheduled_for,
            texts: of_events(events, fields::MAINTENANCE_UPDATE, fields::MAINTENANCE_EVENT).collect(),
            is_public: maintenance.visibility == Visibility::Public,
            needs: Resource::Maintenance,
            title_part: fields::MAINTENANCE_TITLE,
        }
    }

    pub(crate) fn of_postmortem(postmortem: Postmortem) -> Self {
        let document = without_placeholders(&postmortem.document);
        let part = fields::POSTMORTEM_DOCUMENT;
        let mut texts = vec![Text::inside(Source::Document, document, part, Resource::Postmortem)];
        // The draft goes on after the letter was published; only an import has a published one alone.
        let letter = match postmortem.published_letter {
            Some(published) if postmortem.letter.is_empty() => {
                Some(format!("{}\n\n{}", published.title, published.text))
            }
            _ if postmortem.letter.is_empty() => None,
            _ => Some(format!("{}\n\n{}", postmortem.letter_title, without_placeholders(&postmortem.letter))),
        };
        let part = fields::POSTMORTEM_LETTER;
        texts.extend(letter.map(|letter| Text::inside(Source::Letter, letter, part, Resource::Letter)));
        Record {
            key: Key::new(Kind::Postmortem, &postmortem.id),
            number: None,
            incident_id: postmortem.incident_id,
            postmortem_id: Some(postmortem.id),
            title: postmortem.title,
            at: postmortem.happened_at,
            texts,
            is_public: false,
            needs: Resource::Postmortem,
            title_part: fields::POSTMORTEM_TITLE,
        }
    }

    pub(crate) fn of_action(action: CorrectiveAction) -> Self {
        let mut texts = Vec::new();
        if !action.note.is_empty() {
            texts.push(Text::inside(Source::Note, action.note, fields::ACTION_NOTE, Resource::Action));
        }
        Record {
            key: Key::new(Kind::Action, &action.id),
            number: None,
            incident_id: action.incident_id,
            postmortem_id: action.postmortem_id,
            title: action.text,
            at: action.created_at,
            texts,
            is_public: false,
            needs: Resource::Action,
            title_part: fields::ACTION_TITLE,
        }
    }

    /// What of it goes into which field of the index.
    pub(crate) fn parts(&self) -> Vec<(usize, &str)> {
        let mut parts = vec![(self.title_part, self.title.as_str())];
        if self.is_public {
            parts.push((fields::PUBLIC_TITLE, &self.title));
        }
        for text in &self.texts {
            parts.extend(text.inside.map(|(part, _)| (part, text.text.as_str())));
            if self.is_public && text.is_public {
                parts.push((fields::PUBLIC_TEXT, &text.text));
            }
        }
        parts
    }

    /// It with only what may be seen; nothing if it may not be seen at all. The index looked into allowed fields only;
    /// this looks once more at the record itself, as it is now.
    pub(crate) fn seen_by(mut self, sight: &Sight) -> Option<Self> {
        let seen = match sight {
            Sight::Public => self.is_public,
            Sight::Internal(_) => sight.covers(&[self.needs]),
        };
        self.texts.retain(|text| text.seen_by(sight));
        seen.then_some(self)
    }
}

/// The texts of a timeline (oldest first), newest first.
fn of_events(events: Vec<Event>, update: usize, other: usize) -> impl Iterator<Item = Text> {
    events.into_iter().rev().filter_map(move |event| {
        let is_public = event.body.is_public();
        let (source, text) = match event.body {
            EventBody::Update { text, .. } | EventBody::MaintenanceUpdate { text, .. } => {
                (Source::Update, text)
            }
            EventBody::Note { text } => (Source::Note, text),
            EventBody::Alert { text, .. } => (Source::Alert, text),
            EventBody::Change { text } => (Source::Change, text),
            _ => return None,
        };
        let inside = Some(if is_public { (update, Resource::Update) } else { (other, Resource::Event) });
        Some(Text { source, event_id: Some(event.id), at: Some(event.at), text, is_public, inside })
    })
}

/// Takes out `{{started}}` and the like: the facts that stand there are not part of the text.
fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        let Some(length) = rest[begin..].find("}}").filter(|length| *length < 80) else { break };
        out.push_str(&rest[..begin]);
        out.push('…');
        rest = &rest[begin + length + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_words() {
        assert_eq!(without_placeholders("Since {{started}}, for {{ duration }}."), "Since …, for ….");
        assert_eq!(without_placeholders("{{ never closed"), "{{ never closed");
    }

    #[test]
    fn keys_are_read_back() {
        for kind in Kind::ALL {
            let key = Key::new(kind, "abcdefghijkl");
            assert_eq!(Key::parse(&key.text()), Some(key));
        }
        assert_eq!(Key::parse("page:x"), None);
    }
}
