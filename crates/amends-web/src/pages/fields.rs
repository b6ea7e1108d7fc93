//! What a person typed into a form, and what was wrong with it: a form that is shown again keeps every word.

use super::capital;
use super::when::Markup;
use amends_model::text::is_deceptive;
use amends_model::{FieldErrors, local_time};
use askama::Template;
use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A form's fields by name; a name may come several times.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    typed: Vec<(String, String)>,
    wrong: Vec<Wrong>,
}

/// What was wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Name of the field; also the id of its input.
    pub field: String,
    /// What it is called on the screen.
    pub label: String,
    /// What was wrong and what to do.
    pub detail: String,
}

impl Fields {
    /// A form with these values.
    pub fn of<const N: usize>(values: [(&str, String); N]) -> Self {
        Fields { typed: values.map(|(name, value)| (name.to_owned(), value)).into(), wrong: Vec::new() }
    }

    /// What was typed into a field; empty if it was not sent.
    pub fn value(&self, name: &str) -> &str {
        self.typed.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// What was typed into a field, unless that is nothing.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.value(name).trim()).filter(|v| !v.is_empty()).map(str::to_owned)
    }

    /// Whether the field was sent at all (a ticked box, a pressed button).
    pub fn has(&self, name: &str) -> bool {
        self.typed.iter().any(|(n, _)| n == name)
    }

    /// Whether the field was sent with this value among its values.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.typed.iter().any(|(n, v)| n == name && v == value)
    }

    /// Every value of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.typed.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Names that begin with `prefix`, with what follows it and the value.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.typed.iter().filter_map(move |(n, v)| Some((n.strip_prefix(prefix)?, v.as_str())))
    }

    /// Sets a value, replacing all of that name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.typed.retain(|(n, _)| n != name);
        self.typed.push((name.to_owned(), value.into()));
    }

    /// Adds a value to those of a name.
    pub fn add(&mut self, name: &str, value: &str) {
        self.typed.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a name out.
    pub fn remove(&mut self, name: &str) {
        self.typed.retain(|(n, _)| n != name);
    }

    /// Reads a value of a closed set of words; an unknown word is noted as wrong.
    pub fn word<T: std::str::FromStr<Err = String>>(&mut self, name: &str) -> Option<T> {
        let text = self.some(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(detail) => {
                self.refuse(name, detail);
                None
            }
        }
    }

    /// Reads a whole number, such as the version that the person saw.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.value(name).trim().parse().ok()
    }

    /// Reads a time as typed in the person's zone; nothing typed is nothing.
    pub fn past_time(&mut self, name: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let text = self.some(name)?;
        let read = local_time::parse(&text, zone, now);
        self.keep(name, read)
    }

    /// Reads a time to come: a time of day alone means the next such time.
    pub fn time_to_come(&mut self, name: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let text = self.some(name)?;
        let read = local_time::parse_ahead(&text, zone, now);
        self.keep(name, read)
    }

    fn keep<T>(&mut self, name: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|detail| self.refuse(name, detail)).ok()
    }

    /// Notes what was wrong with a field. What is quoted must not say something else than it shows.
    pub fn refuse(&mut self, field: &str, detail: impl Into<String>) {
        let label = label(field);
        let mut detail: String = detail.into();
        detail.retain(|c| !is_deceptive(c));
        self.wrong.push(Wrong { field: field.to_owned(), label, detail });
    }

    /// Notes what a use case said. `name` turns a JSON pointer's parts into the name of the field on this form; without
    /// an answer the first part is the name.
    pub fn refuse_all(&mut self, errors: &FieldErrors, name: impl Fn(&[&str]) -> Option<String>) {
        for error in &errors.0 {
            let parts: Vec<&str> = error.pointer.trim_start_matches('/').split('/').collect();
            let field = name(&parts).unwrap_or_else(|| parts.first().copied().unwrap_or("").to_owned());
            self.refuse(&field, error.detail.clone());
        }
    }

    /// Whether nothing was wrong.
    pub fn fine(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Everything that was wrong, for the summary above the form.
    pub fn wrongs(&self) -> &[Wrong] {
        &self.wrong
    }

    /// What was wrong with one field.
    pub fn wrong(&self, name: &str) -> Option<&str> {
        self.wrong.iter().find(|w| w.field == name).map(|w| w.detail.as_str())
    }

    /// What stands beneath an input when it was wrong; nothing otherwise.
    pub fn says(&self, name: &str) -> Markup {
        self.wrong(name).map_or_else(Markup::default, |detail| rendered(&Says { name, detail }))
    }

    /// The attributes of an input that was wrong or has a hint: what assistive technology needs to read it out.
    pub fn marks(&self, name: &str) -> Markup {
        match self.wrong(name) {
            Some(_) => rendered(&Marks { name }),
            None => Markup::default(),
        }
    }

    /// A field of one line.
    pub fn line(&self, name: &str, label: &str, hint: impl AsRef<str>) -> Markup {
        rendered(&Line { form: self, name, label, hint: hint.as_ref(), kind: "text", required: false })
    }

    /// A field of one line that must be filled.
    pub fn required_line(&self, name: &str, label: &str, hint: impl AsRef<str>) -> Markup {
        rendered(&Line { form: self, name, label, hint: hint.as_ref(), kind: "text", required: true })
    }

    /// A mail address that must be filled.
    pub fn address(&self, name: &str, label: &str, hint: &str) -> Markup {
        rendered(&Address { form: self, name, label, hint })
    }

    /// A password that is being chosen. What was typed is never shown again.
    pub fn new_password(&self, name: &str, label: &str, least: &usize) -> Markup {
        rendered(&NewPassword { form: self, name, label, least: *least })
    }

    /// A field of several lines; `preview` adds a place that shows as one types what readers will see.
    pub fn prose(&self, name: &str, label: &str, hint: &str, rows: usize, preview: bool) -> Markup {
        rendered(&Prose { form: self, name, label, hint, rows, preview })
    }

    /// A box to tick.
    pub fn tick(&self, name: &str, label: &str, hint: &str) -> Markup {
        rendered(&Tick { form: self, name, label, hint })
    }

    /// A choice of one out of a few, as a list that opens; each (value, label).
    pub fn select<V: AsRef<str>, L: AsRef<str>>(
        &self,
        name: &str,
        label: &str,
        hint: &str,
        choices: impl AsRef<[(V, L)]>,
    ) -> Markup {
        let choices = choices.as_ref().iter().map(|(v, l)| (v.as_ref(), l.as_ref())).collect();
        rendered(&Select { form: self, name, label, hint, choices })
    }

    /// What is carried on unseen.
    pub fn hidden(&self, name: &str) -> Markup {
        rendered(&Hidden { name, value: self.value(name) })
    }

    /// All fields, carried on unseen, without those named.
    pub fn carried(&self, without: &[&str]) -> Markup {
        let parts = self.typed.iter().filter(|(n, _)| !without.contains(&n.as_str()));
        Markup(parts.map(|(name, value)| rendered(&Hidden { name, value }).0).collect())
    }
}

/// What a field is called in the summary: its name as words.
fn label(field: &str) -> String {
    let words = match field.split_once(':') {
        Some((kind, _)) => kind,
        None => field,
    };
    capital(&words.replace('_', " "))
}

fn rendered(template: &impl Template) -> Markup {
    // Writing into a String fails only if a value's Display fails; these are strings.
    Markup(template.render().unwrap_or_default())
}

#[derive(Template)]
#[template(ext = "html", source = r#"<span class="wrong" id="{{ name }}-wrong">{{ detail }}</span>"#)]
struct Says<'a> {
    name: &'a str,
    detail: &'a str,
}

#[derive(Template)]
#[template(ext = "html", source = r#" aria-invalid="true" aria-describedby="{{ name }}-wrong""#)]
struct Marks<'a> {
    name: &'a str,
}

#[derive(Template)]
#[template(ext = "html", source = r#"<input type="hidden" name="{{ name }}" value="{{ value }}">"#)]
struct Hidden<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="field"><label for="{{ name }}">{{ label }}</label><input id="{{ name }}" name="{{ name }}" type="{{ kind }}" value="{{ form.value(name) }}" dir="auto" autocomplete="off"{% if required %} required{% endif %}{{ form.marks(name) }}>{% if !hint.is_empty() %}<span class="hint">{{ hint }}</span>{% endif %}{{ form.says(name) }}</p>"#
)]
struct Line<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    kind: &'a str,
    required: bool,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="field"><label for="{{ name }}">{{ label }}</label><input id="{{ name }}" name="{{ name }}" type="email" value="{{ form.value(name) }}" autocomplete="email" autocapitalize="none" spellcheck="false" required{{ form.marks(name) }}>{% if !hint.is_empty() %}<span class="hint">{{ hint }}</span>{% endif %}{{ form.says(name) }}</p>"#
)]
struct Address<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<div class="field"><label for="{{ name }}">{{ label }}</label><input id="{{ name }}" name="{{ name }}" type="password" autocomplete="new-password" minlength="{{ least }}" maxlength="128" required{{ form.marks(name) }}><span class="hint">At least {{ least }} characters; four unrelated words are good.</span>{{ form.says(name) }}<div class="only-js"><label class="check small"><input type="checkbox" data-reveals="{{ name }}"> <span>Show it</span></label></div></div>"#
)]
struct NewPassword<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    least: usize,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="field"><label for="{{ name }}">{{ label }}</label><textarea id="{{ name }}" name="{{ name }}" rows="{{ rows }}" dir="auto"{% if preview %} data-preview="{{ name }}-preview"{% endif %}{{ form.marks(name) }}>{{ "\n" }}{{ form.value(name) }}</textarea>{% if !hint.is_empty() %}<span class="hint">{{ hint }}</span>{% endif %}{{ form.says(name) }}</p>{% if preview %}<div class="as-seen only-js" id="{{ name }}-preview" hidden><p class="label-head">As they will see it</p><div class="prose" dir="auto" aria-live="off"></div></div>{% endif %}"#
)]
struct Prose<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    rows: usize,
    preview: bool,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<label class="check"><input type="checkbox" name="{{ name }}" value="yes"{% if form.has(name) %} checked{% endif %}{{ form.marks(name) }}> <span>{{ label }}{% if !hint.is_empty() %} <span class="hint">{{ hint }}</span>{% endif %}</span></label>{{ form.says(name) }}"#
)]
struct Tick<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="field"><label for="{{ name }}">{{ label }}</label><select id="{{ name }}" name="{{ name }}"{{ form.marks(name) }}>{% for (value, text) in choices %}<option value="{{ value }}"{% if form.is(name, value) %} selected{% endif %}>{{ text }}</option>{% endfor %}</select>{% if !hint.is_empty() %}<span class="hint">{{ hint }}</span>{% endif %}{{ form.says(name) }}</p>"#
)]
struct Select<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    choices: Vec<(&'a str, &'a str)>,
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match Form::<Vec<(String, String)>>::from_request(request, state).await {
            Ok(Form(typed)) => Ok(Fields { typed, wrong: Vec::new() }),
            Err(error) => Err(error.into_response()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_and_escaped_and_errors_stand_at_their_fields() {
        let mut form = Fields::of([("title", "\"><script>".into())]);
        let mut errors = FieldErrors::default();
        errors.add("title", "is <odd>");
        errors.add("components/1/status", "cannot be");
        form.refuse_all(&errors, |parts| (parts[0] == "components").then(|| format!("status:{}", parts[1])));
        let html = form.required_line("title", "What users cannot do", "").0;
        assert!(!html.contains("<script>") && html.contains("required"), "{html}");
        assert!(html.contains(r#"aria-invalid="true" aria-describedby="title-wrong""#), "{html}");
        assert!(html.contains("is &#60;odd&#62;"), "{html}");
        assert_eq!(form.wrong("status:1"), Some("cannot be"));
        assert_eq!(form.wrongs()[1].label, "Status");
    }

    #[test]
    fn a_text_that_begins_with_a_line_end_keeps_it() {
        // HTML takes the first line end after <textarea> away.
        let html = Fields::of([("text", "\nA".into())]).prose("text", "Text", "", 3, false).0;
        assert!(html.contains(">\n\nA</textarea>"), "{html}");
    }

    #[test]
    fn times_are_read_in_the_persons_zone() {
        let berlin = TimeZone::get("Europe/Berlin").expect("zone");
        let now: Timestamp = "2026-11-20T15:24:00Z".parse().expect("instant");
        let mut form = Fields::of([
            ("at", "15:04".into()),
            ("next", "15:04".into()),
            ("bad", "soon".into()),
            ("no", " ".into()),
        ]);
        assert_eq!(
            form.past_time("at", &berlin, now),
            Some("2026-11-20T14:04:00Z".parse().expect("instant"))
        );
        assert_eq!(
            form.time_to_come("next", &berlin, now),
            Some("2026-11-21T14:04:00Z".parse().expect("instant"))
        );
        assert_eq!(form.past_time("no", &berlin, now), None);
        assert!(form.fine());
        assert_eq!(form.past_time("bad", &berlin, now), None);
        assert!(form.wrong("bad").is_some_and(|w| w.contains("‘soon’ is not a time")));
    }
}
