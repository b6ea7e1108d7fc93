use super::file::{self, File, FileAction};
use super::{MAX_DOCUMENT, MAX_LETTER, export, fill, template};
use crate::action::owner_of;
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::incident::MAX_TITLE;
use crate::record;
use amends_lint::read::facts::{Audience as Read, MilestoneKind};
use amends_lint::{Reading, Source};
use amends_model::{
    Action, ActionId, ActionState, Audience, CorrectiveAction, ImportedFrom, Milestone, Milestones,
    Postmortem, PostmortemId, PostmortemState, Resource, Term, text,
};
use amends_store::{Tx, action, incident, postmortem};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    /// Its name, which says what it is when it is imported again. A day in it counts.
    pub path: String,
    /// Markdown.
    pub text: String,
}

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// It is here now.
    Created,
    /// It was here, and is as in the file now; the earlier version is kept.
    Updated,
    /// It was here already.
    Unchanged,
    /// It was not taken; the notes say why.
    Refused,
}

/// What was understood of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportedPostmortem {
    /// Name of the file.
    pub path: String,
    /// What came of it.
    pub outcome: ImportOutcome,
    /// Id of the postmortem.
    pub id: Option<PostmortemId>,
    /// Title.
    pub title: String,
    /// Milestones with their times.
    pub milestones: Milestones,
    /// How many sentences name a cause.
    pub causes: usize,
    /// How many questions and answers its why trees have.
    pub whys: usize,
    /// How many corrective actions it has.
    pub actions: usize,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Most files in one import.
const MAX_FILES: usize = 2_000;
/// Longest text of an action, in characters.
const MAX_ACTION: usize = 2_000;

impl App {
    /// Imports postmortems: those that were exported here come back without loss, others are read as a person would
    /// (title, times, milestones, actions). Importing a file again changes nothing, or brings its new text; what was
    /// edited here since is left alone. One file that cannot be taken does not stop the others.
    pub async fn import_postmortems(
        &self,
        caller: &Caller,
        files: &[ImportFile],
    ) -> Result<Vec<ImportedPostmortem>, AppError> {
        caller.require(Action::Create, Resource::Import)?;
        if files.len() > MAX_FILES {
            return Err(AppError::field(
                "files",
                format!("holds more than {MAX_FILES}; import them in parts"),
            ));
        }
        let mut lines = Vec::with_capacity(files.len());
        for file in files {
            let mut line = ImportedPostmortem {
                path: text::cleaned(&file.path, 500),
                outcome: ImportOutcome::Refused,
                id: None,
                title: String::new(),
                milestones: Milestones::default(),
                causes: 0,
                whys: 0,
                actions: 0,
                notes: vec![],
            };
            match self.import_one(caller, file, &mut line).await {
                Ok(outcome) => line.outcome = outcome,
                // What is wrong with one file is said beside it; what is wrong with us ends the import.
                Err(AppError::Refused(why)) => line.notes.push(why),
                Err(AppError::Invalid(errors)) => line.notes.push(errors.to_string()),
                Err(other) => return Err(other),
            }
            lines.push(line);
        }
        Ok(lines)
    }

    async fn import_one(
        &self,
        caller: &Caller,
        from: &ImportFile,
        line: &mut ImportedPostmortem,
    ) -> Result<ImportOutcome, AppError> {
        let now = self.now();
        if from.text.chars().count() > MAX_DOCUMENT + MAX_LETTER {
            return Err(AppError::Refused(format!(
                "it has more than {} characters",
                MAX_DOCUMENT + MAX_LETTER
            )));
        }
        if from.text.trim().is_empty() {
            return Err(AppError::Refused("it is empty; there is nothing to import".into()));
        }
        let hash: String =
            Sha256::digest(from.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tx = self.begin().await?;
        let zone = page_of(&mut tx).await?.zone();
        let reading = amends_lint::read(Source { path: Some(&from.path), text: &from.text });
        (line.causes, line.whys) = (reading.facts.causes.len(), reading.facts.whys.len());
        let ours = file::is_ours(&from.text);
        let mut file = if ours {
            file::read(&from.text).map_err(AppError::Refused)?
        } else {
            self.understand(&reading, &from.text, &zone, now, &mut line.notes)
        };
        clean(&mut file);
        line.title.clone_from(&file.title);
        line.milestones = file.milestones.clone();
        line.actions = file.actions.len();
        let known = match ours {
            true => postmortem::get(&mut tx, &file.id).await?,
            false => postmortem::of_source(&mut tx, &line.path).await?,
        };
        if let Some(old) = known {
            line.id = Some(old.id.clone());
            return self.import_again(tx, caller, old, file, hash, line, now).await;
        }
        if let Some(id) = &file.incident_id {
            let taken = match incident::get(&mut tx, id).await? {
                None => {
                    line.notes.push(format!("there is no incident {id} here, so it is linked to none"));
                    true
                }
                Some(_) => match postmortem::of_incident(&mut tx, id).await? {
                    Some(other) => {
                        line.notes.push(format!(
                            "incident {id} has the postmortem {} already, so it is linked to none",
                            other.id
                        ));
                        true
                    }
                    None => false,
                },
            };
            if taken {
                file.incident_id = None;
            }
        }
        let source = (!ours).then(|| ImportedFrom { path: line.path.clone(), hash, version: 1 });
        let new = postmortem_of(file.clone(), source, now);
        postmortem::insert(&mut tx, &new, &caller.actor).await?;
        line.id = Some(new.id.clone());
        for written in &file.actions {
            self.import_action(&mut tx, &new, written, now).await?;
        }
        let detail = json!({"import": line.path, "actions": file.actions.len()});
        record::changed(&mut tx, caller, Action::Create, Resource::Postmortem, new.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(ImportOutcome::Created)
    }

    /// Imports a file of which an earlier state is here.
    #[expect(clippy::too_many_arguments, reason = "one step of one use case, split for reading")]
    async fn import_again(
        &self,
        mut tx: Tx,
        caller: &Caller,
        old: Postmortem,
        file: File,
        hash: String,
        line: &mut ImportedPostmortem,
        now: Timestamp,
    ) -> Result<ImportOutcome, AppError> {
        if old.imported.as_ref().is_some_and(|source| source.hash == hash) {
            return Ok(ImportOutcome::Unchanged);
        }
        if let Some(source) = &old.imported
            && old.version > source.version
        {
            return Err(AppError::Refused(
                "it was edited here since it was imported; take over by hand what is new".into(),
            ));
        }
        let actions = action::of(&mut tx, Some(&old.id), None).await?;
        let here = export::file_of(&old, &old.milestones, &actions);
        let mut wanted = file.clone();
        // What a file cannot decide: the link to an incident that is here, and milestones that the record derives.
        wanted.incident_id.clone_from(&old.incident_id);
        if old.incident_id.is_some() {
            wanted.milestones.clone_from(&old.milestones);
        }
        let before: Vec<String> = actions.iter().map(|action| action.text.clone()).collect();
        let missing: Vec<&FileAction> = wanted
            .actions
            .iter()
            .filter(|written| {
                !actions.iter().any(|a| a.id.as_str() == written.id) && !before.contains(&written.text)
            })
            .collect();
        let texts_same = File { actions: vec![], id: here.id.clone(), ..wanted.clone() }
            == File { actions: vec![], ..here.clone() };
        if texts_same && missing.is_empty() {
            if let Some(source) = old.imported.clone() {
                let mut p = old;
                p.imported = Some(ImportedFrom { hash, version: p.version + 1, ..source });
                self.save_imported(tx, caller, p, &line.path, now).await?;
            }
            return Ok(ImportOutcome::Unchanged);
        }
        for written in &missing {
            self.import_action(&mut tx, &old, written, now).await?;
        }
        let source = old.imported.as_ref().map(|source| ImportedFrom {
            path: source.path.clone(),
            hash,
            version: old.version + 1,
        });
        let mut p = postmortem_of(wanted, source, now);
        (p.id, p.version, p.created_at) = (old.id, old.version, old.created_at);
        // What customers read changes only when somebody publishes it.
        p.published_letter = old.published_letter;
        self.save_imported(tx, caller, p, &line.path, now).await?;
        Ok(ImportOutcome::Updated)
    }

    async fn save_imported(
        &self,
        tx: Tx,
        caller: &Caller,
        p: Postmortem,
        path: &str,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let what = (Action::Edit, Resource::Postmortem);
        self.save_postmortem(tx, caller, what, p, json!({"import": path}), now).await?;
        Ok(())
    }

    async fn import_action(
        &self,
        tx: &mut Tx,
        p: &Postmortem,
        written: &FileAction,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let (owner, owner_id) = match &written.owner {
            Some(owner) => owner_of(tx, owner).await?,
            None => (None, None),
        };
        // An id that is taken (the file was copied) is given anew.
        let wanted = written.id.parse::<ActionId>().ok();
        let taken = match &wanted {
            Some(id) => action::get(tx, id).await?.is_some(),
            None => true,
        };
        let id = wanted.filter(|_| !taken).unwrap_or_else(|| self.new_id(ActionId::from_random));
        let new = CorrectiveAction {
            id,
            postmortem_id: Some(p.id.clone()),
            incident_id: p.incident_id.clone(),
            text: written.text.clone(),
            owner,
            owner_id,
            due: written.due,
            term: written.term,
            state: written.state,
            note: written.note.clone(),
            tracker: written.tracker.clone(),
            closed_at: written.closed_at.or((written.state != ActionState::Open).then_some(now)),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        Ok(action::insert(tx, &new).await?)
    }

    /// Reads a report that was written elsewhere.
    fn understand(
        &self,
        reading: &Reading<'_>,
        source: &str,
        zone: &TimeZone,
        now: Timestamp,
        notes: &mut Vec<String>,
    ) -> File {
        let facts = &reading.facts;
        let mut milestones = Milestones::default();
        for found in &facts.milestones {
            let kind = match found.kind {
                MilestoneKind::Start => Milestone::Started,
                MilestoneKind::Detected => Milestone::Detected,
                MilestoneKind::Declared => Milestone::Declared,
                MilestoneKind::FirstWord => Milestone::FirstWord,
                MilestoneKind::Mitigated => Milestone::Mitigated,
                MilestoneKind::Resolved => Milestone::Resolved,
                MilestoneKind::Trigger => continue,
            };
            let local = || found.local?.to_zoned(zone.clone()).ok().map(|at| at.timestamp());
            if let Some(at) = found.at.or_else(local) {
                milestones.set(kind, at, format!("line {} of the imported file", found.line));
            }
        }
        if facts.time_zone.is_none() && !facts.milestones.is_empty() {
            let name = zone.iana_name().unwrap_or("UTC");
            notes.push(format!("it names no time zone; its times were read in the page's, {name}"));
        }
        if milestones.started.is_none() {
            notes.push("no time was found at which it began".to_owned());
        }
        if facts.actions.is_empty() {
            notes.push("no corrective actions were found".to_owned());
        }
        let day = facts
            .date
            .as_ref()
            .and_then(|day| day.value.to_zoned(zone.clone()).ok())
            .map(|at| at.timestamp());
        let happened_at = milestones.started.as_ref().map(|time| time.at).or(day).unwrap_or(now).min(now);
        let ended = milestones.resolved.as_ref().map(|time| time.at).unwrap_or(happened_at);
        let published_at = Some(ended.clamp(happened_at, now));
        let title = facts.title.as_ref().map_or_else(
            || reading.document.path.unwrap_or("Postmortem").to_owned(),
            |title| title.value.clone(),
        );
        let body = reading.document.front.as_ref().map_or(0, |front| front.span.end);
        let actions = facts
            .actions
            .iter()
            .map(|found| FileAction {
                id: String::new(),
                text: found.text.clone(),
                owner: found.owner.clone(),
                due: found.due_date,
                term: Term::Medium,
                state: if found.done { ActionState::Done } else { ActionState::Open },
                note: String::new(),
                tracker: found.tracker.clone(),
                closed_at: None,
            })
            .collect();
        File {
            id: self.new_id(PostmortemId::from_random),
            incident_id: None,
            title: title.clone(),
            template: "imported".to_owned(),
            letter_template: template::LETTER.to_owned(),
            audience: match facts.audience.as_ref().map(|audience| audience.value) {
                Some(Read::Customers) => Audience::Customers,
                Some(Read::Internal) | None => Audience::Internal,
            },
            state: PostmortemState::Published,
            milestones,
            happened_at,
            created_at: now,
            published_at,
            published_letter: None,
            authors: vec![],
            reviewers: vec![],
            document: fill::disarm(source.get(body..).unwrap_or_default().trim()),
            letter_title: String::new(),
            letter: String::new(),
            actions,
        }
    }
}

/// Makes every text of a file one that may be kept: what comes from elsewhere cannot be refused for a character.
fn clean(file: &mut File) {
    // Blanks at the beginning may mean code; those at the end mean nothing.
    let tidy = |text: &mut String, max: usize| {
        let kept: String = text.chars().filter(|c| !text::is_deceptive(*c)).take(max).collect();
        kept.trim_end().clone_into(text);
    };
    let line = |text: &mut String, max: usize| {
        let one: String = text::cleaned(text, max).split_whitespace().collect::<Vec<_>>().join(" ");
        *text = one;
    };
    line(&mut file.title, MAX_TITLE);
    if file.title.is_empty() {
        file.title = "Postmortem".to_owned();
    }
    line(&mut file.letter_title, MAX_TITLE);
    line(&mut file.template, 40);
    line(&mut file.letter_template, 40);
    tidy(&mut file.document, MAX_DOCUMENT);
    tidy(&mut file.letter, MAX_LETTER);
    for name in file.authors.iter_mut().chain(&mut file.reviewers) {
        line(name, 120);
    }
    if let Some(letter) = &mut file.published_letter {
        line(&mut letter.title, MAX_TITLE);
        tidy(&mut letter.text, MAX_LETTER);
    }
    for action in &mut file.actions {
        tidy(&mut action.text, MAX_ACTION);
        tidy(&mut action.note, MAX_ACTION);
        if let Some(owner) = &mut action.owner {
            line(owner, 120);
        }
        action.owner.take_if(|owner| owner.is_empty());
        let web = |tracker: &String| tracker.starts_with("https://") || tracker.starts_with("http://");
        action.tracker = action.tracker.take().filter(web).map(|tracker| text::cleaned(&tracker, 500));
    }
    file.actions.retain(|action| !action.text.is_empty());
}

fn postmortem_of(file: File, imported: Option<ImportedFrom>, now: Timestamp) -> Postmortem {
    Postmortem {
        id: file.id,
        incident_id: file.incident_id,
        title: file.title,
        template: file.template,
        letter_template: file.letter_template,
        audience: file.audience,
        state: file.state,
        document: file.document,
        letter_title: file.letter_title,
        letter: file.letter,
        published_letter: file.published_letter,
        authors: file.authors,
        reviewers: file.reviewers,
        milestones: file.milestones,
        happened_at: file.happened_at,
        published_at: file.published_at,
        imported,
        created_at: file.created_at,
        updated_at: now,
        version: 1,
    }
}
