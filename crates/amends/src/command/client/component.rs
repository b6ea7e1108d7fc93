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
    List,
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
        Component::List => {
            let found = api.get("/components").await?;
            api.show(&found, |l| {
                show::list(l, &["id", "name", "status", "group"], "There are no components yet.", |c| {
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
            let all = show::items(&api.get("/components").await?);
            let matching: Vec<&Json> = all
                .iter()
                .filter(|c| {
                    c["id"] == component.as_str()
                        || c["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(&component))
                })
                .collect();
            let id = match matching.as_slice() {
                [one] => one["id"].as_str().unwrap_or_default().to_owned(),
                [] if amends_model::id::is_id(&component) => component.clone(),
                [] => {
                    return Err(Failure::said_no(format!(
                        "there is no component ‘{component}’; ‘amends component list’ shows them"
                    )));
                }
                _ => {
                    return Err(Failure::said_no(format!(
                        "‘{component}’ is the name of several components; give the id"
                    )));
                }
            };
            let changed = api.patch(&format!("/components/{}", encoded(&id)), body).await?;
            api.show(&changed, |c| format!("{} is {}.\n", show::text(c, "name"), show::text(c, "status")));
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
