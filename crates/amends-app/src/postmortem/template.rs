//! Templates: the text that a document or letter begins with. Pure, but for reading the operator's folder.
//!
//! A template is one Markdown file with TOML front matter:
//!
//! ```text
//! +++
//! name = "short"                 # a to z, 0 to 9 and -; what `--template` and the API take
//! title = "Short report"         # what people choose from
//! for = "document"               # document, letter or both
//! description = "One line."
//! +++
//! ## What happened
//!
//! <!-- A hint for the writer; readers never see comments. -->
//!
//! {{impact}}
//! ```
//!
//! Facts stand in it as placeholders (see [`super::facts`]). Four templates are built in; files in the folder
//! `templates` of the data folder add others, and replace a built-in one of the same name.

use super::fill;
use amends_model::{Audience, text};
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The template of a document when none is asked for.
pub const DOCUMENT: &str = "five-questions";
/// The template of a letter when none is asked for.
pub const LETTER: &str = "regret-reason-remedy";

const BUILT_IN: [(&str, &str); 4] = [
    ("five-questions.md", include_str!("../../templates/five-questions.md")),
    ("regret-reason-remedy.md", include_str!("../../templates/regret-reason-remedy.md")),
    ("summary-timeline.md", include_str!("../../templates/summary-timeline.md")),
    ("disruption.md", include_str!("../../templates/disruption.md")),
];

/// Longest template, in bytes.
const MAX_BYTES: usize = 100_000;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemplateFor {
    /// The internal document.
    Document,
    /// The customers' letter.
    Letter,
    /// Either.
    Both,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Template {
    /// What `--template` and the API take.
    pub name: String,
    /// What people choose from.
    pub title: String,
    /// What it is for.
    #[serde(rename = "for")]
    pub for_: TemplateFor,
    /// One line about it.
    pub description: String,
    /// The text that a document begins with, Markdown with placeholders.
    pub body: String,
    /// Whether it is one of those that come with Amends.
    pub built_in: bool,
}

/// A file in the operator's folder that is no template, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateProblem {
    /// Name of the file.
    pub file: String,
    /// What is wrong and what to do.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    name: String,
    title: String,
    #[serde(rename = "for")]
    for_: TemplateFor,
    #[serde(default)]
    description: String,
}

impl Template {
    /// Reads one file.
    ///
    /// Errors: what is wrong and what to do, in words.
    pub fn read(text: &str, built_in: bool) -> Result<Template, String> {
        let text = text.replace("\r\n", "\n");
        // Editors on Windows put a mark of the encoding before the text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let rest = text
            .strip_prefix("+++\n")
            .ok_or("it must begin with a line ‘+++’, then name, title and for, then another line ‘+++’")?;
        let (front, body) = rest.split_once("\n+++\n").ok_or("the second line ‘+++’ is missing")?;
        let front: Front = toml::from_str(front).map_err(|e| e.message().to_owned())?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if front.name.is_empty() || front.name.len() > 40 || !front.name.chars().all(plain) {
            return Err(format!(
                "the name ‘{}’ may hold only a to z, 0 to 9 and -, at most 40",
                front.name.chars().take(60).collect::<String>()
            ));
        }
        let said = |e: text::FieldError| format!("its {} {}", e.pointer.trim_start_matches('/'), e.detail);
        let title = text::line("title", &front.title, 120).map_err(said)?;
        let description = text::optional_line("description", Some(&front.description), 500).map_err(said)?;
        let body = text::prose("text", body, MAX_BYTES).map_err(said)?;
        let audience =
            if front.for_ == TemplateFor::Document { Audience::Internal } else { Audience::Customers };
        if let Some(problem) = fill::check(&body, audience).into_iter().next() {
            return Err(format!("line {} of its text: {}", problem.line, problem.message));
        }
        Ok(Template {
            name: front.name,
            title,
            for_: front.for_,
            description: description.unwrap_or_default(),
            body: body.trim().to_owned(),
            built_in,
        })
    }

    /// Whether it can be used for the document or for the letter.
    pub fn serves(&self, letter: bool) -> bool {
        match self.for_ {
            TemplateFor::Both => true,
            TemplateFor::Document => !letter,
            TemplateFor::Letter => letter,
        }
    }
}

/// The templates that come with Amends.
pub fn built_in() -> Vec<Template> {
    BUILT_IN.iter().filter_map(|(_, text)| Template::read(text, true).ok()).collect()
}

/// Every template: those of the operator's folder and the built-in ones that they do not replace, by title; and what
/// in the folder was not understood.
pub fn all(folder: &Path) -> (Vec<Template>, Vec<TemplateProblem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => Some(entries),
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                problems.push(TemplateProblem { file: String::new(), message: error.to_string() });
            }
            None
        }
    };
    let mut files: Vec<_> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match text_of(&path).and_then(|text| Template::read(&text, false)) {
            Ok(template) if found.iter().any(|other: &Template| other.name == template.name) => {
                let message =
                    format!("another file has the name ‘{}’ already; choose another name", template.name);
                problems.push(TemplateProblem { file, message });
            }
            Ok(template) => found.push(template),
            Err(message) => problems.push(TemplateProblem { file, message }),
        }
    }
    let own: Vec<String> = found.iter().map(|template| template.name.clone()).collect();
    let mut all: Vec<Template> =
        built_in().into_iter().filter(|template| !own.contains(&template.name)).collect();
    found.sort_by(|a, b| a.title.cmp(&b.title));
    all.extend(found);
    (all, problems)
}

/// The text of a file. Links are followed: folders that are mounted into containers are made of them. What is no file has
/// no end, or waits for somebody to write.
fn text_of(path: &Path) -> Result<String, String> {
    let wrong = |e: std::io::Error| e.to_string();
    if !std::fs::metadata(path).map_err(wrong)?.is_file() {
        return Err("it is not a file".into());
    }
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    std::fs::File::open(path).map_err(wrong)?.take(most).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8; save it in that encoding".into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_is_good() {
        assert_eq!(built_in().len(), BUILT_IN.len());
        for (file, text) in BUILT_IN {
            let template = Template::read(text, true).unwrap();
            assert_eq!(file, format!("{}.md", template.name));
            assert!(!template.description.is_empty() && template.body.starts_with("## "));
        }
        assert!(built_in().iter().any(|t| t.name == DOCUMENT && t.serves(false)));
        assert!(built_in().iter().any(|t| t.name == LETTER && t.serves(true)));
    }

    #[test]
    fn what_is_no_good_text_is_refused_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let file = |front: &str, body: &str| format!("+++\n{front}\nfor = \"document\"\n+++\n{body}");
        std::fs::write(at("a.md"), file("name = \"a\"\ntitle = \" \"", "x")).unwrap();
        std::fs::write(at("b.md"), file("name = \"b\"\ntitle = \"a\\u202eb\"", "x")).unwrap();
        std::fs::write(at("c.md"), file("name = \"c\"\ntitle = \"C\"", "bell\u{7}")).unwrap();
        std::fs::write(at("d.md"), file("name = \"d\"\ntitle = \"D\"", "\n \n")).unwrap();
        std::fs::write(at("e.md"), b"+++\nname = \"e\"\ntitle = \"caf\xe9\"\nfor = \"both\"\n+++\nx")
            .unwrap();
        std::fs::write(at("f.md"), file("name = \"f\"\ntitle = \"F\"", &"x".repeat(MAX_BYTES))).unwrap();
        std::fs::create_dir(at("g.md")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/dev/zero", at("h.md")).unwrap();
        std::fs::write(at("z.md"), format!("\u{feff}{}", file("name = \"z\"\ntitle = \"Z\"", "x"))).unwrap();
        let (all, problems) = all(folder.path());
        assert!(all.last().is_some_and(|t| t.name == "z"), "{all:?}");
        let said: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
        let wanted = ["title", "title", "text", "text", "UTF-8", "longer", "not a file", "not a file"];
        for (said, wanted) in said.iter().zip(wanted) {
            assert!(said.contains(wanted), "{said} says {wanted}");
        }
        assert_eq!(said.len(), if cfg!(unix) { 8 } else { 7 }, "{problems:?}");
    }

    #[test]
    fn operators_add_and_replace_and_are_told_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "short.md",
            "+++\r\nname = \"short\"\r\ntitle = \"Short\"\r\nfor = \"document\"\r\n+++\r\n## What\r\n\r\n{{impact}}\r\n",
        );
        write("mine.md", "+++\nname = \"five-questions\"\ntitle = \"Ours\"\nfor = \"both\"\n+++\nx");
        write("bad-name.md", "+++\nname = \"A b\"\ntitle = \"x\"\nfor = \"document\"\n+++\nx");
        write("bad-fact.md", "+++\nname = \"b\"\ntitle = \"x\"\nfor = \"document\"\n+++\nx\n\n{{strated}}");
        write("bad-letter.md", "+++\nname = \"c\"\ntitle = \"x\"\nfor = \"letter\"\n+++\n{{timeline}}");
        write("none.md", "hello");
        write("ignored.txt", "hello");
        let (all, problems) = all(folder.path());
        assert_eq!(
            all.iter().map(|t| (t.name.as_str(), t.built_in)).collect::<Vec<_>>(),
            [
                ("regret-reason-remedy", true),
                ("summary-timeline", true),
                ("disruption", true),
                ("five-questions", false),
                ("short", false)
            ]
        );
        assert_eq!(all.last().unwrap().body, "## What\n\n{{impact}}");
        let said: Vec<(&str, bool)> = problems
            .iter()
            .map(|p| {
                (
                    p.file.as_str(),
                    ["name", "started", "internal", "+++"].iter().any(|w| p.message.contains(w)),
                )
            })
            .collect();
        assert_eq!(
            said,
            [("bad-fact.md", true), ("bad-letter.md", true), ("bad-name.md", true), ("none.md", true)],
            "{problems:?}"
        );
    }
}
