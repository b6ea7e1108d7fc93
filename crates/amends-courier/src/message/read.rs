//! Reading our own mails back, for the built-in viewer. Not a reader of mails in general: it knows the form in which
//! [`super::Draft::to`] writes them, and shows nothing where it finds another.

/// A mail as the viewer shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Header fields in order, unfolded.
    pub headers: Vec<(String, String)>,
    /// The text part.
    pub text: String,
    /// The HTML part, a whole document. Show it only where it cannot run anything.
    pub html: String,
}

/// Opens a mail that was built here.
pub fn open(message: &[u8]) -> Opened {
    let message = String::from_utf8_lossy(message);
    let (head, body) = message.split_once("\r\n\r\n").unwrap_or((&message, ""));
    let headers: Vec<(String, String)> = head
        .replace("\r\n ", " ")
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let boundary = headers
        .iter()
        .find(|(name, _)| name == "Content-Type")
        .and_then(|(_, value)| value.split_once("boundary=\"")?.1.split_once('"'))
        .map(|(boundary, _)| format!("--{boundary}"));
    let part = |kind: &str| {
        let begin = format!("\r\nContent-Type: text/{kind};");
        let found = body.split(boundary.as_deref()?).find(|part| part.starts_with(&begin))?;
        let (_, encoded) = found.split_once("\r\n\r\n")?;
        Some(plain(encoded.strip_suffix("\r\n").unwrap_or(encoded)))
    };
    let text = boundary.as_ref().and_then(|_| part("plain")).unwrap_or_default();
    let html = boundary.as_ref().and_then(|_| part("html")).unwrap_or_default();
    Opened { headers, text, html }
}

/// Undoes quoted-printable.
fn plain(encoded: &str) -> String {
    let mut out = Vec::with_capacity(encoded.len());
    let joined = encoded.replace("=\r\n", "").replace("\r\n", "\n");
    let mut bytes = joined.bytes();
    while let Some(b) = bytes.next() {
        if b != b'=' {
            out.push(b);
            continue;
        }
        let pair = [bytes.next(), bytes.next()].map(|d| d.and_then(|d| (d as char).to_digit(16)));
        if let [Some(high), Some(low)] = pair {
            out.push((high * 16 + low) as u8);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
