//! What a postmortem said before: its versions, and what changed from one to the next.

use super::diff::{Kind, Line, compare};
use super::{Head, Tab, incident_of, tone};
use crate::error::PageError;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::Tone;
use crate::pages::show;
use crate::pages::when::{Markup, When};
use amends_app::AppError;
use amends_model::{PostmortemVersion, Publication};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::SignedDuration;

/// As many versions are looked through for one page.
const LOOKED_THROUGH: usize = 200;
/// Versions that one person saved without a longer pause are one time of writing.
const PAUSE: SignedDuration = SignedDuration::from_mins(20);

/// One time of writing, or one version where all are asked for.
struct Row {
    /// The newest version of it.
    version: i64,
    /// How many versions it has.
    saves: usize,
    by: String,
    at: Markup,
    tone: Option<Tone>,
    what: String,
    href: String,
    shown: bool,
}

/// What changed in one part.
struct Part {
    label: &'static str,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "app/postmortem_history.html")]
struct Page {
    frame: Frame,
    head: Head,
    rows: Vec<Row>,
    older: Option<String>,
    /// From which version to which.
    from: i64,
    to: i64,
    parts: Vec<Part>,
    /// What was published with it.
    publication: Option<Publication>,
    saved: Markup,
    by: String,
}

/// `GET /app/postmortems/{id}/history?to=7&from=4&before=…`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let p = here.app.postmortem(&here.caller, &id).await?;
    let number = |name: &str| here.query(name).and_then(|n| n.parse::<i64>().ok());
    let found = here.app.postmortem_history(&here.caller, &id, number("before"), LOOKED_THROUGH).await?;
    let when = here.when();
    let times = times_of_writing(&found);
    // Without a wish, the newest time of writing is shown.
    let to = number("to").or(times.first().map(|t| t.to)).unwrap_or(p.version);
    let from = number("from").unwrap_or_else(|| times.iter().find(|t| t.to == to).map_or(to - 1, |t| t.from));
    let (new, old) = (version(&here, &id, to).await?, version(&here, &id, from.min(to - 1)).await?);
    let new = new.ok_or(AppError::NotFound("version"))?;
    let incident = incident_of(&here, &p).await?;
    let head = Head::of(&here, &p, incident.as_ref(), Tab::History);
    let oldest = found.last().filter(|v| found.len() == LOOKED_THROUGH && v.version > 1);
    Ok(show(&Page {
        frame: here.frame(Place::Postmortems, &format!("History of {}", p.title)).await?,
        rows: times.iter().map(|t| row(t, &head.here, to, &when)).collect(),
        older: oldest.map(|v| format!("{}/history?before={}", head.here, v.version)),
        parts: parts(old.as_ref(), &new),
        publication: new.publication.clone(),
        from: old.as_ref().map_or(0, |v| v.version),
        to,
        saved: when.stamp(new.saved_at),
        by: new.saved_by.name.clone(),
        head,
    }))
}

/// One version; none before the first.
async fn version(here: &Here, id: &str, number: i64) -> Result<Option<PostmortemVersion>, AppError> {
    let found = here.app.postmortem_history(&here.caller, id, number.checked_add(1), 1).await?;
    Ok(found.into_iter().next().filter(|v| v.version == number))
}

/// Versions that belong together.
struct Time<'v> {
    newest: &'v PostmortemVersion,
    to: i64,
    /// The version before the first of them.
    from: i64,
    saves: usize,
    texts: Vec<&'v PostmortemVersion>,
    before: Option<&'v PostmortemVersion>,
}

/// Brings together what one person saved in one go; a change of the state stands by itself. Newest first.
fn times_of_writing(versions: &[PostmortemVersion]) -> Vec<Time<'_>> {
    let mut times: Vec<Time> = Vec::new();
    for (n, version) in versions.iter().enumerate() {
        let before = versions.get(n + 1);
        if let Some(last) = times.last_mut()
            && let Some(after) = last.texts.last()
            && after.saved_by == version.saved_by
            && after.state == version.state
            // What was published is a version of its own, with the texts as they went out.
            && last.newest.publication.is_none()
            && version.publication.is_none()
            && after.saved_at.duration_since(version.saved_at) < PAUSE
        {
            (last.from, last.before) = (version.version - 1, before);
            last.saves += 1;
            last.texts.push(version);
            continue;
        }
        times.push(Time {
            newest: version,
            to: version.version,
            from: version.version - 1,
            saves: 1,
            texts: vec![version],
            before,
        });
    }
    times
}

fn row(time: &Time, here: &str, shown: i64, when: &When) -> Row {
    let (new, old) = (time.newest, time.before);
    let mut changed = Vec::new();
    let mut note = |differs: bool, word: &'static str| {
        if differs {
            changed.push(word);
        }
    };
    if let Some(old) = old {
        note(old.title != new.title, "title");
        note(old.document != new.document, "document");
        note(old.letter != new.letter || old.letter_title != new.letter_title, "letter");
    }
    let moved = old.is_some_and(|old| old.state != new.state);
    if let Some(publication) = &new.publication {
        changed.push(match (publication.letter, &publication.despite) {
            (true, None) => "letter published",
            (true, Some(_)) => "letter published despite findings",
            (false, None) => "",
            (false, Some(_)) => "despite findings",
        });
    }
    changed.retain(|word| !word.is_empty());
    Row {
        version: time.to,
        saves: time.saves,
        by: new.saved_by.name.clone(),
        at: when.stamp(new.saved_at),
        tone: moved.then(|| tone(new.state)),
        what: match old {
            None if time.from == 0 => "drafted".into(),
            _ => changed.join(", "),
        },
        href: format!("{here}/history?to={}&from={}", time.to, time.from),
        shown: time.to == shown,
    }
}

fn parts(old: Option<&PostmortemVersion>, new: &PostmortemVersion) -> Vec<Part> {
    let of =
        |field: fn(&PostmortemVersion) -> &str| (old.map_or("", field).to_owned(), field(new).to_owned());
    let texts = [
        ("Title", of(|v| &v.title)),
        ("Document", of(|v| &v.document)),
        ("Title of the letter", of(|v| &v.letter_title)),
        ("Letter to customers", of(|v| &v.letter)),
    ];
    let compared = texts.into_iter().map(|(label, (old, new))| Part { label, lines: compare(&old, &new) });
    compared.filter(|part| !part.lines.is_empty()).collect()
}

impl Line {
    /// The class of a line.
    fn class(&self) -> &'static str {
        match self.kind {
            Kind::Same => "same",
            Kind::Gone => "gone",
            Kind::New => "new",
            Kind::Skipped => "skipped",
        }
    }

    /// What a screen reader says before it.
    fn spoken(&self) -> &'static str {
        match self.kind {
            Kind::Gone => "gone: ",
            Kind::New => "new: ",
            Kind::Same | Kind::Skipped => "",
        }
    }
}
