//! Time zones to choose from: one field that is typed into, with every place as a suggestion and what its clocks show.

use super::fields::Fields;
use super::when::Markup;
use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::LazyLock;

/// Names of the tz database that are places; not its aliases such as `US/Eastern`.
static PLACES: LazyLock<Vec<(String, TimeZone)>> = LazyLock::new(|| {
    let areas = [
        "Africa/",
        "America/",
        "Antarctica/",
        "Arctic/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    ];
    let names = jiff::tz::db().available().map(|name| name.to_string());
    let mut names: Vec<String> = names.filter(|n| areas.iter().any(|area| n.starts_with(area))).collect();
    names.sort();
    names.dedup();
    names.insert(0, "Etc/UTC".into());
    names.into_iter().filter_map(|name| Some((name.clone(), TimeZone::get(&name).ok()?))).collect()
});

/// `UTC+01:00`, as clocks there are set at `now`.
fn offset(zone: &TimeZone, now: Timestamp) -> String {
    let text = now.to_zoned(zone.clone()).strftime("%:z").to_string();
    if text == "+00:00" { "UTC".into() } else { format!("UTC{text}") }
}

/// Every place, with what its clocks show.
pub(crate) fn places(now: Timestamp) -> Vec<(&'static str, String)> {
    PLACES.iter().map(|(name, zone)| (name.as_str(), offset(zone, now))).collect()
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="field"><label for="{{ name }}">{{ label }}</label><input id="{{ name }}" name="{{ name }}" type="text" value="{{ form.value(name) }}" list="{{ name }}-zones" autocomplete="off" autocapitalize="none" spellcheck="false" required{% if form.has("guess_zone") %} data-guess-zone{% endif %}{{ form.marks(name) }}><span class="hint">{{ hint }} Type a city to find it, such as Berlin. <button type="button" class="linkish" data-own-zone="{{ name }}" hidden></button></span>{{ form.says(name) }}</p><datalist id="{{ name }}-zones">{% for (place, offset) in places %}<option value="{{ place }}">{{ offset }}</option>{% endfor %}</datalist>"#
)]
struct Zone<'a> {
    form: &'a Fields,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    places: Vec<(&'static str, String)>,
}

impl Fields {
    /// A field for a time zone. The browser offers its own zone, and fills it in when `guess_zone` is set.
    pub fn zone(&self, name: &str, label: &str, hint: &str, now: &Timestamp) -> Markup {
        let field = Zone { form: self, name, label, hint, places: places(*now) };
        // Writing into a String fails only if a value's Display fails; these are strings.
        Markup(field.render().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_offered_with_what_its_clocks_show() {
        let form = Fields::of([("zone", "Europe/Berlin\"".into())]);
        let winter = "2026-11-20T15:00:00Z".parse().expect("instant");
        let html = form.zone("zone", "Zone", "", &winter).0;
        assert!(html.contains(r#"<option value="Europe/Berlin">UTC+01:00</option>"#), "{html}");
        assert!(html.contains(r#"<option value="Asia/Kolkata">UTC+05:30</option>"#), "{html}");
        assert!(html.contains(r#"<option value="Etc/UTC">UTC</option>"#), "{html}");
        assert!(html.contains(r#"value="Europe/Berlin&#34;""#), "{html}");
        assert!(!html.contains("US/Eastern") && html.matches("<option").count() > 300);
    }
}
