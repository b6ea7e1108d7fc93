//! Secrets in a text: known formats, and assignments whose value looks random.

use std::borrow::Cow;

use crate::read::span::Span;

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secret {
    /// Where.
    pub span: Span,
    /// What it looks like, with its article.
    pub what: &'static str,
}

/// What the characters behind a prefix are.
#[derive(Clone, Copy)]
enum Body {
    /// Capital letters and digits.
    Upper,
    /// Letters and digits.
    Word,
    /// Letters, digits, `-` and `_`.
    Url,
    /// The same and full stops.
    Dotted,
    /// Hexadecimal digits.
    Hex,
}

struct Format {
    prefix: &'static str,
    body: Body,
    least: usize,
    most: usize,
    what: &'static str,
    /// The last six characters are the checksum of those before, in base 62.
    checksum: bool,
}

const fn format(prefix: &'static str, body: Body, least: usize, most: usize, what: &'static str) -> Format {
    Format { prefix, body, least, most, what, checksum: false }
}

const fn checked(prefix: &'static str, what: &'static str) -> Format {
    Format { prefix, body: Body::Word, least: 36, most: 36, what, checksum: true }
}

/// Formats as the services publish them. Lengths are those of the part behind the prefix.
const FORMATS: &[Format] = &[
    format("AKIA", Body::Upper, 16, 16, "an AWS access key"),
    format("ASIA", Body::Upper, 16, 16, "a temporary AWS access key"),
    checked("ghp_", "a GitHub token"),
    checked("gho_", "a GitHub token"),
    checked("ghu_", "a GitHub token"),
    checked("ghs_", "a GitHub token"),
    checked("ghr_", "a GitHub token"),
    format("github_pat_", Body::Url, 82, 82, "a GitHub token"),
    format("glpat-", Body::Url, 20, 64, "a GitLab token"),
    format("xoxb-", Body::Url, 20, 120, "a Slack token"),
    format("xoxp-", Body::Url, 20, 120, "a Slack token"),
    format("xoxa-", Body::Url, 20, 120, "a Slack token"),
    format("xapp-", Body::Url, 20, 160, "a Slack token"),
    format("sk_live_", Body::Word, 20, 120, "a Stripe key"),
    format("rk_live_", Body::Word, 20, 120, "a Stripe key"),
    format("whsec_", Body::Word, 24, 80, "a webhook's secret"),
    format("AIza", Body::Url, 35, 35, "a Google API key"),
    format("ya29.", Body::Url, 30, 400, "a Google access token"),
    format("GOCSPX-", Body::Url, 28, 28, "a Google client secret"),
    format("SG.", Body::Dotted, 60, 70, "a SendGrid key"),
    format("key-", Body::Hex, 32, 32, "a Mailgun key"),
    format("npm_", Body::Word, 36, 36, "an npm token"),
    format("pypi-AgEIcHlwaS5vcmc", Body::Url, 50, 250, "a PyPI token"),
    format("dop_v1_", Body::Hex, 64, 64, "a DigitalOcean token"),
    format("hvs.", Body::Url, 24, 200, "a Vault token"),
    format("lin_api_", Body::Word, 32, 48, "a Linear key"),
    format("sq0csp-", Body::Url, 43, 43, "a Square secret"),
    format("shpat_", Body::Hex, 32, 32, "a Shopify token"),
    format("dapi", Body::Hex, 32, 32, "a Databricks token"),
    format("glsa_", Body::Word, 32, 48, "a Grafana token"),
];

impl Body {
    fn holds(self, byte: u8) -> bool {
        match self {
            Body::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Body::Word => byte.is_ascii_alphanumeric(),
            Body::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Body::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
            Body::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        }
    }
}

/// Length of the shortest format with its prefix.
const SHORTEST: usize = 20;

/// Every secret in a text, in order, without overlaps.
pub(crate) fn find(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    private_keys(text, &mut found);
    let mut at = 0;
    for word in text.split(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | ',' | ';')
    }) {
        // Hardly any word is long enough for the shortest format.
        if word.len() >= SHORTEST {
            prefixed(word, at, &mut found);
            signed_token(word, at, &mut found);
        }
        in_address(word, at, &mut found);
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    assignments(text, &mut found);
    found.sort_by_key(|secret| secret.span);
    found.dedup_by(|later, earlier| later.span.start < earlier.span.end);
    found
}

/// Enough to recognise it, too little to use it.
pub(crate) fn masked(secret: &str) -> String {
    let first: String = secret.lines().next().unwrap_or_default().chars().take(4).collect();
    format!("{first}…")
}

/// The text with all but the beginning of every secret in it struck out; lengths and places stay the same.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for Secret { span, .. } in found {
        let kept =
            text[span.start..span.end].char_indices().nth(4).map_or(span.end, |(kept, _)| span.start + kept);
        shown.push_str(&text[at..kept]);
        shown.extend(std::iter::repeat_n('*', span.end - kept));
        at = span.end;
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

fn push(found: &mut Vec<Secret>, start: usize, end: usize, what: &'static str) {
    found.push(Secret { span: Span::new(start, end), what });
}

fn private_keys(text: &str, found: &mut Vec<Secret>) {
    for (start, begin) in text.match_indices("-----BEGIN ") {
        let Some(line) = text[start..].lines().next() else { continue };
        if line.contains("PRIVATE KEY") && line.trim_end().ends_with("-----") {
            push(found, start, start + begin.len().max(line.trim_end().len()), "a private key");
        }
    }
}

fn prefixed(word: &str, base: usize, found: &mut Vec<Secret>) {
    for format in FORMATS {
        let Some(at) = word.find(format.prefix) else { continue };
        let inside = word[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let rest = &word[at + format.prefix.len()..];
        let length = rest.bytes().take_while(|byte| format.body.holds(*byte)).count();
        let body = &rest[..length];
        let fits = (format.least..=format.most).contains(&length);
        if inside || !fits || is_dummy(body) {
            continue;
        }
        let real = if format.checksum { has_checksum(body) } else { entropy(body) >= 2.5 };
        if real {
            push(found, base + at, base + at + format.prefix.len() + length, format.what);
            return;
        }
    }
}

/// The checksum of GitHub's and npm's tokens: CRC-32 of the random part, in base 62, in the last six characters.
fn has_checksum(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((random, given)) = body.split_at_checked(body.len().saturating_sub(6)) else { return false };
    let mut value = crc32(random.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(value % 62) as usize];
        value /= 62;
    }
    given.as_bytes() == digits
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
        crc
    })
}

/// `eyJ….eyJ….…`, three parts of which the first two are JSON in base 64.
fn signed_token(word: &str, base: usize, found: &mut Vec<Secret>) {
    let Some(at) = word.find("eyJ") else { return };
    let length = word[at..].bytes().take_while(|byte| Body::Dotted.holds(*byte)).count();
    let token = &word[at..at + length];
    let parts: Vec<&str> = token.split('.').collect();
    if parts.len() == 3 && parts[0].len() >= 15 && parts[1].starts_with("eyJ") && parts[2].len() >= 20 {
        push(found, base + at, base + at + length, "a signed token");
    }
}

/// `scheme://user:password@host`.
fn in_address(word: &str, base: usize, found: &mut Vec<Secret>) {
    let Some(scheme) = word.find("://") else { return };
    let rest = &word[scheme + 3..];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return };
    let Some((name, password)) = user.split_once(':') else { return };
    let start = base + scheme + 3 + name.len() + 1;
    if password.len() >= 6 && !is_dummy(password) && entropy(password) >= 2.0 {
        push(found, start, start + password.len(), "a password in an address");
    }
}

const NAMES: [&str; 9] =
    ["password", "passwd", "secret", "token", "api_key", "apikey", "api-key", "access_key", "private_key"];

/// `DB_PASSWORD=…`, `"token": "…"`: a telling name, a mark, and one word that looks random.
fn assignments(text: &str, found: &mut Vec<Secret>) {
    let mut base = 0;
    for line in text.split_inclusive('\n') {
        let lower = if line.contains(['=', ':']) { line.to_ascii_lowercase() } else { String::new() };
        for name in NAMES {
            let Some(at) = lower.find(name) else { continue };
            let rest = &line[at + name.len()..];
            let tail = rest.bytes().take_while(|byte| Body::Url.holds(*byte)).count();
            let rest = &rest[tail..];
            let marks = rest.len() - rest.trim_start_matches(['"', '\'', ' ', ':', '=', '`']).len();
            if !rest[..marks].contains(['=', ':']) {
                continue;
            }
            let value_at = at + name.len() + tail + marks;
            let value = &line[value_at..];
            let length = value
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | ')'))
                .unwrap_or(value.len());
            if looks_random(&value[..length]) {
                push(found, base + value_at, base + value_at + length, "a password or key");
                break;
            }
        }
        base += line.len();
    }
}

/// Long enough, of several sorts of characters, and no word, path, variable or placeholder.
fn looks_random(value: &str) -> bool {
    let any = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let sorts = [any(u8::is_ascii_lowercase), any(u8::is_ascii_uppercase), any(u8::is_ascii_digit)];
    let sorts = sorts.into_iter().filter(|sort| *sort).count();
    let code =
        value.contains(['$', '{', '(', '/', '[', '<']) || value.contains("...") || value.contains("://");
    (10..=200).contains(&value.len())
        && sorts >= 2
        && any(u8::is_ascii_digit)
        && !code
        && !value.starts_with("0x")
        && !is_dummy(value)
        && entropy(value) >= 3.0
}

fn is_dummy(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    [
        "example",
        "xxxx",
        "****",
        "....",
        "your",
        "redacted",
        "placeholder",
        "changeme",
        "dummy",
        "abcdef",
        "012345",
        "123456",
        "<",
        "…",
    ]
    .iter()
    .any(|mark| lower.contains(mark))
        || lower == "password"
}

/// Bits per character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let all = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX)).max(1.0);
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> Vec<&'static str> {
        find(text).into_iter().map(|secret| secret.what).collect()
    }

    /// Tokens are put together here, so that no scanner of this file takes them for real ones.
    #[test]
    fn formats_are_known() {
        let random = "q7Rk2mZx9LpT4vWc8NsB";
        assert_eq!(what(&format!("key {}{}", "AKIA", "Q7RK2MZX9LPT4VWC")), ["an AWS access key"]);
        assert_eq!(what(&format!("`{}{random}`", "glpat-")), ["a GitLab token"]);
        assert_eq!(what(&format!("{}{random}{random}", "sk_live_")), ["a Stripe key"]);
        assert_eq!(what(&format!("token={}{}", "xoxb-", "81726354-q7Rk2mZx9LpT4vWc8NsB")), ["a Slack token"]);
        assert_eq!(what(&format!("postgres://app:{random}@db.shop.io/x")), ["a password in an address"]);
        assert_eq!(
            what(&format!("{}.{}.{random}{random}", "eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0")),
            ["a signed token"]
        );
        assert_eq!(what(&format!("\"api_key\": \"{random}\"")), ["a password or key"]);
        assert_eq!(what("-----BEGIN EC PRIVATE KEY-----\nMHc\n"), ["a private key"]);
    }

    #[test]
    fn a_checksum_is_checked() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let random = "q7Rk2mZx9LpT4vWc8NsBq7Rk2mZx9L";
        let sum = (0..6).rev().fold((crc32(random.as_bytes()), String::new()), |(value, text), _| {
            let digit =
                b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(value % 62) as usize];
            (value / 62, format!("{}{text}", char::from(digit)))
        });
        assert_eq!(what(&format!("{}{random}{}", "ghp_", sum.1)), ["a GitHub token"]);
        assert!(what(&format!("{}{random}000000", "ghp_")).is_empty());
    }

    #[test]
    fn what_is_no_secret_is_left_alone() {
        for text in [
            "The password was rotated.",
            "password: ********",
            "API_KEY=$KEY",
            "token: <your token>",
            "key AKIAIOSFODNN7EXAMPLE",
            "commit 3f786850e387550fdab836ed7e6dc881de23001b",
            "https://user@host.example/path",
            "The secret: it had been off since 2019.",
            "token = get_token()",
        ] {
            assert!(what(text).is_empty(), "{text}: {:?}", what(text));
        }
    }

    #[test]
    fn no_secret_is_shown_whole() {
        assert_eq!(masked("hT7qLw9zX2vBn4Rk"), "hT7q…");
        let text = "x\nDB_PASSWORD=hT7qLw9zX2vBn4Rk and more";
        assert_eq!(hidden(text), "x\nDB_PASSWORD=hT7q************ and more");
        assert_eq!(hidden(text).len(), text.len());
        assert_eq!(hidden("nothing"), "nothing");
    }
}
