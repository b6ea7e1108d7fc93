//! The customers' letter: exactly as they will read it, on the page and as mail, beside the button that publishes it.

use super::findings::Findings;
use super::{Head, Tab, address, incident_of};
use crate::error::PageError;
use crate::pages::as_mail::{counted, document, framing, linked};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, markdown, show_as};
use amends_app::AppError;
use amends_app::postmortem::{LetterPreview, Problem, PublishLetter};
use amends_model::{Action, Resource, Visibility};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/postmortem_letter.html")]
struct Page {
    frame: Frame,
    head: Head,
    version: i64,
    title: String,
    html: Markup,
    empty: bool,
    problems: Vec<Problem>,
    /// What stands in the way unless there is a reason.
    found: Findings,
    /// Subject of the mail, its text, and why it would wait.
    mail: Option<(String, Markup, Option<String>)>,
    recipients: u64,
    suppressed: u64,
    /// When it was published first, and last.
    published: Option<(Markup, Markup)>,
    /// Whether what is published is what stands here.
    current: bool,
    /// What customers read now, when that is another text.
    public: Option<(String, Markup)>,
    public_href: Option<String>,
    internal: bool,
    about_nothing: bool,
    can_edit: bool,
    can_publish: bool,
    stale: bool,
}

impl Page {
    /// `1 subscriber`, `9,812 subscribers`.
    fn subscribers(&self) -> String {
        counted(self.recipients, "subscriber", "subscribers")
    }

    /// Whether it can be published as it stands.
    fn ready(&self) -> bool {
        !self.empty && self.problems.is_empty() && !self.internal && !self.about_nothing
    }
}

/// `GET /app/postmortems/{id}/letter`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    render(&here, &id, false).await
}

async fn render(here: &Here, id: &str, stale: bool) -> Result<Response, PageError> {
    let p = here.app.postmortem(&here.caller, id).await?;
    let look: LetterPreview = here.app.preview_letter(&here.caller, id).await?;
    let incident = incident_of(here, &p).await?;
    let when = here.when();
    let published = p.published_letter.as_ref();
    let current = published.is_some_and(|l| l.title == look.title && l.text == look.markdown);
    let head = Head::of(here, &p, incident.as_ref(), Tab::Letter);
    let page = Page {
        frame: here.frame(Place::Postmortems, &format!("Letter: {}", look.title)).await?,
        version: look.version,
        found: Findings::errors_of(&look.findings, &head.here),
        empty: p.letter.trim().is_empty(),
        html: Markup(look.html),
        title: look.title,
        problems: look.problems,
        mail: look.mail.map(|m| (m.subject, linked(&m.text), m.held)),
        recipients: look.recipients,
        suppressed: look.suppressed,
        published: published.map(|l| (when.stamp(l.published_at), when.stamp(l.updated_at))),
        public: published.filter(|_| !current).map(|l| (l.title.clone(), markdown(&l.text))),
        current,
        public_href: incident
            .as_ref()
            .filter(|i| published.is_some() && i.visibility == Visibility::Public)
            .map(|i| format!("/incidents/{}", i.id)),
        internal: incident.as_ref().is_some_and(|i| i.visibility == Visibility::Internal),
        about_nothing: incident.is_none(),
        can_edit: here.caller.may(Action::Edit, Resource::Letter),
        can_publish: here.caller.may(Action::Publish, Resource::Letter),
        stale,
        head,
    };
    let status = if stale { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(framing(show_as(status, &page)))
}

/// `POST /app/postmortems/{id}/letter`: `to=everybody` also writes to subscribers, `to=page` does not.
pub async fn publish(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let notify = form.is("to", "everybody");
    let input = PublishLetter {
        version: form.number("version").unwrap_or(0),
        notify: Some(notify),
        despite_findings: form.some("despite"),
    };
    match here.app.publish_letter(&here.caller, &id, input).await {
        Ok(p) => {
            let said = if notify { "letter_sent" } else { "letter_shown" };
            Ok(go(&format!("{}/letter?said={said}", address(&p))))
        }
        // It is not what the person looked at: it is shown as it is now, and nothing went out.
        Err(AppError::Conflict { .. }) => render(&here, &id, true).await,
        // The page says which errors there are, and asks for the reason.
        Err(AppError::Findings(_)) => {
            let mut again = render(&here, &id, false).await?;
            *again.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(again)
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /app/postmortems/{id}/letter/mail`: the mail as its reader's program shows it.
pub async fn mail(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let look = here.app.preview_letter(&here.caller, &id).await?;
    let mail = look.mail.ok_or(AppError::NotFound("mail"))?;
    Ok(document(&mail.html))
}
