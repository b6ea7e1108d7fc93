//! Styles, scripts, fonts and icons: in the binary, under paths that change with their content, compressed once.
//!
//! To add a file, put it into `static/` and a line into [`files`]. `static/README.md` says what is there.

use crate::public::document::{Document, Kind};
use base64::Engine;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One file as it lies in `static/`.
struct File {
    name: &'static str,
    bytes: Cow<'static, [u8]>,
}

macro_rules! file {
    ($name:literal) => {
        File { name: $name, bytes: Cow::Borrowed(include_bytes!(concat!("../static/", $name))) }
    };
}

const TOKENS: &str = include_str!("../static/tokens.css");
const BASE: &str = include_str!("../static/base.css");
const BASE_SCRIPT: &str = include_str!("../static/base.js");

/// The fonts come first: the styles name them by their final paths.
fn fonts() -> Vec<File> {
    vec![
        file!("fonts/inter-core.woff2"),
        file!("fonts/inter-latin.woff2"),
        file!("fonts/inter-latin-ext.woff2"),
        file!("fonts/inter-greek.woff2"),
        file!("fonts/inter-cyrillic.woff2"),
        file!("fonts/marks.woff2"),
        file!("fonts/Inter-OFL.txt"),
    ]
}

fn files() -> Vec<File> {
    let made = |name, text: String| File { name, bytes: Cow::Owned(text.into_bytes()) };
    vec![
        made(
            "app.css",
            [TOKENS, BASE, include_str!("../static/app.css"), include_str!("../static/postmortem.css")]
                .concat(),
        ),
        made("app.js", shortened(include_str!("../static/app.js"))),
        made("write.js", shortened(include_str!("../static/write.js"))),
        made("lint.js", shortened(include_str!("../static/lint.js"))),
        made("base.js", shortened(BASE_SCRIPT)),
        made("public.js", shortened(&[BASE_SCRIPT, include_str!("../static/public.js")].concat())),
        made("push.js", shortened(include_str!("../static/push.js"))),
        file!("favicon.svg"),
    ]
}

struct Assets {
    urls: HashMap<&'static str, String>,
    documents: HashMap<String, Document>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets { urls: HashMap::new(), documents: HashMap::new() };
    for file in fonts() {
        assets.add(file.name, &file.bytes);
    }
    for file in files() {
        if file.name.ends_with(".css") {
            let text = with_paths(&minified(&String::from_utf8_lossy(&file.bytes)), &assets.urls);
            assets.add(file.name, text.as_bytes());
        } else {
            assets.add(file.name, &file.bytes);
        }
    }
    assets
});

impl Assets {
    fn add(&mut self, name: &'static str, bytes: &[u8]) {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let stem = stem.rsplit('/').next().unwrap_or(stem);
        let digest = Sha256::digest(bytes);
        let hash: String = digest.iter().take(5).map(|b| format!("{b:02x}")).collect();
        let url = format!("/static/{stem}-{hash}.{extension}");
        let kind = Kind::Asset(match extension {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "woff2" => "font/woff2",
            _ => "text/plain; charset=utf-8",
        });
        self.documents.insert(url.clone(), Document::new(kind, bytes.to_vec(), Timestamp::UNIX_EPOCH));
        self.urls.insert(name, url);
    }
}

/// The path under which the file `name` of `static/` is served, such as `/static/app-0123456789.css`.
///
/// Panics if there is no such file: names are literals, and a test renders every template.
pub fn url(name: &str) -> &'static str {
    ASSETS.urls.get(name).unwrap_or_else(|| panic!("static/{name} is not in the table of assets.rs"))
}

/// The asset with this path, if it is one.
pub fn find(path: &str) -> Option<&'static Document> {
    ASSETS.documents.get(path)
}

/// Every asset with its path.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Document)> {
    ASSETS.documents.iter().map(|(path, document)| (path.as_str(), document))
}

/// The styles of the public page, which stand in it, so that the first answer paints; and what the Content Security
/// Policy says to allow exactly them.
pub struct InlineStyle {
    /// The text between `<style>` and `</style>`.
    pub css: String,
    /// The source expression, such as `'sha256-…='`.
    pub source: String,
}

/// The styles of the public page.
pub static PUBLIC_STYLE: LazyLock<InlineStyle> = LazyLock::new(|| {
    let css = minified(&[TOKENS, BASE, include_str!("../static/public.css")].concat());
    let css = with_paths(&css, &ASSETS.urls);
    let digest = Sha256::digest(css.as_bytes());
    InlineStyle {
        source: format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest)),
        css,
    }
});

/// Puts the final paths of fonts into a style.
fn with_paths(css: &str, urls: &HashMap<&'static str, String>) -> String {
    urls.iter().fold(css.to_owned(), |css, (name, url)| {
        css.replace(&format!("url(\"{name}\")"), &format!("url({url})"))
    })
}

/// Takes comments and needless blanks out of our own styles. Strings in them hold neither.
fn minified(css: &str) -> String {
    let mut text = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        text.push_str(&rest[..start]);
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    text.push_str(rest);
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }) {
        if c == ' ' && out.ends_with([' ', '{', '}', ';', ',', ':']) {
            continue;
        }
        if matches!(c, '{' | '}' | ';' | ',') && out.ends_with(' ') {
            out.pop();
        }
        if c == '}' && out.ends_with(';') {
            out.pop();
        }
        out.push(c);
    }
    out.trim().to_owned()
}

/// Takes the lines of comments and the indentation out of our own scripts, in which no text goes over a line.
fn shortened(script: &str) -> String {
    let mut comment = false;
    let mut out = String::with_capacity(script.len());
    for line in script.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        comment |= begins;
        if !comment && !line.is_empty() {
            out.push_str(line);
            out.push('\n');
        }
        if comment && line.ends_with("*/") {
            comment = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_name_fonts_by_their_final_paths() {
        assert!(PUBLIC_STYLE.css.contains("url(/static/inter-core-"));
        assert!(!PUBLIC_STYLE.css.contains("url(\""), "{}", PUBLIC_STYLE.css);
        assert!(url("app.css").starts_with("/static/app-"));
        assert!(find(url("fonts/marks.woff2")).is_some());
        assert!(find("/static/app-0000000000.css").is_none());
    }

    #[test]
    fn minifying_keeps_selectors_apart() {
        let css =
            minified("/* x */ .a  .b > :first-child { color : red; }\n.c:not(.d) a, .e { margin: 0 auto; }");
        assert_eq!(css, ".a .b > :first-child{color :red}.c:not(.d) a,.e{margin:0 auto}");
    }

    #[test]
    fn scripts_lose_only_comments_and_indentation() {
        let script = "/* a\n   b */\n(() => {\n  const x = \"/* y */\"; /* kept, but harmless */\n  /* gone */\n\n  x();\n})();\n";
        assert_eq!(
            shortened(script),
            "(() => {\nconst x = \"/* y */\"; /* kept, but harmless */\nx();\n})();\n"
        );
        assert!(!shortened(BASE_SCRIPT).contains("/* Theme"));
    }

    /// The colours of one theme: the block of tokens.css that begins with `start`.
    fn theme(start: &str) -> HashMap<String, [f64; 3]> {
        let at = TOKENS.find(start).expect("theme") + start.len();
        let block = &TOKENS[at..at + TOKENS[at..].find('}').expect("end")];
        block
            .split(';')
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"))
            .map(|(name, hex)| {
                let part = |i: usize| {
                    let c = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")) / 255.0;
                    if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
                };
                (name.to_owned(), [part(0), part(2), part(4)])
            })
            .collect()
    }

    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let light = |c: [f64; 3]| 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2] + 0.05;
        let (a, b) = (light(a), light(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn every_pair_can_be_read_in_both_themes() {
        let light = theme(":root {");
        let dark = theme(":root:not([data-theme=\"light\"]) {");
        assert_eq!(
            dark,
            theme(":root[data-theme=\"dark\"] {"),
            "the dark values stand twice and are the same"
        );
        for (name, colours) in [("light", light), ("dark", dark)] {
            let check = |a: &str, b: &str, least: f64| {
                let found = contrast(colours[a], colours[b]);
                assert!(found >= least, "{name}: {a} on {b} is {found:.2}, must be {least}");
            };
            for ground in ["paper", "paper-raised", "paper-sunk"] {
                for text in ["ink", "ink-soft", "accent", "ok", "degraded", "partial", "major", "maintenance"]
                {
                    check(text, ground, 4.5);
                }
                check("edge", ground, 3.0);
            }
            check("accent-ink", "accent", 4.5);
            for state in ["ok", "degraded", "partial", "major", "maintenance"] {
                let tint = format!("{state}-tint");
                check(state, &tint, 4.5);
                check("ink", &tint, 4.5);
                check("ink-soft", &tint, 4.5);
                check(&format!("{state}-mark"), "paper-raised", 3.0);
            }
        }
    }
}
