use super::{Api, read_odd_text, show};
use crate::cli::{Failure, print};
use clap::Subcommand;
use hyper::Method;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub enum Import {
    /// History of another status page: its Atom feed, JSON lines, or API answers. Nobody is notified
    Statuspage {
        /// Files; - for standard input
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Postmortems in Markdown: files, or folders that are searched
    Postmortems {
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

pub async fn run(api: &Api, command: Import) -> Result<(), Failure> {
    match command {
        Import::Statuspage { files } => {
            let mut broken = false;
            for file in files {
                let (text, odd) = read_odd_text("FILE", &file)?;
                let kind =
                    if text.trim_start().starts_with('<') { "application/xml" } else { "application/json" };
                let done =
                    api.send(Method::POST, "/imports/statuspage", &[], Some((kind, text))).await?.json()?;
                broken |= done["problems"].as_array().is_some_and(|p| !p.is_empty());
                api.show(&done, |d| statuspage_words(&file, d));
                if odd {
                    eprintln!("amends: {file} holds bytes that are not UTF-8; they were imported as �");
                }
            }
            // What could be read is in; that something could not be is still worth a non-zero exit.
            if broken { Err(Failure::said_no("")) } else { Ok(()) }
        }
        Import::Postmortems { paths } => {
            let files = markdown_files(&paths)?;
            if files.is_empty() {
                return Err(Failure::usage("there is no Markdown file (*.md) in what was named"));
            }
            let (mut results, mut refused): (Vec<Json>, usize) = (Vec::new(), 0);
            for (file, name) in files {
                let result = match std::fs::read(&file) {
                    Ok(bytes) => {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        let body = json!({"path": name, "text": text}).to_string();
                        let sent = api
                            .send(Method::POST, "/imports/postmortems", &[], Some(("application/json", body)))
                            .await;
                        match sent {
                            Ok(answer) => answer.json()?,
                            Err(failure) => json!({"path": name, "problem": failure.message}),
                        }
                    }
                    Err(error) => json!({"path": name, "problem": format!("cannot be read: {error}")}),
                };
                refused += usize::from(!result["problem"].is_null());
                results.push(result);
            }
            let list = json!({"items": results});
            api.show(&list, postmortem_table);
            if refused > 0 {
                return Err(Failure::said_no(format!("{refused} files were not imported")));
            }
            if !api.json {
                print(&format!("{} files read.\n", results.len()));
            }
            Ok(())
        }
    }
}

fn statuspage_words(file: &str, d: &Json) -> String {
    let counted = |what: &str| {
        let n = |which: &str| d[what][which].as_u64().unwrap_or_default();
        let (new, updated, unchanged) = (n("new"), n("updated"), n("unchanged"));
        format!(
            "  {:>6} {what}: {new} new, {updated} changed, {unchanged} as before\n",
            new + updated + unchanged
        )
    };
    let mut words = format!("{file}, {}:\n", show::text(d, "form"));
    words += &(counted("incidents") + &counted("maintenances") + &counted("updates"));
    let added: Vec<&str> =
        d["components_added"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if !added.is_empty() {
        words += &format!("  {:>6} components added: {}\n", added.len(), added.join(", "));
    }
    for problem in d["problems"].as_array().into_iter().flatten() {
        words +=
            &format!("{file}, line {}: {}\n", show::text(problem, "line"), show::text(problem, "detail"));
    }
    words
}

fn postmortem_table(list: &Json) -> String {
    show::list(
        list,
        &["file", "title", "date", "milestones", "causes", "actions", "result"],
        "Nothing was read.",
        |r| {
            let short = |text: String, most: usize| {
                if text.chars().count() > most {
                    text.chars().take(most - 1).collect::<String>() + "…"
                } else {
                    text
                }
            };
            vec![
                short(show::text(r, "path"), 50),
                short(show::text(r, "title"), 50),
                show::text(r, "date"),
                show::text(r, "milestones"),
                show::text(r, "causes"),
                show::text(r, "actions"),
                if r["problem"].is_null() { show::text(r, "result") } else { show::text(r, "problem") },
            ]
        },
    )
}

/// The Markdown files that are named, and those in the folders that are named, with the name each is known by: its
/// path below the folder, so that importing from another place later recognises it.
fn markdown_files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let kind = std::fs::metadata(path)
            .map_err(|e| Failure::usage(format!("{} cannot be read: {e}", path.display())))?;
        if kind.is_dir() {
            let mut found = Vec::new();
            walk(path, &mut found)?;
            found.sort();
            files.extend(found.into_iter().map(|file| {
                let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
                (file, name)
            }));
        } else {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            files.push((path.clone(), name));
        }
    }
    Ok(files)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{} cannot be read: {e}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        // Links are not followed: they could lead in circles.
        let kind = entry.file_type().map_err(wrong)?;
        let path = entry.path();
        if kind.is_dir() {
            walk(&path, found)?;
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("md") || e.eq_ignore_ascii_case("markdown"))
        {
            found.push(path);
        }
    }
    Ok(())
}
