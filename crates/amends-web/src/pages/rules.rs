//! The manual of the linter's rules, in the app: why a finding matters, and how to write it instead.

use super::frame::{Frame, Here, Place};
use super::show;
use super::when::Markup;
use crate::error::PageError;
use crate::state::WebState;
use amends_app::AppError;
use amends_model::{Action, Resource};
use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/app/rules", get(list)).route("/app/rules/{code}", get(rule))
}

#[derive(Template)]
#[template(path = "app/rule.html")]
struct Rule {
    frame: Frame,
    code: &'static str,
    title: &'static str,
    applies: String,
    manual: Markup,
}

/// `GET /app/rules/{code}`
async fn rule(here: Here, Path(code): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Read, Resource::Postmortem)?;
    let rule = amends_lint::rules::find(&code.to_ascii_uppercase()).ok_or(AppError::NotFound("rule"))?;
    let manual = rule.manual();
    // The title stands in the page's own heading.
    let body = manual.split_once('\n').map_or("", |(_, body)| body);
    Ok(show(&Rule {
        frame: here.frame(Place::Postmortems, &format!("{}: {}", rule.code, rule.title())).await?,
        code: rule.code,
        title: rule.title(),
        applies: rule.applies(),
        manual: Markup(amends_app::markdown::html_under(body, 1)),
    }))
}

/// Rules of one family.
struct Family {
    label: &'static str,
    rules: Vec<(&'static str, &'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "app/rules.html")]
struct Rules {
    frame: Frame,
    families: Vec<Family>,
}

const FAMILIES: [(&str, &str); 12] = [
    ("T", "Times"),
    ("I", "Impact"),
    ("H", "Title"),
    ("D", "Detection"),
    ("C", "Causes"),
    ("B", "Blame"),
    ("A", "Actions"),
    ("K", "The customers’ letter"),
    ("S", "Secrets and privacy"),
    ("R", "Form"),
    ("X", "The record"),
    ("W", "Waivers"),
];

/// `GET /app/rules`
async fn list(here: Here) -> Result<Response, PageError> {
    here.require(Action::Read, Resource::Postmortem)?;
    let family = |(letter, label): &(&str, &'static str)| Family {
        label,
        rules: amends_lint::rules::ALL
            .iter()
            .filter(|rule| rule.code.starts_with(letter))
            .map(|rule| (rule.code, rule.title(), rule.level.as_str()))
            .collect(),
    };
    Ok(show(&Rules {
        frame: here.frame(Place::Postmortems, "What the linter looks for").await?,
        families: FAMILIES.iter().map(family).collect(),
    }))
}
