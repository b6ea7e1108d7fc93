use super::{Api, Body, read_odd_text, show};
use crate::cli::Failure;
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
        /// Also print what a person should know of each
        #[arg(long)]
        notes: bool,
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
        Import::Postmortems { paths, notes } => postmortems(api, &paths, notes).await,
    }
}

/// As many files are sent at once, and as many bytes.
const AT_ONCE: (usize, usize) = (100, 4 << 20);

async fn postmortems(api: &Api, paths: &[PathBuf], notes: bool) -> Result<(), Failure> {
    let files = markdown_files(paths)?;
    if files.is_empty() {
        return Err(Failure::usage("there is no Markdown file (*.md, *.markdown) in what was named"));
    }
    let (mut results, mut waiting, mut bytes): (Vec<Json>, Vec<Json>, usize) = (Vec::new(), Vec::new(), 0);
    for (file, name) in files {
        let read = std::fs::read(&file)
            .map_err(|e| Failure::usage(format!("{} cannot be read: {e}", file.display())))?;
        let text = String::from_utf8_lossy(&read).into_owned();
        if waiting.len() == AT_ONCE.0 || bytes + text.len() > AT_ONCE.1 {
            results.extend(send(api, std::mem::take(&mut waiting)).await?);
            bytes = 0;
        }
        bytes += text.len();
        waiting.push(json!({"path": name, "text": text}));
    }
    results.extend(send(api, waiting).await?);
    let count = |outcome: &str| results.iter().filter(|r| r["outcome"] == outcome).count();
    let (created, updated, unchanged, refused) =
        (count("created"), count("updated"), count("unchanged"), count("refused"));
    let read = results.len();
    let list = json!({"items": results, "next_cursor": null});
    api.show(&list, |list| {
        let mut words = postmortem_table(list);
        if notes {
            words += &notes_of(list);
        }
        words + &format!(
            "{read} files read: {created} new, {updated} changed, {unchanged} as before, {refused} refused.\n"
        )
    });
    if refused > 0 { Err(Failure::said_no(format!("{refused} files were not imported"))) } else { Ok(()) }
}

async fn send(api: &Api, files: Vec<Json>) -> Result<Vec<Json>, Failure> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let body = Body::new().with("files", files);
    Ok(show::items(&api.post("/imports/postmortems", body).await?))
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
    let short = |text: String, most: usize| {
        if text.chars().count() > most {
            text.chars().take(most - 1).collect::<String>() + "…"
        } else {
            text
        }
    };
    let headings = ["file", "title", "began", "milestones", "causes", "whys", "actions", "result"];
    show::list(list, &headings, "Nothing was read.", |r| {
        let known =
            r["milestones"].as_object().map_or(0, |all| all.values().filter(|m| !m.is_null()).count());
        let mut result = show::text(r, "outcome");
        if result == "refused" {
            result += &format!(": {}", notes_on(r).join("; "));
        }
        vec![
            short(show::text(r, "path"), 44),
            short(show::text(r, "title"), 44),
            show::time(&r["milestones"]["started"], "at"),
            known.to_string(),
            show::text(r, "causes"),
            show::text(r, "whys"),
            show::text(r, "actions"),
            result,
        ]
    })
}

/// What a person should know of one file.
fn notes_on(result: &Json) -> Vec<String> {
    let notes = result["notes"].as_array().into_iter().flatten().filter_map(Json::as_str);
    notes.map(|note| show::clean(&note.replace('\n', " "))).collect()
}

fn notes_of(list: &Json) -> String {
    let lines = show::items(list);
    let said = lines
        .iter()
        .flat_map(|r| notes_on(r).into_iter().map(|n| format!("{}: {n}\n", show::text(r, "path"))));
    said.collect()
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
