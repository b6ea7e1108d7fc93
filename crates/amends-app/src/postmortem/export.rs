use super::file::{self, File, FileAction};
use super::{find, record_of};
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use amends_model::{Action, CorrectiveAction, Milestones, Postmortem, Resource};

/// A postmortem as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What to call it: day and title.
    pub name: String,
    /// Markdown with front matter.
    pub text: String,
}

impl App {
    /// A postmortem as a Markdown file that reads well anywhere, with facts in the caller's zone, and that
    /// [`App::import_postmortems`] reads back without loss.
    pub async fn export_postmortem(&self, caller: &Caller, id: &str) -> Result<Export, AppError> {
        caller.require(Action::Read, Resource::Postmortem)?;
        caller.require(Action::Read, Resource::Action)?;
        let mut tx = self.read().await?;
        let p = find(&mut tx, id).await?;
        let record = record_of(&mut tx, &p, self.now()).await?;
        let file = file_of(&p, &record.milestones, &record.actions);
        let day = p.happened_at.to_zoned(caller.time_zone.clone()).date();
        let name = format!("{day}-{}.md", slug(&p.title));
        Ok(Export { name, text: file::write(&file, &record, &caller.time_zone) })
    }
}

/// What a file holds of a postmortem.
pub(super) fn file_of(p: &Postmortem, milestones: &Milestones, actions: &[CorrectiveAction]) -> File {
    File {
        id: p.id.clone(),
        incident_id: p.incident_id.clone(),
        title: p.title.clone(),
        template: p.template.clone(),
        letter_template: p.letter_template.clone(),
        audience: p.audience,
        state: p.state,
        milestones: milestones.clone(),
        happened_at: p.happened_at,
        created_at: p.created_at,
        published_at: p.published_at,
        published_letter: p.published_letter.clone(),
        authors: p.authors.clone(),
        reviewers: p.reviewers.clone(),
        document: p.document.clone(),
        letter_title: p.letter_title.clone(),
        letter: p.letter.clone(),
        actions: actions.iter().map(action_of).collect(),
    }
}

fn action_of(action: &CorrectiveAction) -> FileAction {
    FileAction {
        id: action.id.to_string(),
        text: action.text.clone(),
        owner: action.owner.clone(),
        due: action.due,
        term: action.term,
        state: action.state,
        note: action.note.clone(),
        tracker: action.tracker.clone(),
        closed_at: action.closed_at,
    }
}

/// A title as part of a file name.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "postmortem".to_owned() } else { slug.to_owned() }
}
