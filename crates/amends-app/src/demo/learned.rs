//! From a writing to a postmortem with its corrective actions, and the events that tell of its publication. Pure.

use amends_model::{
    ActionState, Audience, CorrectiveAction, Event, EventBody, Postmortem, PostmortemId, PostmortemState,
    PublishedLetter, Subject,
};
use jiff::{SignedDuration, Timestamp};

use super::ContentError;
use super::clock::{Facts, referenced};
use super::postmortem::Writing;
use super::record::{Cast, Told, id};

/// The form of every letter.
const LETTER: &str = "regret-reason-remedy";

/// A postmortem as it is to be stored.
pub(super) struct Learned {
    pub postmortem: Postmortem,
    pub actions: Vec<CorrectiveAction>,
    /// For the incident's timeline.
    pub events: Vec<Event>,
}

impl Cast {
    /// Writes the postmortem of an incident that is over.
    pub(super) fn learned(&self, writing: &Writing, told: &Told) -> Result<Learned, ContentError> {
        let place = |what: &str| ContentError::new(format!("postmortems/{}.md", writing.key), what);
        let incident = &told.incident;
        let over = incident.resolved_at.ok_or_else(|| place("the incident is still open"))?;
        // Days count from the day of the incident.
        let day = incident.started_at.as_second().div_euclid(86_400) * 86_400;
        let at = |days: i64, hour: i64| {
            let second = day + days * 86_400 + hour * 3_600;
            Timestamp::from_second(second).map_err(|_| place("a day that is out of range"))
        };
        let front = &writing.front;
        let postmortem_id: PostmortemId = id("postmortem", &writing.key)?;
        let author = self.actor(&front.author)?;
        let mut reviewers = Vec::with_capacity(front.reviewers.len());
        for key in &front.reviewers {
            reviewers.push(self.person(key)?.name.clone());
        }
        let published_at = front.published.map(|days| at(days, 10)).transpose()?;
        let letter = filled(&writing.letter, &told.facts).map_err(|what| place(&what))?;
        let letter_title = format!("{}: what happened and what we are changing", incident.title);
        let published_letter = match front.letter_published {
            Some(days) => {
                let (title, text, at) = (letter_title.clone(), letter.clone(), at(days, 15)?);
                Some(PublishedLetter { title, text, published_at: at, updated_at: at })
            }
            None => None,
        };
        let state = match (&published_at, front.status.as_deref()) {
            (Some(_), _) => PostmortemState::Published,
            (None, Some(word)) => word.parse().map_err(|_| place("an unknown status"))?,
            (None, None) => PostmortemState::Draft,
        };
        let begun = at(1, 9)?.max(over);
        let mut out = Learned {
            postmortem: Postmortem {
                id: postmortem_id.clone(),
                incident_id: Some(incident.id.clone()),
                title: incident.title.clone(),
                template: front.template.clone(),
                letter_template: LETTER.to_owned(),
                audience: Audience::Internal,
                state,
                document: document(writing),
                letter_title,
                letter,
                published_letter: published_letter.clone(),
                authors: vec![author.name.clone()],
                reviewers,
                milestones: amends_model::Milestones::default(),
                happened_at: incident.started_at,
                published_at,
                imported: None,
                created_at: begun,
                updated_at: published_at.unwrap_or(begun),
                version: 1,
            },
            actions: Vec::with_capacity(front.action.len()),
            events: Vec::new(),
        };
        for (n, action) in front.action.iter().enumerate() {
            let owner = self.person(&action.owner)?;
            let closed_at = match action.done {
                Some(days) => Some(at(days, 16)?.max(over)),
                None => None,
            };
            // Lists keep the order in which promises were made, which is that of the file.
            let micros = SignedDuration::from_micros(i64::try_from(n).unwrap_or(0));
            let promised = over.checked_add(micros).unwrap_or(over);
            out.actions.push(CorrectiveAction {
                id: id("action", &format!("{}/{n}", writing.key))?,
                postmortem_id: Some(postmortem_id.clone()),
                incident_id: Some(incident.id.clone()),
                text: action.text.clone(),
                owner: Some(owner.name.clone()),
                owner_id: Some(owner.id.clone()),
                due: Some(at(action.due, 12)?.to_zoned(jiff::tz::TimeZone::UTC).date()),
                term: action.term.parse().map_err(|_| place("an unknown term"))?,
                state: if closed_at.is_some() { ActionState::Done } else { ActionState::Open },
                note: action.note.clone().unwrap_or_default(),
                tracker: None,
                closed_at,
                created_at: promised,
                updated_at: closed_at.unwrap_or(promised),
                version: 1,
            });
        }
        let published =
            [published_at.map(|at| (at, false)), published_letter.map(|l| (l.published_at, true))];
        for (at, letter) in published.into_iter().flatten() {
            let word = if letter { "letter" } else { "document" };
            out.events.push(Event {
                id: id("event", &format!("{}/{word}", writing.key))?,
                subject: Subject::Incident(incident.id.clone()),
                at,
                written_at: at,
                actor: author.clone(),
                body: EventBody::Postmortem { postmortem_id: postmortem_id.clone(), letter, despite: None },
                edited_at: None,
                version: 1,
            });
        }
        Ok(out)
    }
}

/// The document as its author left it: times and lengths that the record knows stand as references to it, and the
/// blocks of facts stand where the template has them.
fn document(writing: &Writing) -> String {
    let mut out = String::new();
    for (n, (heading, body)) in writing.sections.iter().enumerate() {
        let (before, after): (&[&str], &[&str]) = match (writing.front.template.as_str(), n) {
            ("five-questions", 0) => (&[], &["impact"]),
            ("five-questions", 2) => (&[], &["timeline"]),
            ("summary-timeline", 0) => (&[], &["impact"]),
            ("summary-timeline", 1) => (&["milestones", "timeline"], &[]),
            ("disruption", 0) => (&[], &["impact", "milestones"]),
            ("regret-reason-remedy", 1) => (&[], &["said"]),
            (_, n) if n + 1 == writing.sections.len() => (&[], &["actions"]),
            _ => (&[], &[]),
        };
        let blocks = |names: &[&str]| names.iter().map(|n| format!("{{{{{n}}}}}\n\n")).collect::<String>();
        let text = referenced(body);
        out.push_str(&format!("## {heading}\n\n{}{text}\n\n{}", blocks(before), blocks(after)));
    }
    out.trim_end().to_owned()
}

fn filled(sections: &[(String, String)], facts: &Facts) -> Result<String, String> {
    let mut out = String::new();
    for (heading, body) in sections {
        out.push_str(&format!("## {heading}\n\n{}\n\n", facts.fill(body)?));
    }
    Ok(out.trim_end().to_owned())
}
