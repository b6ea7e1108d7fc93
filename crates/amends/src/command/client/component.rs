use super::{Api, Body, encoded, show};
use crate::cli::Failure;
use clap::Subcommand;
use serde_json::Value as Json;

#[derive(Debug, Subcommand)]
pub enum Component {
    /// Add a component or a group
    Add {
        /// Name as customers know it
        #[arg(long)]
        name: String,
        /// One line of explanation
        #[arg(long)]
        description: Option<String>,
        /// Name or id of the group it goes into
        #[arg(long)]
        group: Option<String>,
        /// Make a group instead of a component
        #[arg(long)]
        is_group: bool,
        /// Place on the page, from 1
        #[arg(long)]
        position: Option<i64>,
        /// Show it only while it is not operational
        #[arg(long)]
        only_show_if_degraded: bool,
        /// First day for which history is counted, such as 2026-01-31
        #[arg(long, value_name = "DAY")]
        start_date: Option<String>,
    },
    /// List components
    List {
        /// Those that were taken off the page instead
        #[arg(long)]
        archived: bool,
    },
    /// Change a component
    Set {
        /// Name or id
        component: String,
        /// operational, degraded_performance, partial_outage, major_outage or under_maintenance
        #[arg(long)]
        status: Option<String>,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// New explanation; empty for none
        #[arg(long)]
        description: Option<String>,
        /// Name or id of the group; empty to take it out
        #[arg(long)]
        group: Option<String>,
        /// New place on the page
        #[arg(long)]
        position: Option<i64>,
        /// Take it off the page (true) or put it back (false); its history is kept
        #[arg(long)]
        archived: Option<bool>,
    },
}

const ARCHIVED: &str = "/components?archived=true";

pub async fn run(api: &Api, command: Component) -> Result<(), Failure> {
    match command {
        Component::Add {
            name,
            description,
            group,
            is_group,
            position,
            only_show_if_degraded,
            start_date,
        } => {
            let body = Body::new()
                .with("name", name)
                .with_some("description", description)
                .with_some("group", group)
                .with("is_group", is_group)
                .with_some("position", position)
                .with("only_show_if_degraded", only_show_if_degraded)
                .with_some("start_date", start_date);
            let made = api.post("/components", body).await?;
            api.show(&made, |c| format!("Added {} ({}).\n", show::text(c, "name"), show::text(c, "id")));
        }
        Component::List { archived } => {
            let (path, none) = match archived {
                true => (ARCHIVED, "Nothing was taken off the page."),
                false => ("/components", "There are no components yet."),
            };
            let found = api.get(path).await?;
            api.show(&found, |l| {
                show::list(l, &["id", "name", "status", "group"], none, |c| {
                    vec![
                        show::text(c, "id"),
                        show::text(c, "name"),
                        if c["is_group"] == true { "(group)".into() } else { show::text(c, "status") },
                        group_name(l, c),
                    ]
                })
            });
        }
        Component::Set { component, status, name, description, group, position, archived } => {
            let or_null = |text: String| if text.is_empty() { Json::Null } else { Json::String(text) };
            let body = Body::new()
                .with_some("status", status)
                .with_some("name", name)
                .with_some("description", description.map(or_null))
                .with_some("group", group.map(or_null))
                .with_some("position", position)
                .with_some("archived", archived);
            if body.is_empty() {
                return Err(Failure::usage(
                    "nothing to change; give --status, --name, --description, --group, --position or --archived",
                ));
            }
            let is_it = |c: &Json| {
                c["id"] == component.as_str()
                    || c["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(&component))
            };
            let mut matching = show::items(&api.get("/components").await?);
            matching.retain(is_it);
            // What is off the page steps back behind what is on it.
            if matching.is_empty() {
                matching = show::items(&api.get(ARCHIVED).await?);
                matching.retain(is_it);
            }
            let id = match matching.as_slice() {
                [one] => one["id"].as_str().unwrap_or_default().to_owned(),
                [] if amends_model::id::is_id(&component) => component.clone(),
                [] => {
                    return Err(Failure::said_no(format!(
                        "there is no component ‘{component}’; ‘amends component list’ shows them, with --archived those off the page"
                    )));
                }
                _ => {
                    return Err(Failure::said_no(format!(
                        "‘{component}’ is the name of several components; give the id"
                    )));
                }
            };
            let changed = api.patch(&format!("/components/{}", encoded(&id)), body).await?;
            api.show(&changed, |c| {
                let name = show::text(c, "name");
                match archived {
                    Some(true) => format!("{name} is off the page. Its history is kept.\n"),
                    Some(false) => format!("{name} is on the page.\n"),
                    None if c["is_group"] == true => format!("The group {name} is changed.\n"),
                    None => format!("{name} is {}.\n", show::text(c, "status")),
                }
            });
        }
    }
    Ok(())
}

fn group_name(list: &Json, component: &Json) -> String {
    let group = list["items"].as_array().and_then(|all| {
        all.iter().find(|c| !component["group_id"].is_null() && c["id"] == component["group_id"])
    });
    group.map_or_else(|| "-".into(), |g| show::text(g, "name"))
}
