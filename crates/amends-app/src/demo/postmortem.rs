//! The demo's postmortems: front matter, sections by `##` headings and, after `# Letter`, the customers' letter.

use serde::Deserialize;

/// One postmortem as written, times not yet filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Writing {
    /// Key of the incident that it is about.
    pub key: String,
    /// What stands before the text.
    pub front: Front,
    /// Heading and Markdown of each section.
    pub sections: Vec<(String, String)>,
    /// Heading and Markdown of each part of the letter; empty when there is none.
    pub letter: Vec<(String, String)>,
}

/// Front matter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// Name of the template.
    pub template: String,
    /// Person who wrote it.
    pub author: String,
    /// Days after the incident on which it was published. `None` while it is being written or reviewed.
    pub published: Option<i64>,
    /// Days after the incident on which the letter was published.
    pub letter_published: Option<i64>,
    /// `draft` or `in_review` when it is not published.
    pub status: Option<String>,
    /// Persons who read it before.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Corrective actions.
    #[serde(default)]
    pub action: Vec<ActionWriting>,
}

/// A corrective action.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionWriting {
    /// What will be done.
    pub text: String,
    /// Person who does it.
    pub owner: String,
    /// `short`, `medium` or `long`.
    pub term: String,
    /// Days after the incident on which it is due.
    pub due: i64,
    /// Days after the incident on which it was done.
    pub done: Option<i64>,
    /// How it is known that it holds.
    pub note: Option<String>,
}

/// Reads one file.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(key: &str, text: &str) -> Result<Writing, String> {
    let rest = text.strip_prefix("+++\n").ok_or("no front matter")?;
    let (front, body) = rest.split_once("\n+++\n").ok_or("the front matter has no end")?;
    let front: Front = toml::from_str(front).map_err(|e| e.to_string())?;
    let (document, letter) = body.split_once("\n# Letter\n").unwrap_or((body, ""));
    let writing =
        Writing { key: key.to_owned(), front, sections: sections(document)?, letter: sections(letter)? };
    if writing.front.letter_published.is_some() == writing.letter.is_empty() {
        return Err("a letter and its day of publication go together".to_owned());
    }
    if writing.front.published.is_some() == writing.front.status.is_some() {
        return Err("either `published` or `status` is given, not both".to_owned());
    }
    Ok(writing)
}

fn sections(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("## "), out.last_mut()) {
            (Some(heading), _) => out.push((heading.trim().to_owned(), String::new())),
            (None, Some((_, body))) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => return Err(format!("\"{line}\" stands before the first heading")),
        }
    }
    for (heading, body) in &mut out {
        *body = body.trim().to_owned();
        if body.is_empty() {
            return Err(format!("\"{heading}\" is empty"));
        }
    }
    Ok(out)
}
