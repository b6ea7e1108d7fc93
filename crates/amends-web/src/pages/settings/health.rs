//! How the installation is: database, mail and held messages, search; and, when asked, an examination of everything
//! around it, as `amends doctor` makes it.

use super::Tab;
use crate::error::PageError;
use crate::pages::frame::{Frame, Held, Here, Place, stopped};
use crate::pages::incidents::Tone;
use crate::pages::show;
use crate::pages::when::Markup;
use amends_app::health::{Finding, Health, Level, MirrorHealth};
use amends_model::{Action, Channel, Resource};
use askama::Template;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/health.html")]
struct Page {
    frame: Frame,
    tab: Tab,
    health: Health,
    database: &'static str,
    since: Option<Markup>,
    next_probe: Option<Markup>,
    /// Channels other than mail on which nothing gets through, when they are tried again, and what was heard last.
    others: Vec<(Held, Option<Markup>, String)>,
    /// The static mirrors of this node, and since when they are as they are.
    mirrors: Vec<(MirrorHealth, Markup)>,
    last: Option<(String, &'static str, String, Markup)>,
    /// May examine.
    examines: bool,
    /// What the examination found, worst first; none if it was not asked for.
    findings: Option<Vec<Finding>>,
    operators: usize,
}

impl Page {
    /// How a finding is marked.
    const fn marked(level: &Level) -> Tone {
        let (class, mark, word) = match level {
            Level::Good => ("ok", "●", "good"),
            Level::Note => ("quiet-state", "○", "note"),
            Level::Warning => ("degraded", "◐", "warning"),
            Level::Broken => ("major", "■", "broken"),
        };
        Tone { class, mark, word }
    }
}

/// `GET /app/settings/health`, with `?look=now` after everything around was looked at.
pub async fn page(here: Here) -> Result<Response, PageError> {
    let health = here.app.health(&here.caller).await?;
    let when = here.when();
    let examines = here.caller.may(Action::Edit, Resource::Page);
    let findings = if examines && here.query("look").is_some() {
        let mut found = here.app.examine(&here.caller).await?;
        found.sort_by_key(|f| std::cmp::Reverse(f.level));
        Some(found)
    } else {
        None
    };
    let failing = health.channels.iter().filter(|c| c.failing && c.channel != Channel::Email);
    let others = failing.map(|c| {
        let (what, since) = (stopped(c.channel), when.time(c.since));
        let held = Held { what, waiting: c.waiting, since, reason: c.reason.clone() };
        (held, c.next_probe_at.map(|at| when.distance(at)), c.detail.clone())
    });
    let last = health.last_suppressed.as_ref();
    let page = Page {
        frame: here.frame(Place::Settings, "Health").await?,
        tab: Tab::Health,
        database: if health.database == "sqlite" { "SQLite, in the data folder" } else { "PostgreSQL" },
        since: health.mail.since.map(|at| when.time(at)),
        next_probe: health.mail.next_probe_at.map(|at| when.distance(at)),
        last: last.map(|s| (s.address.clone(), s.reason.as_str(), s.detail.clone(), when.stamp(s.at))),
        others: others.collect(),
        mirrors: health.mirrors.iter().map(|m| (m.clone(), when.time(m.since))).collect(),
        operators: here.app.mail().operators.len(),
        examines,
        findings,
        health,
    };
    Ok(show(&page))
}
