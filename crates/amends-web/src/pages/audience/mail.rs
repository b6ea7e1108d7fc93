//! The built-in mail viewer: what was sent while no mail server is configured.

use crate::error::{PageError, form_urlencoded};
use crate::pages::as_mail::{counted, document, framing, linked};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::{Markup, When};
use crate::pages::{go, show, show_as};
use amends_app::mail::MailboxMail;
use amends_app::{AppError, Paging};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A mail as one row.
struct Row {
    number: i64,
    href: String,
    to: String,
    subject: String,
    at: Markup,
}

impl Row {
    fn of(mail: &MailboxMail, when: &When) -> Self {
        Row {
            number: mail.number,
            href: format!("/app/mail/{}", mail.number),
            to: mail.recipient.clone(),
            subject: mail.subject.clone(),
            at: when.stamp(mail.at),
        }
    }
}

/// Mails that came one after another and hang together; often one mail alone.
struct Run {
    newest: Row,
    others: Vec<Row>,
    count: String,
}

#[derive(Template)]
#[template(path = "app/mailbox.html")]
struct Page {
    frame: Frame,
    form: Fields,
    runs: Vec<Run>,
    older: Option<String>,
    /// Whether only some are asked for.
    narrowed: bool,
    size: u64,
    empty_it: String,
    server: Option<String>,
}

/// `GET /app/mail?to=…&cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let mut form = Fields::of([("to", here.query("to").unwrap_or_default().to_owned())]);
    let paging = Paging { limit: Some(200), cursor: here.query("cursor").map(str::to_owned) };
    let to = form.some("to");
    let found = match here.app.mailbox(&here.caller, to.as_deref(), &paging).await {
        Err(AppError::Invalid(errors)) if to.is_some() => {
            form.refuse_all(&errors, |_| None);
            here.app.mailbox(&here.caller, None, &Paging::default()).await?
        }
        other => other?,
    };
    let size = here.app.mailbox_size(&here.caller).await?;
    let when = here.when();
    let narrower = to.as_ref().map(|to| format!("to={}&", form_urlencoded(to))).unwrap_or_default();
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        frame: here.frame(Place::Page, "Mail").await?,
        runs: runs(&found.items, &when),
        older: found.next_cursor.map(|cursor| format!("/app/mail?{narrower}cursor={cursor}")),
        narrowed: to.is_some() || paging.cursor.is_some(),
        size,
        empty_it: counted(size, "mail", "mails"),
        server: here.app.mail_state(&here.caller).await?.server,
        form,
    };
    Ok(show_as(status, &page))
}

/// One update to five hundred readers is one row that opens.
fn runs(mails: &[MailboxMail], when: &When) -> Vec<Run> {
    mails
        .chunk_by(|a, b| !a.thread.is_empty() && a.thread == b.thread && a.subject == b.subject)
        .filter_map(|run| {
            let (newest, others) = run.split_first()?;
            Some(Run {
                newest: Row::of(newest, when),
                others: others.iter().map(|mail| Row::of(mail, when)).collect(),
                count: counted(run.len() as u64, "mail", "mails"),
            })
        })
        .collect()
}

#[derive(Template)]
#[template(path = "app/mail.html")]
struct One {
    frame: Frame,
    here: String,
    mail: Row,
    from: String,
    inbox: String,
    text: Markup,
    has_html: bool,
    headers: Vec<(String, String)>,
    raw: String,
    thread: Vec<Row>,
}

fn number(text: &str) -> Result<i64, AppError> {
    text.parse().map_err(|_| AppError::NotFound("mail"))
}

/// `GET /app/mail/{number}`
pub async fn one(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let opened = here.app.mailbox_mail(&here.caller, number(&id)?).await?;
    let when = here.when();
    let thread = if opened.mail.thread.is_empty() {
        Vec::new()
    } else {
        here.app.mailbox_thread(&here.caller, &opened.mail.thread, &opened.mail.recipient).await?
    };
    let from = opened.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("from"));
    let page = One {
        frame: here.frame(Place::Page, &opened.mail.subject).await?,
        here: format!("/app/mail/{}", opened.mail.number),
        mail: Row::of(&opened.mail, &when),
        from: from.map(|(_, value)| value.clone()).unwrap_or_default(),
        inbox: format!("/app/mail?to={}", form_urlencoded(&opened.mail.recipient)),
        text: linked(&opened.text),
        has_html: !opened.html.is_empty(),
        headers: opened.headers,
        raw: opened.raw,
        thread: thread
            .iter()
            .filter(|m| m.number != opened.mail.number)
            .map(|mail| Row::of(mail, &when))
            .collect(),
    };
    Ok(framing(show(&page)))
}

/// `GET /app/mail/{number}/html`: the mail as its reader sees it, for a frame.
pub async fn html(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    Ok(document(&here.app.mailbox_mail(&here.caller, number(&id)?).await?.html))
}

/// `GET /app/mail/{number}/raw`: the message as it would have gone over the wire, for a mail program to open.
pub async fn raw(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let number = number(&id)?;
    let mut response = here.app.mailbox_mail(&here.caller, number).await?.raw.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("message/rfc822"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"mail-{number}.eml\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// `POST /app/mail/empty`
pub async fn empty(here: Here) -> Result<Response, PageError> {
    here.app.empty_mailbox(&here.caller).await?;
    Ok(go("/app/mail?said=emptied"))
}
