//! A message in brief: what a chat room, a phone or a browser shows of it. From the same view as the mail, so that no
//! channel says anything else.

use super::clean::line;
use super::kinds;
use super::{Content, Letterhead};

/// The parts of a short message, top to bottom; all clean text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Who writes.
    pub from: String,
    /// `ok`, `degraded`, `partial`, `major`, `maintenance`, `note`.
    pub tone: &'static str,
    /// Shape and words of the state: "◑ Investigating · Partial outage"; may be empty.
    pub state: String,
    /// What it is about, in one line.
    pub title: String,
    /// Small lines.
    pub facts: Vec<String>,
    /// Markdown; paragraphs.
    pub text: String,
    /// "● API: Operational".
    pub components: Vec<String>,
    /// Lines that stand out.
    pub promises: Vec<String>,
    /// Words and address of the one thing to do.
    pub link: Option<(String, String)>,
    /// What else is to be known.
    pub remarks: Vec<String>,
    /// Whether it is news that was subscribed to.
    pub subscribed: bool,
}

/// Puts a content in brief.
pub fn brief(head: &Letterhead, content: &Content) -> Brief {
    let view = kinds::lay_out(head, content).view;
    let state = view.state.as_ref().map(|s| format!("{} {}", s.shape, s.words)).unwrap_or_default();
    let lead = view.lead.join("\n\n");
    let text = if lead.is_empty() {
        view.text.trim().to_owned()
    } else {
        format!("{lead}\n\n{}", view.text).trim().to_owned()
    };
    let components =
        view.components.iter().map(|(s, name)| format!("{} {name}: {}", s.shape(), s.label())).collect();
    Brief {
        from: head.display_name(),
        tone: view.state.map_or("note", |s| s.tone),
        state,
        title: line(&view.title, 300),
        facts: view.facts,
        text,
        components,
        promises: view.promises,
        link: view.button,
        remarks: view.remarks,
        subscribed: view.subscribed,
    }
}

/// The beginning of a text that is at most `most` units long, cut at a character border, with an ellipsis when it was cut.
/// `unit` says how long a character is: in bytes, in UTF-16 units, or as one.
pub fn cut(text: &str, most: usize, unit: fn(char) -> usize) -> String {
    if text.chars().map(unit).sum::<usize>() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(unit('…'));
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += unit(*c);
            used <= room
        })
        .collect();
    // A flag or a family is several characters that belong together; what joins them must not stand at the end.
    let kept = kept.trim_end_matches(['\u{200d}', '\u{fe0f}']).trim_end();
    if room == 0 { String::new() } else { format!("{kept}…") }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn text_is_cut_at_character_borders() {
        let one: fn(char) -> usize = |_| 1;
        assert_eq!(cut("abc", 3, one), "abc");
        assert_eq!(cut("abcd", 3, one), "ab…");
        assert_eq!(cut("日本語", 8, char::len_utf8), "日…");
        assert_eq!(cut("a😀b😀", 4, char::len_utf16), "a😀…");
        assert_eq!(cut("👨\u{200d}👩\u{200d}👧", 3, one), "👨…");
        for most in 0..40 {
            let text = "Ünïcödé 日本語 😀😀 end";
            assert!(
                cut(text, most, char::len_utf8).len()
                    <= most.max(text.len() * usize::from(most >= text.len()))
            );
        }
    }
}
