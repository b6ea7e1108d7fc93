//! Text as it may stand in a mail: nothing in it can end a header line, hide, or turn the reading direction of what
//! follows.

use std::borrow::Cow;

use amends_model::text::is_deceptive;

/// The places for a recipient's own links. Private-use characters, which are taken out of everything that people
/// write.
pub(crate) const MANAGE: char = '\u{e000}';
pub(crate) const UNSUBSCRIBE: char = '\u{e001}';

fn is_place(c: char) -> bool {
    c == MANAGE || c == UNSUBSCRIBE
}

/// One line for a header or heading: every control, invisible or direction-changing character becomes a space, runs
/// of white space one space, and it is cut at a character border.
pub(super) fn line(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in text.chars() {
        let c = if c.is_whitespace() || is_hidden(c) || is_place(c) { ' ' } else { c };
        if c == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if length == most {
            return format!("{}…", out.trim_end());
        }
        out.push(c);
        length += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Text of several lines with `\n` ends.
pub(super) fn prose(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !is_deceptive(*c) && !is_place(*c))
        .collect()
}

/// An address of the web for a link: printable ASCII only, so that it can neither break out nor pretend.
pub(super) fn url(text: &str) -> Cow<'_, str> {
    only(text, |b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\'' | b'`' | b'\\'))
}

/// The text without bytes that may not stand in it, which are all others than ASCII too.
pub(super) fn only(text: &str, may_stand: impl Fn(u8) -> bool) -> Cow<'_, str> {
    let may_stand = |b: u8| b.is_ascii() && may_stand(b);
    if text.bytes().all(may_stand) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.bytes().filter(|b| may_stand(*b)).map(char::from).collect())
}

/// In one line, the marks that only steer direction are of no use either.
fn is_hidden(c: char) -> bool {
    is_deceptive(c)
        || matches!(c, '\u{200c}'..='\u{200f}' | '\u{061c}' | '\u{00ad}' | '\u{2060}'..='\u{2064}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(line(" a\r\nBcc: x@y\tz\u{202e}q\u{0}\u{200f}\u{e001} ", 100), "a Bcc: x@y z q");
        assert_eq!(line("ab cd ef", 5), "ab cd…");
        assert_eq!(line("日本語テキスト", 3), "日本語…");
        assert_eq!(line("\r\n", 9), "");
    }

    #[test]
    fn links_hold_nothing_that_ends_them() {
        assert_eq!(url("https://a.b/\"><script>\u{202e}x y\r\n"), "https://a.b/scriptxy");
    }
}
