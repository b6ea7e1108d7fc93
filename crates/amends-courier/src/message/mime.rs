//! The letter of the law: header fields (RFC 5322, RFC 2047) and quoted-printable (RFC 2045).
//!
//! Our own, because a message is rendered once for everybody and a recipient's links are put in between encoded
//! pieces, which builders of whole messages do not offer.

use std::fmt::{Display, Write};

/// Header lines are folded to this length where they can be.
const LINE: usize = 76;

/// `name: value` for unstructured text (Subject), encoded and folded, with CRLF. `value` is one clean line.
pub(super) fn text_field(name: &str, value: &str) -> String {
    let words = if needs_encoding(value) { encoded_words(value) } else { plain_words(value) };
    fold(name, &words)
}

/// `name: Display Name <address>`.
pub(super) fn address_field(name: &str, display: &str, address: &str) -> String {
    let mut words = phrase(display);
    words.push(if words.is_empty() { address.to_owned() } else { format!("<{address}>") });
    fold(name, &words)
}

/// `name: a b c` for tokens that must not be encoded, folded between them.
pub(super) fn token_field(name: &str, value: &str) -> String {
    fold(name, &plain_words(value))
}

/// Adds `name: value` on one line, whatever its length (below 998).
pub(super) fn put_field(name: &str, value: impl Display, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{name}: {value}\r\n");
}

/// A display name: bare, quoted or encoded, whichever it needs.
pub(super) fn phrase(display: &str) -> Vec<String> {
    if display.is_empty() {
        return Vec::new();
    }
    if needs_encoding(display) {
        return encoded_words(display);
    }
    let bare = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    if display.chars().all(bare) {
        return plain_words(display);
    }
    vec![format!("\"{}\"", display.replace('\\', "\\\\").replace('"', "\\\""))]
}

fn needs_encoding(text: &str) -> bool {
    // "=?" would be read as an encoded word, and a word that cannot be folded must be.
    !text.is_ascii() || text.contains("=?") || text.split(' ').any(|w| w.len() > LINE - 16)
}

fn plain_words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn fold(name: &str, words: &[String]) -> String {
    let mut out = format!("{name}:");
    let mut column = out.len();
    for word in words {
        if column + 1 + word.len() > LINE && column > name.len() + 1 {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + word.len();
    }
    out.push_str("\r\n");
    out
}

/// RFC 2047 "Q" words of at most 60 characters, cut between characters.
fn encoded_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current = String::new();
    for c in text.chars() {
        let mut piece = String::new();
        match c {
            ' ' => piece.push('_'),
            c if c.is_ascii_alphanumeric() || "!*+-/".contains(c) => piece.push(c),
            c => {
                let mut bytes = [0; 4];
                for b in c.encode_utf8(&mut bytes).bytes() {
                    hex(b, |h| piece.push(h));
                }
            }
        }
        if current.len() + piece.len() > 48 {
            words.push(format!("=?utf-8?Q?{current}?="));
            current.clear();
        }
        current.push_str(&piece);
    }
    if !current.is_empty() {
        words.push(format!("=?utf-8?Q?{current}?="));
    }
    words
}

fn hex(b: u8, mut put: impl FnMut(char)) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    put('=');
    put(DIGITS[usize::from(b >> 4)] as char);
    put(DIGITS[usize::from(b & 15)] as char);
}

/// Quoted-printable of text with `\n` line ends, beginning at the start of a line. Pieces can be joined with
/// [`SOFT`].
pub(super) fn quoted_printable(text: &str, out: &mut String) {
    let mut column = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let room = LINE - 1 - column;
        let run =
            bytes[at..].iter().take(room).take_while(|b| matches!(b, b'!'..=b'<' | b'>'..=b'~')).count();
        // What begins a line may be touched.
        if run > 0 && column > 0 {
            out.push_str(&text[at..at + run]);
            (at, column) = (at + run, column + run);
            continue;
        }
        at += 1;
        if b == b'\n' {
            out.push_str("\r\n");
            column = 0;
            continue;
        }
        let at_end = matches!(bytes.get(at), None | Some(b'\n'));
        let literal = match b {
            b' ' | b'\t' => !at_end,
            b => matches!(b, b'!'..=b'<' | b'>'..=b'~'),
        };
        // The last place of a line is for the "=" of a soft break.
        if column + if literal { 1 } else { 3 } > LINE - 1 {
            out.push_str(SOFT);
            column = 0;
        }
        // Old mail stores change "From " at the start of a line, and broken relays a dot; either breaks the signature.
        let touched = column == 0 && (b == b'.' || bytes[at - 1..].starts_with(b"From "));
        if literal && !touched {
            out.push(b as char);
            column += 1;
        } else {
            hex(b, |c| out.push(c));
            column += 3;
        }
    }
}

/// A line end that is not part of the text.
pub(super) const SOFT: &str = "=\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn read_back(head: String, body: &str) -> (Option<String>, String) {
        let mut raw = head;
        raw.push_str(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        );
        raw.push_str(body);
        assert!(raw.is_ascii());
        for line in raw.split('\n') {
            let is_touched = line.starts_with('.') || line.starts_with("From ");
            assert!(line.len() <= LINE + 2 && !is_touched, "{line}");
        }
        let message = MessageParser::default().parse(&raw).unwrap();
        (message.subject().map(str::to_owned), message.body_text(0).unwrap_or_default().into_owned())
    }

    #[test]
    fn subjects_survive_whatever_they_hold() {
        for subject in [
            "[Acme Status] Elevated API errors",
            "Störung: Überweisungen verzögert – bitte Geduld, wir arbeiten daran, und zwar alle zusammen",
            "日本語の件名がここにあり、とても長いので折り返す必要があります。さらに続きます。まだまだ続きます。",
            "tricky =?utf-8?Q?not_encoded?= word",
            &format!("one {} long word", "x".repeat(200)),
            &"many plain words ".repeat(12),
            "😀 emoji at the start",
        ] {
            let subject = subject.trim();
            let (read, _) = read_back(text_field("Subject", subject), "");
            assert_eq!(read.as_deref(), Some(subject));
        }
    }

    #[test]
    fn display_names_are_quoted_or_encoded_as_needed() {
        assert_eq!(address_field("From", "Acme Status", "a@b.c"), "From: Acme Status <a@b.c>\r\n");
        assert_eq!(
            address_field("From", "Acme, Inc. \"x\"", "a@b.c"),
            "From: \"Acme, Inc. \\\"x\\\"\" <a@b.c>\r\n"
        );
        assert_eq!(address_field("From", "Café", "a@b.c"), "From: =?utf-8?Q?Caf=C3=A9?= <a@b.c>\r\n");
        assert_eq!(address_field("To", "", "a@b.c"), "To: a@b.c\r\n");
    }

    #[test]
    fn bodies_survive_whatever_they_hold() {
        for body in [
            "plain\nlines\n\n.dot\nFrom here\n",
            "trailing space \ntrailing tab\t\n=3D equals = signs\n",
            &"ü".repeat(500),
            &"long line without spaces ".repeat(100).replace(' ', ""),
            "日本語\n😀\n",
            &"....... From From= = ".repeat(60),
            &format!("{}.From", "x".repeat(LINE - 1)),
            &format!("{}From here.", "x".repeat(LINE - 1)),
        ] {
            let mut out = String::new();
            quoted_printable(body, &mut out);
            let (_, read) = read_back("Subject: x\r\n".into(), &out);
            assert_eq!(read.replace("\r\n", "\n").trim_end_matches('\n'), body.trim_end_matches('\n'));
        }
    }

    #[test]
    fn pieces_join_without_a_trace() {
        let mut out = String::new();
        quoted_printable("before: ", &mut out);
        out.push_str(SOFT);
        quoted_printable("https://x.example/u/token", &mut out);
        out.push_str(SOFT);
        quoted_printable("\nafter", &mut out);
        let (_, read) = read_back("Subject: x\r\n".into(), &out);
        assert_eq!(read.replace("\r\n", "\n"), "before: https://x.example/u/token\nafter");
    }
}
