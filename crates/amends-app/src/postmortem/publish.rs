use super::fill::{Filled, Problem, fill};
use super::findings::Finding;
use super::{Record, find, find_for_update, record_of};
use crate::broadcast::{BroadcastPreview, incident_audience};
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::markdown;
use amends_courier::message::{Content, Letter, Listed};
use amends_model::{
    Action, Audience, BroadcastKind, Despite, EventBody, FieldErrors, Incident, Postmortem, PostmortemState,
    Publication, PublishedLetter, Resource, Visibility, text,
};
use amends_store::{Tx, component, event, incident, page, postmortem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The letter as customers will read it, and how many will get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LetterPreview {
    /// Title.
    pub title: String,
    /// Markdown with every fact filled in, in the page's zone.
    pub markdown: String,
    /// The same as safe HTML.
    pub html: String,
    /// The same as plain text.
    pub text: String,
    /// What must be put right before it can be published.
    pub problems: Vec<Problem>,
    /// How many subscribers would get it by mail.
    pub recipients: u64,
    /// How many would not, because their address is suppressed.
    pub suppressed: u64,
    /// The mail that they would get; none if it is about no incident of this page.
    pub mail: Option<BroadcastPreview>,
    /// The version that this shows; publishing names it.
    pub version: i64,
    /// What the linter finds in it; errors stop its publication.
    pub findings: Vec<Finding>,
}

/// Longest reason for a publication despite findings, in characters.
const MAX_REASON: usize = 1_000;

/// How the internal document is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishDocument {
    /// The version that was read.
    pub version: i64,
    /// Why it is published although the linter finds errors; without it such a text is not published. It is kept with what
    /// was found.
    #[serde(default)]
    pub despite_findings: Option<String>,
}

/// How the letter is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishLetter {
    /// The version that the preview showed.
    pub version: i64,
    /// Whether it goes to the incident's subscribers; when nothing is said, only the first time.
    #[serde(default)]
    pub notify: Option<bool>,
    /// Why it is published although the linter finds errors; without it such a text is not published. It is kept with what
    /// was found.
    #[serde(default)]
    pub despite_findings: Option<String>,
}

impl App {
    /// Publishes the internal document: the whole company can read it as finished, and the incident has its milestone
    /// `learned`. Customers see nothing of it.
    ///
    /// Errors: placeholders that are not understood; findings of the linter at error level, unless a reason is given;
    /// somebody saved another text meanwhile.
    pub async fn publish_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        input: PublishDocument,
    ) -> Result<Postmortem, AppError> {
        caller.require(Action::Publish, Resource::Postmortem)?;
        let reason = reason(input.despite_findings.as_deref())?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut p = find_for_update(&mut tx, id).await?;
        let expected = input.version;
        if p.version != expected {
            return Err(AppError::conflict(&p));
        }
        if p.state == PostmortemState::Published {
            return Ok(p);
        }
        let record = record_of(&mut tx, &p, now).await?;
        if p.document.trim().is_empty() {
            return Err(AppError::field("document", "is empty; write something"));
        }
        refuse("document", &fill(&p.document, &record, &caller.time_zone, Audience::Internal), false)?;
        let despite = despite(self.findings(&mut tx, caller, &p, &record, false).await?, reason)?;
        p.state = PostmortemState::Published;
        p.published_at = Some(now);
        let publication = Publication { letter: false, despite };
        postmortem::publish(&mut tx, &p.id, expected + 1, &publication).await?;
        self.note_on_incident(&mut tx, caller, &p, &publication, now).await?;
        let detail = json!({"version": expected + 1, "despite": publication.despite});
        self.save_postmortem(tx, caller, (Action::Publish, Resource::Postmortem), p, detail, now).await
    }

    /// What publishing the letter would show and to how many it would go. Changes nothing.
    pub async fn preview_letter(&self, caller: &Caller, id: &str) -> Result<LetterPreview, AppError> {
        caller.require(Action::Read, Resource::Letter)?;
        let mut tx = self.read().await?;
        let p = find(&mut tx, id).await?;
        let record = record_of(&mut tx, &p, self.now()).await?;
        let zone = page_of(&mut tx).await?.zone();
        let mut filled = fill(&p.letter, &record, &zone, Audience::Customers);
        filled.markdown = markdown::without_remarks(&filled.markdown);
        let title = if p.letter_title.is_empty() { &p.title } else { &p.letter_title };
        let mail = match &record.incident {
            Some(incident) => {
                let all = component::all(&mut tx).await?;
                let content = self.letter_mail(incident, &p, title, &filled.markdown, &record);
                let told = incident_audience(&mut tx, incident, &all).await?;
                Some(self.preview(&mut tx, &content, BroadcastKind::Letter, &told, true).await?)
            }
            None => None,
        };
        Ok(LetterPreview {
            findings: self.findings(&mut tx, caller, &p, &record, true).await?,
            title: title.clone(),
            html: markdown::html(&filled.markdown),
            text: markdown::text(&filled.markdown),
            markdown: filled.markdown,
            problems: filled.problems,
            recipients: mail.as_ref().map_or(0, |m| m.recipients.iter().map(|r| r.count).sum()),
            suppressed: mail.as_ref().map_or(0, |m| m.suppressed),
            mail,
            version: p.version,
        })
    }

    /// Publishes the letter: it stands on the incident's page and in the feeds, and goes to the incident's subscribers
    /// (unless `notify` says no; when nothing is said, only the first time). It is kept as it reads now.
    ///
    /// Errors: there is no letter, or facts in it are not known; findings of the linter at error level, unless a reason is
    /// given; the incident is internal; somebody saved another text meanwhile.
    pub async fn publish_letter(
        &self,
        caller: &Caller,
        id: &str,
        input: PublishLetter,
    ) -> Result<Postmortem, AppError> {
        caller.require(Action::Publish, Resource::Letter)?;
        let reason = reason(input.despite_findings.as_deref())?;
        let expected = input.version;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut p = find_for_update(&mut tx, id).await?;
        if p.version != expected {
            return Err(AppError::conflict(&p));
        }
        let record = record_of(&mut tx, &p, now).await?;
        let Some(incident) = &record.incident else {
            return Err(AppError::Refused(
                "it is about no incident of this page, so there is no page on which its letter could stand"
                    .into(),
            ));
        };
        if incident.visibility == Visibility::Internal {
            let name = incident.name();
            return Err(AppError::Refused(format!(
                "{name} is internal: customers cannot see it; make it public first"
            )));
        }
        if p.letter.trim().is_empty() {
            return Err(AppError::field("letter", "is empty; write something"));
        }
        let zone = page_of(&mut tx).await?.zone();
        let mut filled = fill(&p.letter, &record, &zone, Audience::Customers);
        refuse("letter", &filled, true)?;
        // Remarks of the writers, such as why a finding is accepted, are not for customers.
        filled.markdown = markdown::without_remarks(&filled.markdown);
        let despite = despite(self.findings(&mut tx, caller, &p, &record, true).await?, reason)?;
        let title = if p.letter_title.is_empty() { p.title.clone() } else { p.letter_title.clone() };
        let before = p.published_letter.take();
        let same = before.as_ref().is_some_and(|old| old.title == title && old.text == filled.markdown);
        let notify = input.notify.unwrap_or(before.is_none());
        if same && !notify {
            p.published_letter = before;
            return Ok(p);
        }
        let published_at = before.as_ref().map_or(now, |old| old.published_at);
        let letter = PublishedLetter { title, text: filled.markdown, published_at, updated_at: now };
        p.published_letter = Some(letter.clone());
        let publication = Publication { letter: true, despite };
        postmortem::publish(&mut tx, &p.id, expected + 1, &publication).await?;
        self.note_on_incident(&mut tx, caller, &p, &publication, now).await?;
        if notify {
            let all = component::all(&mut tx).await?;
            let content = self.letter_mail(incident, &p, &letter.title, &letter.text, &record);
            let mut snapshot = self.snapshot_incident(&mut tx, incident).await?;
            if let Some(told) = &mut snapshot.incident {
                let PublishedLetter { title, text, published_at, updated_at } = letter.clone();
                told.letter = Some(amends_model::page::Letter { title, text, published_at, updated_at });
            }
            let told = incident_audience(&mut tx, incident, &all).await?;
            self.tell_with(&mut tx, content, Some(snapshot), told, now).await?;
        }
        page::touch(&mut tx, now).await?;
        let detail = json!({"version": expected + 1, "notify": notify, "again": before.is_some(),
            "despite": publication.despite});
        self.save_postmortem(tx, caller, (Action::Publish, Resource::Letter), p, detail, now).await
    }

    /// Writes the publication on the incident's timeline.
    async fn note_on_incident(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        p: &Postmortem,
        publication: &Publication,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let Some(id) = &p.incident_id else { return Ok(()) };
        let Some(mut incident) = incident::get_for_update(tx, id).await? else { return Ok(()) };
        let expected = incident.version;
        (incident.updated_at, incident.version) = (now, expected + 1);
        if !incident::update(tx, &incident, expected).await? {
            return Err(AppError::Unavailable("the incident was changed at the same moment".into()));
        }
        let body = EventBody::Postmortem {
            postmortem_id: p.id.clone(),
            letter: publication.letter,
            despite: publication.despite.as_ref().map(|despite| despite.reason.clone()),
        };
        let event = self.new_event(caller, incident.id.clone().into(), now, body, now);
        event::insert(tx, &event).await?;
        Ok(())
    }

    /// The letter as a mail to the incident's subscribers; it joins the thread of the incident's updates.
    fn letter_mail(
        &self,
        incident: &Incident,
        p: &Postmortem,
        title: &str,
        text: &str,
        record: &Record,
    ) -> Content {
        let named = incident.components.iter().zip(&record.components);
        Content::Letter(Letter {
            incident_id: incident.id.to_string(),
            postmortem_id: p.id.to_string(),
            incident_title: incident.title.clone(),
            title: title.to_owned(),
            url: format!("{}/incidents/{}", self.settings().public_url, incident.id),
            text: text.to_owned(),
            components: named
                .map(|(affected, (name, status))| Listed {
                    id: affected.component_id.to_string(),
                    name: name.clone(),
                    status: *status,
                })
                .collect(),
            at: self.now(),
        })
    }
}

/// The reason that was given, if one was.
fn reason(given: Option<&str>) -> Result<Option<String>, AppError> {
    let field = "despite_findings";
    let reason = given.map(|reason| text::prose(field, reason, MAX_REASON)).transpose();
    Ok(reason.map_err(FieldErrors::from)?)
}

/// Refuses a text in which errors are found, unless there is a reason; then both are kept.
fn despite(findings: Vec<Finding>, reason: Option<String>) -> Result<Option<Despite>, AppError> {
    let errors: Vec<Finding> = findings.into_iter().filter(Finding::is_error).collect();
    match reason {
        _ if errors.is_empty() => Ok(None),
        Some(reason) => Ok(Some(Despite { reason, findings: errors.iter().map(Finding::kept).collect() })),
        None => Err(AppError::Findings(errors)),
    }
}

/// Refuses a text whose placeholders are not understood, or (`known`) not known.
fn refuse(field: &str, filled: &Filled, known: bool) -> Result<(), AppError> {
    let mut errors = FieldErrors::default();
    for problem in filled.problems.iter().filter(|problem| problem.blocking || known) {
        errors.add(field, format!("line {}: {}", problem.line, problem.message));
    }
    Ok(errors.finish()?)
}
