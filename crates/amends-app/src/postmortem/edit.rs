use super::{MAX_DOCUMENT, MAX_LETTER, find_for_update, template};
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::incident::MAX_TITLE;
use crate::record;
use amends_model::{
    Action, Audience, FieldErrors, Milestones, Postmortem, PostmortemId, PostmortemState, Resource, text,
};
use amends_store::{Tx, feed, postmortem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How a draft begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DraftPostmortem {
    /// Template of the document; `five-questions` when nothing is said.
    pub template: Option<String>,
    /// Template of the letter; `regret-reason-remedy` when nothing is said.
    pub letter_template: Option<String>,
    /// Who writes it; the caller when nothing is said.
    pub authors: Vec<String>,
}

/// What is to be different. What is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditPostmortem {
    /// What users could not do, in one line.
    pub title: Option<String>,
    /// The document, Markdown with placeholders.
    pub document: Option<String>,
    /// Title of the letter.
    pub letter_title: Option<String>,
    /// The letter, Markdown with placeholders; customers read it as it was published until it is published again.
    pub letter: Option<String>,
    /// For whom the document is written.
    pub audience: Option<Audience>,
    /// Who writes it.
    pub authors: Option<Vec<String>>,
    /// Who reads it before it is published.
    pub reviewers: Option<Vec<String>>,
}

impl App {
    /// Begins the postmortem of an incident from the record and two templates.
    ///
    /// Errors: a template that there is none of; the incident has a postmortem already.
    pub async fn draft_postmortem(
        &self,
        caller: &Caller,
        incident: &str,
        input: DraftPostmortem,
    ) -> Result<Postmortem, AppError> {
        caller.require(Action::Create, Resource::Postmortem)?;
        let now = self.now();
        let (templates, unusable) = template::all(&self.settings().data_folder.join("templates"));
        let mut errors = FieldErrors::default();
        let mut choose = |field: &str, asked: Option<&str>, usual: &str, letter: bool| {
            let name = asked.unwrap_or(usual);
            let found = templates.iter().find(|t| t.name == name && t.serves(letter));
            if found.is_none() {
                let names: Vec<&str> =
                    templates.iter().filter(|t| t.serves(letter)).map(|t| t.name.as_str()).collect();
                let name: String = name.chars().take(60).collect();
                let hint = match unusable.is_empty() {
                    true => "",
                    false => "; amends doctor says which files in the folder of templates cannot be used",
                };
                errors.add(field, format!("‘{name}’ is not one of: {}{hint}", names.join(", ")));
            }
            found.cloned()
        };
        let document = choose("template", input.template.as_deref(), template::DOCUMENT, false);
        let letter = choose("letter_template", input.letter_template.as_deref(), template::LETTER, true);
        let authors = names(&mut errors, "authors", &input.authors);
        errors.finish()?;
        let (Some(document), Some(letter)) = (document, letter) else {
            return Err(AppError::Internal("a template was neither found nor missed".into()));
        };
        let mut tx = self.begin().await?;
        let incident = crate::incident::find_for_update(&mut tx, incident).await?;
        if let Some(existing) = postmortem::of_incident(&mut tx, &incident.id).await? {
            return Err(AppError::Refused(format!(
                "{} has a postmortem already ({}); write in that one",
                incident.name(),
                existing.id
            )));
        }
        let authors = if authors.is_empty() { vec![caller.actor.name.clone()] } else { authors };
        let new = Postmortem {
            id: self.new_id(PostmortemId::from_random),
            incident_id: Some(incident.id.clone()),
            title: incident.title.clone(),
            template: document.name,
            letter_template: letter.name,
            audience: Audience::Internal,
            state: PostmortemState::Draft,
            document: document.body,
            letter_title: incident.title.clone(),
            letter: letter.body,
            published_letter: None,
            authors,
            reviewers: vec![],
            milestones: Milestones::default(),
            happened_at: incident.started_at,
            published_at: None,
            imported: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        postmortem::insert(&mut tx, &new, &caller.actor).await?;
        let detail = json!({"incident": incident.id, "template": new.template});
        record::changed(&mut tx, caller, Action::Create, Resource::Postmortem, new.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(new)
    }

    /// Saves a postmortem's texts if nobody saved others since `expected`. Safe to call as one types: what is the same
    /// makes no new version, and a conflict carries the other's text.
    pub async fn edit_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        expected: i64,
        input: EditPostmortem,
    ) -> Result<Postmortem, AppError> {
        caller.require(Action::Edit, Resource::Postmortem)?;
        if input.letter.is_some() || input.letter_title.is_some() {
            caller.require(Action::Edit, Resource::Letter)?;
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        let old = find_for_update(&mut tx, id).await?;
        let mut new = old.clone();
        let mut errors = FieldErrors::default();
        if let Some(title) =
            input.title.as_deref().and_then(|t| errors.take(text::line("title", t, MAX_TITLE)))
        {
            new.title = title;
        }
        let mut prose = |field: &str, text: Option<&str>, max: usize, into: &mut String| {
            if let Some(text) = text.and_then(|t| errors.take(text::optional_prose(field, t, max))) {
                *into = text;
            }
        };
        prose("document", input.document.as_deref(), MAX_DOCUMENT, &mut new.document);
        prose("letter", input.letter.as_deref(), MAX_LETTER, &mut new.letter);
        if let Some(title) = input.letter_title.as_deref() {
            let title = errors.take(text::optional_line("letter_title", Some(title), MAX_TITLE)).flatten();
            new.letter_title = title.unwrap_or_default();
        }
        new.audience = input.audience.unwrap_or(new.audience);
        if let Some(authors) = &input.authors {
            new.authors = names(&mut errors, "authors", authors);
        }
        if let Some(reviewers) = &input.reviewers {
            new.reviewers = names(&mut errors, "reviewers", reviewers);
        }
        errors.finish()?;
        if new == old {
            // Two who type the same, or an autosave that came twice: nothing is lost, so nothing is refused.
            return Ok(old);
        }
        if old.version != expected {
            return Err(AppError::conflict(&old));
        }
        let changed = json!({"version": expected + 1, "document": new.document != old.document, "letter": new.letter != old.letter,
            "title": new.title != old.title});
        self.save_postmortem(tx, caller, (Action::Edit, Resource::Postmortem), new, changed, now).await
    }

    /// Hands a draft to its reviewers.
    pub async fn submit_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Postmortem, AppError> {
        caller.require(Action::Edit, Resource::Postmortem)?;
        self.move_postmortem(caller, id, expected, PostmortemState::InReview).await
    }

    /// Takes a postmortem back from review.
    pub async fn withdraw_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<i64>,
    ) -> Result<Postmortem, AppError> {
        caller.require(Action::Edit, Resource::Postmortem)?;
        self.move_postmortem(caller, id, expected, PostmortemState::Draft).await
    }

    async fn move_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        expected: Option<i64>,
        to: PostmortemState,
    ) -> Result<Postmortem, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut p = find_for_update(&mut tx, id).await?;
        if expected.is_some_and(|expected| expected != p.version) {
            return Err(AppError::conflict(&p));
        }
        if p.state == to {
            return Ok(p);
        }
        if p.state == PostmortemState::Published {
            return Err(AppError::Refused(
                "it is published; edit it as it is, every earlier version is kept".into(),
            ));
        }
        let detail = json!({"state": {"from": p.state, "to": to}});
        p.state = to;
        self.save_postmortem(tx, caller, (Action::Edit, Resource::Postmortem), p, detail, now).await
    }

    /// Writes a changed postmortem, which is held by the transaction, and commits. `what` was done to what, for the
    /// audit log; what is published shows on the incident, too.
    pub(super) async fn save_postmortem(
        &self,
        mut tx: Tx,
        caller: &Caller,
        (action, resource): (Action, Resource),
        mut p: Postmortem,
        detail: serde_json::Value,
        now: Timestamp,
    ) -> Result<Postmortem, AppError> {
        let expected = p.version;
        (p.version, p.updated_at) = (expected + 1, now);
        if !postmortem::update(&mut tx, &p, expected, &caller.actor).await? {
            let current = postmortem::get(&mut tx, &p.id).await?.ok_or(AppError::NotFound("postmortem"))?;
            return Err(AppError::conflict(&current));
        }
        // The counters of both logs come last, in the order in which every use case takes them.
        record::changed(&mut tx, caller, action, resource, p.id.as_str(), detail, now).await?;
        if resource != Resource::Postmortem {
            feed::push(&mut tx, Resource::Postmortem.as_str(), p.id.as_str(), now).await?;
        }
        if action == Action::Publish
            && let Some(incident) = &p.incident_id
        {
            feed::push(&mut tx, Resource::Incident.as_str(), incident.as_str(), now).await?;
        }
        self.commit(tx).await?;
        Ok(p)
    }
}

/// Names of people: at most 30, each one line.
fn names(errors: &mut FieldErrors, field: &str, names: &[String]) -> Vec<String> {
    if names.len() > 30 {
        errors.add(field, "holds more than 30 names; leave some out");
        return vec![];
    }
    let mut kept: Vec<String> = Vec::new();
    for (n, name) in names.iter().enumerate() {
        if let Some(name) = errors.take(text::line(&format!("{field}/{n}"), name, 120))
            && !kept.contains(&name)
        {
            kept.push(name);
        }
    }
    kept
}
