//! Which room may import which, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;

/// The doors: a room and the rooms that it may import. What is not named here is not allowed.
pub const DOORS: &[(&str, &[&str])] = &[
    ("amends-model", &[]),
    ("amends-lint", &["amends-model"]),
    ("amends-store", &["amends-model"]),
    ("amends-memory", &["amends-model", "amends-store"]),
    ("amends-egress", &[]),
    ("amends-courier", &["amends-model", "amends-store", "amends-egress"]),
    ("amends-watch", &["amends-model", "amends-egress"]),
    (
        "amends-app",
        &["amends-model", "amends-lint", "amends-store", "amends-memory", "amends-courier", "amends-watch"],
    ),
    ("amends-web", &["amends-model", "amends-lint", "amends-app"]),
];

/// Developer's crates: they may import anything, and nothing that is shipped may import them.
pub const TOOLS: &[&str] = &["amends-testkit", "xtask"];

/// Crates from outside that belong to certain rooms, with the reason.
const KEEPERS: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["amends-store"], "all SQL lives in amends-store"),
    ("tokio-postgres", &["amends-store"], "all SQL lives in amends-store"),
    ("deadpool-postgres", &["amends-store"], "all SQL lives in amends-store"),
    ("refinery", &["amends-store"], "all SQL lives in amends-store"),
    ("tantivy", &["amends-memory"], "the search index lives in amends-memory"),
    ("axum", &["amends-web", "amends"], "HTTP lives in amends-web"),
    ("askama", &["amends-web"], "pages live in amends-web"),
    ("reqwest", &["amends-egress"], "only amends-egress opens sockets to the outside"),
    (
        "hyper-util",
        &["amends-egress", "amends-web", "amends"],
        "only amends-egress opens sockets to the outside",
    ),
    ("hickory-resolver", &["amends-egress"], "only amends-egress asks the DNS"),
    ("tokio-rustls", &["amends-egress"], "only amends-egress speaks TLS to the outside"),
];

/// A pure room has neither a runtime nor input and output.
const PURE: &[(&str, &[&str])] = &[
    ("amends-model", &["tokio", "tracing", "getrandom", "rand"]),
    ("amends-lint", &["tokio", "tracing", "getrandom", "rand"]),
];

/// Crates that must not be built at all: OpenSSL, and what needs cmake.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls with ring"),
    ("openssl-sys", "TLS is rustls with ring"),
    ("native-tls", "TLS is rustls with ring"),
];

/// Who names cmake and does not need it: `.cargo/config.toml` tells it so, and a build that cannot go without fails.
const WITHOUT_CMAKE: &str = "aws-lc-sys";

/// What a crate of the workspace imports.
#[derive(Debug, Default)]
pub struct Imports {
    /// Names of normal and build dependencies.
    pub normal: BTreeSet<String>,
}

/// Reads `cargo metadata --no-deps`.
///
/// # Errors
/// A sentence, when cargo fails or prints something else.
pub fn workspace(metadata: &serde_json::Value) -> Result<BTreeMap<String, Imports>, String> {
    let packages = metadata["packages"].as_array().ok_or("cargo metadata printed no packages")?;
    let mut workspace = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().ok_or("a package without a name")?;
        let mut imports = Imports::default();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["kind"].as_str() != Some("dev")
                && let Some(name) = dependency["name"].as_str()
            {
                imports.normal.insert(name.to_owned());
            }
        }
        workspace.insert(name.to_owned(), imports);
    }
    Ok(workspace)
}

/// Compares the imports with the tables above. `lock` is the text of `Cargo.lock`.
#[must_use]
pub fn check(workspace: &BTreeMap<String, Imports>, lock: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |room: &str, message: String| {
        findings.push(Finding { rule: "doors", path: format!("crates/{room}/Cargo.toml"), line: 0, message });
    };
    for (room, imports) in workspace {
        let is_tool = TOOLS.contains(&room.as_str());
        let doors = DOORS.iter().find(|(name, _)| name == room).map(|(_, doors)| *doors);
        if doors.is_none() && !is_tool && room != "amends" {
            say(room, format!("{room} is not in the table of rooms (crates/xtask/src/tidy/doors.rs)"));
        }
        for import in &imports.normal {
            let imports_room = workspace.contains_key(import);
            if imports_room && !is_tool && TOOLS.contains(&import.as_str()) {
                say(
                    room,
                    format!(
                        "{room} imports {import}, which is for development only: make it a dev-dependency"
                    ),
                );
            } else if imports_room && doors.is_some_and(|doors| !doors.contains(&import.as_str())) {
                say(room, format!("{room} may not import {import}: there is no door that way"));
            }
            if let Some((_, keepers, why)) = KEEPERS.iter().find(|(name, _, _)| name == import)
                && !keepers.contains(&room.as_str())
                && !is_tool
            {
                say(room, format!("{room} may not import {import}: {why}"));
            }
            if PURE.iter().any(|(pure, banned)| pure == room && banned.contains(&import.as_str())) {
                say(room, format!("{room} is pure and may not import {import}"));
            }
        }
    }
    for (banned, why) in BANNED {
        if lock.contains(&format!("name = \"{banned}\"\n")) {
            findings.push(Finding {
                rule: "doors",
                path: "Cargo.lock".to_owned(),
                line: 0,
                message: format!("{banned} is among the dependencies: {why} (see `cargo tree -i {banned}`)"),
            });
        }
    }
    for package in lock.split("[[package]]").filter(|package| package.contains("\n \"cmake\"")) {
        let name = package.split('"').nth(1).unwrap_or_default();
        if name != WITHOUT_CMAKE {
            findings.push(Finding {
                rule: "doors",
                path: "Cargo.lock".to_owned(),
                line: 0,
                message: format!("{name} is among the dependencies: nothing may need cmake to build"),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(imports: &[&str]) -> Imports {
        Imports { normal: imports.iter().map(|&i| i.to_owned()).collect() }
    }

    fn messages(rooms: &[(&str, &[&str])], lock: &str) -> Vec<String> {
        let mut workspace: BTreeMap<String, Imports> =
            DOORS.iter().map(|(name, _)| ((*name).to_owned(), Imports::default())).collect();
        workspace.extend(TOOLS.iter().map(|name| ((*name).to_owned(), Imports::default())));
        workspace.extend(rooms.iter().map(|(name, imports)| ((*name).to_owned(), room(imports))));
        check(&workspace, lock).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_doors_of_the_plan_are_open() {
        let none: Vec<String> = Vec::new();
        assert_eq!(
            messages(&[("amends-web", &["amends-app", "axum"]), ("amends", &["amends-store"])], ""),
            none
        );
    }

    #[test]
    fn a_wrong_door_a_tool_and_a_foreign_crate_are_found() {
        assert_eq!(messages(&[("amends-web", &["amends-store"])], "").len(), 1);
        assert_eq!(messages(&[("amends-courier", &["amends-app"])], "").len(), 1);
        assert_eq!(messages(&[("amends", &["amends-testkit"])], "").len(), 1);
        assert_eq!(messages(&[("amends-app", &["rusqlite"])], "").len(), 1);
        assert_eq!(messages(&[("amends-model", &["tokio"])], "").len(), 1);
        assert_eq!(messages(&[("amends-kitchen", &[])], "").len(), 1);
        assert_eq!(messages(&[], "[[package]]\nname = \"openssl-sys\"\nversion = \"1\"\n").len(), 1);
        let with_cmake =
            |name| format!("[[package]]\nname = \"{name}\"\ndependencies = [\n \"cc\",\n \"cmake\",\n]\n");
        assert_eq!(messages(&[], &with_cmake("other-sys")).len(), 1);
        assert_eq!(messages(&[], &with_cmake(WITHOUT_CMAKE)).len(), 0);
    }

    #[test]
    fn the_table_has_no_circle() {
        for (room, doors) in DOORS {
            for door in *doors {
                let back =
                    DOORS.iter().find(|(name, _)| name == door).map(|(_, doors)| *doors).unwrap_or_default();
                assert!(!back.contains(room), "{room} and {door} import each other");
            }
        }
    }
}
