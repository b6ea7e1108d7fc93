//! What text may be: every field that people or programs fill goes through here before it is stored.

use serde::{Deserialize, Serialize};

/// What is wrong with one field, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Which field, as a JSON pointer (RFC 6901), such as `/components/0/status`.
    pub pointer: String,
    /// What was wrong and what to do.
    pub detail: String,
}

/// Collects everything that is wrong with an input, so that a person is told all of it at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct FieldErrors(pub Vec<FieldError>);

impl FieldErrors {
    /// Notes one more.
    pub fn add(&mut self, field: &str, detail: impl Into<String>) {
        self.0.push(error(field, detail));
    }

    /// Notes the error of `result`, or gives its value.
    pub fn take<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|e| self.0.push(e)).ok()
    }

    /// `Ok` if nothing was noted.
    pub fn finish(self) -> Result<(), FieldErrors> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        FieldErrors(vec![error])
    }
}

impl std::fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, e) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}", e.pointer.trim_start_matches('/'), e.detail)?;
        }
        Ok(())
    }
}

/// A detail may quote what was typed; what was wrong with that must not come out again.
fn error(field: &str, detail: impl Into<String>) -> FieldError {
    let mut detail: String = detail.into();
    detail.retain(|c| !is_deceptive(c));
    FieldError { pointer: format!("/{field}"), detail }
}

/// Characters that change the direction or order of what follows, or cannot be seen: they make text say something else
/// than it shows (Unicode TR 36, "Trojan Source").
pub fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        || (c.is_control() && c != '\n' && c != '\t')
}

/// One line: trimmed, 1 to `max` characters, no control or direction-changing characters.
pub fn line(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(error(field, "is empty; write something"));
    }
    if let Some(c) = text.chars().find(|c| is_deceptive(*c) || *c == '\n' || *c == '\t') {
        return Err(error(
            field,
            format!(
                "holds the character U+{:04X}, which is not allowed in one line; remove it",
                u32::from(c)
            ),
        ));
    }
    let length = text.chars().count();
    if length > max {
        return Err(error(field, format!("has {length} characters; at most {max} are allowed")));
    }
    Ok(text.to_owned())
}

/// One line or nothing.
pub fn optional_line(field: &str, text: Option<&str>, max: usize) -> Result<Option<String>, FieldError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => line(field, text, max).map(Some),
    }
}

/// Text of several lines: line ends become `\n`, spaces at the end go, 1 to `max` characters.
pub fn prose(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let text = optional_prose(field, text, max)?;
    if text.is_empty() { Err(error(field, "is empty; write something")) } else { Ok(text) }
}

/// As [`prose`], but may be empty.
pub fn optional_prose(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_end();
    if let Some(c) = text.chars().find(|c| is_deceptive(*c)) {
        return Err(error(
            field,
            format!("holds the character U+{:04X}, which is not allowed; remove it", u32::from(c)),
        ));
    }
    let length = text.chars().count();
    if length > max {
        return Err(error(field, format!("has {length} characters; at most {max} are allowed")));
    }
    Ok(text.to_owned())
}

/// Text that was written elsewhere and cannot be refused (an import): what is not allowed is left out, line ends are
/// made alike, and it is cut at a character border after `max` characters.
pub fn cleaned(text: &str, max: usize) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !is_deceptive(*c)).take(max).collect::<String>().trim().to_owned()
}

/// A mail address (RFC 5321 in the form that is used in practice): lower case, at most 254 characters, one `@`, a
/// domain with a dot, no quoting.
pub fn email(field: &str, text: &str) -> Result<String, FieldError> {
    let text = text.trim().to_lowercase();
    let wrong = || error(field, "is not a mail address; write it like ada@example.com");
    let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
    let local_ok = (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let domain_ok = domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
        && !domain.split('.').next_back().is_some_and(|tld| tld.chars().all(|c| c.is_ascii_digit()));
    if local_ok && domain_ok && text.len() <= 254 { Ok(text) } else { Err(wrong()) }
}

/// An IANA time zone name that is known here.
pub fn time_zone(field: &str, text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    match jiff::tz::TimeZone::get(text) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        Err(_) => Err(error(
            field,
            format!(
                "‘{}’ is not a time zone; write an IANA name such as Europe/Berlin or Etc/UTC",
                text.chars().take(40).collect::<String>()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_refuse_what_could_deceive() {
        assert_eq!(line("title", "  Mail is late \n", 80), Ok("Mail is late".into()));
        for wrong in ["", "  ", "a\nb", "a\u{202e}b", "a\u{0}b", "a\tb", "a\u{7f}b", "a\u{2028}b"] {
            assert!(line("title", wrong, 80).is_err(), "{wrong:?}");
        }
        assert!(line("title", "äöü", 3).is_ok() && line("title", "äöüx", 3).is_err());
    }

    #[test]
    fn what_is_said_about_a_text_does_not_deceive() {
        let mut errors = FieldErrors::default();
        errors.add("at", "‘a\u{0}b\u{202e}c’ is not a time");
        assert_eq!(errors.to_string(), "at: ‘abc’ is not a time");
    }

    #[test]
    fn addresses() {
        for right in ["Ada@Example.com", "a.b+c@sub.example.org", "ü@bücher.example"] {
            assert!(email("email", right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a b@example.com",
            "a@b@example.com\n",
            "a@-x.com",
            "a@x..com",
            "a\r\nBcc: x@example.com",
            "\"a b\"@example.com",
            "a@1.2.3.4",
            ".a@example.com",
            "a,b@example.com",
            "<a@example.com>",
        ] {
            assert!(email("email", wrong).is_err(), "{wrong:?}");
        }
    }
}
