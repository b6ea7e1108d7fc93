//! Corrective actions: rows under a postmortem, the list over all incidents, and each on its own.

mod list;
mod one;

use super::fields::Fields;
use super::frame::Here;
use super::incidents::Tone;
use super::when::Markup;
use super::{go, markdown};
use crate::error::PageError;
use crate::state::WebState;
use amends_app::AppError;
use amends_app::action::{ActionLine, NewAction};
use amends_model::{Action, ActionState, CorrectiveAction, Resource, Term};
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::civil::Date;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/app/actions", get(list::page))
        .route("/app/actions/{id}", get(one::page).post(one::edit))
        .route("/app/actions/{id}/close", post(one::close))
        .route("/app/actions/{id}/open", post(one::open))
        .route("/app/actions/{id}/remove", post(one::remove))
        .route("/app/postmortems/{id}/actions", post(add))
}

/// One action as a row.
pub(super) struct Row {
    pub href: String,
    pub text: String,
    pub owner: Option<String>,
    pub mine: bool,
    pub due: Option<String>,
    /// How late it is, in words.
    pub late: Option<String>,
    pub term: &'static str,
    pub tone: Tone,
    pub open: bool,
    pub note: Option<Markup>,
    pub tracker: Option<String>,
    /// What it belongs to: address and name; none where the page says it already.
    pub about: Option<(String, String)>,
}

impl Row {
    /// The row of `action` on the day `today` in the page's zone.
    pub fn of(here: &Here, action: &CorrectiveAction, today: Date) -> Self {
        let open = action.state == ActionState::Open;
        let me = here.caller.person.as_ref().map(|p| &p.id);
        Row {
            href: format!("/app/actions/{}", action.id),
            text: action.text.clone(),
            owner: action.owner.clone(),
            mine: action.owner_id.is_some() && action.owner_id.as_ref() == me,
            due: action.due.map(|due| day(due, today)),
            late: action.due.filter(|_| action.is_overdue(today)).map(|due| late(due, today)),
            term: action.term.label(),
            tone: tone(action.state),
            open,
            note: (!action.note.is_empty()).then(|| markdown(&action.note)),
            tracker: action.tracker.clone(),
            about: None,
        }
    }

    /// The same, with what it belongs to.
    fn of_line(here: &Here, line: &ActionLine, today: Date) -> Self {
        let action = &line.action;
        let href = match (&action.postmortem_id, line.incident_number) {
            (Some(id), _) => Some(format!("/app/postmortems/{id}")),
            (None, Some(number)) => Some(format!("/app/incidents/{number}")),
            (None, None) => None,
        };
        let name = match line.incident_number {
            Some(number) => format!("INC-{number} {}", line.about),
            None => line.about.clone(),
        };
        Row { about: href.map(|href| (href, name)), ..Row::of(here, action, today) }
    }
}

/// How a state is shown.
fn tone(state: ActionState) -> Tone {
    let (class, mark) = match state {
        ActionState::Open => ("quiet-state", "○"),
        ActionState::Done => ("ok", "●"),
        ActionState::Dropped => ("quiet-state", "◇"),
    };
    Tone { class, mark, word: state.label() }
}

/// `20 Nov`, with the year when it is another one.
fn day(day: Date, today: Date) -> String {
    day.strftime(if day.year() == today.year() { "%-d %b" } else { "%-d %b %Y" }).to_string()
}

fn late(due: Date, today: Date) -> String {
    match today.since(due).map_or(0, |passed| passed.get_days()) {
        1 => "1 day late".into(),
        days => format!("{days} days late"),
    }
}

/// The day in the page's zone, by which actions are due.
async fn today(here: &Here) -> Result<Date, AppError> {
    Ok(here.app.now().to_zoned(here.app.page().await?.zone()).date())
}

/// Actions as rows, with what may be done to them.
pub(super) struct Rows {
    pub rows: Vec<Row>,
    pub can_edit: bool,
    /// Where the small forms of the rows lead back to.
    pub back: String,
}

impl Rows {
    /// Those of one postmortem: open ones first, as they are due.
    pub async fn of(here: &Here, actions: &[CorrectiveAction], back: &str) -> Result<Self, AppError> {
        let today = today(here).await?;
        let mut sorted: Vec<&CorrectiveAction> = actions.iter().collect();
        sorted.sort_by_key(|a| (a.state != ActionState::Open, a.due.is_none(), a.due, a.created_at));
        Ok(Rows::with(here, sorted.into_iter().map(|a| Row::of(here, a, today)).collect(), back))
    }

    /// Those of a list.
    async fn of_lines(here: &Here, lines: &[ActionLine], back: &str) -> Result<Self, AppError> {
        let today = today(here).await?;
        Ok(Rows::with(here, lines.iter().map(|line| Row::of_line(here, line, today)).collect(), back))
    }

    fn with(here: &Here, rows: Vec<Row>, back: &str) -> Self {
        Rows { rows, can_edit: here.caller.may(Action::Edit, Resource::Action), back: back.to_owned() }
    }
}

/// The terms to choose from.
pub(super) fn terms() -> Vec<(&'static str, &'static str)> {
    let words = |term: &Term| match term {
        Term::Short => "Short: days",
        Term::Medium => "Medium: weeks",
        Term::Long => "Long: months",
    };
    Term::ALL.iter().map(|term| (term.as_str(), words(term))).collect()
}

/// The empty form of a new action.
pub(super) fn add_form() -> Fields {
    Fields::of([("term", Term::Medium.to_string())])
}

/// Reads a day as a date field sends it; nothing is nothing.
fn due_of(form: &mut Fields, name: &str) -> Option<Date> {
    let text = form.some(name)?;
    text.parse()
        .map_err(|_| form.refuse(name, format!("‘{text}’ is not a day; write it like 2026-12-31")))
        .ok()
}

/// `POST /app/postmortems/{id}/actions`: promises something.
async fn add(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let due = due_of(&mut form, "due");
    let term = form.word("term");
    if form.fine() {
        let input = NewAction {
            postmortem: Some(id.clone()),
            text: form.value("action").to_owned(),
            owner: form.some("owner"),
            due,
            term,
            ..NewAction::default()
        };
        match here.app.add_action(&here.caller, input).await {
            Ok(_) => return Ok(go(&format!("/app/postmortems/{id}?said=added#actions"))),
            Err(AppError::Invalid(errors)) => {
                form.refuse_all(&errors, |parts| (parts.first() == Some(&"text")).then(|| "action".into()));
            }
            Err(other) => return Err(other.into()),
        }
    }
    super::postmortems::read_again(&here, &id, form).await
}

/// A page of the app to go back to, as a form carried it; the list of actions if it is none.
fn back_of(form: &Fields) -> &str {
    let back = form.value("back");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_?=&#".contains(c);
    if back.starts_with("/app/") && back.chars().all(plain) { back } else { "/app/actions" }
}
