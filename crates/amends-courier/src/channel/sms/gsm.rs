//! How long a text message is, and making one short: pure.
//!
//! A text in the GSM alphabet has 160 characters in one segment, and 153 in each of several; any other character makes it
//! UCS-2, with 70 and 67. Each segment costs money, and not every telephone puts them together again in order.

use crate::message::cut;

/// No message is longer.
const MOST: usize = 2;
/// A text that would be shorter than this is left out instead.
const WORTH: usize = 16;

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// The alphabet that a text needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// GSM 03.38.
    Gsm,
    /// Two bytes a character.
    Ucs2,
}

/// The alphabet of a text, and how many segments it takes.
pub fn size(text: &str) -> (Alphabet, usize) {
    let gsm = |c: char| match () {
        () if BASIC.contains(c) => Some(1),
        () if EXTENDED.contains(c) => Some(2),
        () => None,
    };
    let widths: Option<Vec<usize>> = text.chars().map(gsm).collect();
    let (alphabet, widths, one, each) = match widths {
        Some(widths) => (Alphabet::Gsm, widths, 160, 153),
        None => (Alphabet::Ucs2, text.chars().map(char::len_utf16).collect(), 70, 67),
    };
    if widths.iter().sum::<usize>() <= one {
        return (alphabet, 1);
    }
    // A character of two units stands in one segment whole.
    let (mut segments, mut used) = (1, 0);
    for width in widths {
        if used + width > each {
            (segments, used) = (segments + 1, 0);
        }
        used += width;
    }
    (alphabet, segments)
}

/// The same words without typography that telephones pay dearly for, in one line.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '`' | '´' => out.push('\''),
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»' => out.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '…' => out.push_str("..."),
            '•' | '·' => out.push('-'),
            '×' => out.push('x'),
            '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => out.push(' '),
            '\u{200b}' | '\u{fe0f}' | '\u{ad}' => {}
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A message of a beginning, a text that may be cut, and an end that is kept: in one segment where that is possible, never
/// in more than two.
pub fn fit(lead: &str, text: &str, tail: &str) -> String {
    let (lead, text, tail) = (plain(lead), plain(text), tail.trim());
    let shorter = || (1..=MOST).find_map(|segments| within(&lead, &text, tail, segments));
    shorter().unwrap_or_else(|| {
        let cut_at = |n: usize| joined(&plain(&cut(&lead, n, |_| 1)), "", tail);
        (1..320).rev().map(cut_at).find(|s| size(s).1 <= MOST).unwrap_or_else(|| tail.to_owned())
    })
}

fn within(lead: &str, text: &str, tail: &str, segments: usize) -> Option<String> {
    let fits = |text: &str| size(text).1 <= segments;
    let whole = joined(lead, text, tail);
    if fits(&whole) {
        return Some(whole);
    }
    let bare = joined(lead, "", tail);
    if !fits(&bare) {
        return None;
    }
    let length = text.chars().count().min(320);
    let cut_at = |n: usize| joined(lead, &plain(&cut(text, n, |_| 1)), tail);
    Some((WORTH..length).rev().map(cut_at).find(|s| fits(s)).unwrap_or(bare))
}

fn joined(lead: &str, text: &str, tail: &str) -> String {
    [lead, text, tail].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://status.acme.example/incidents/in00000hook1";

    #[test]
    fn segments_are_counted_as_telephones_count_them() {
        for (text, expected) in [
            ("a".repeat(160), (Alphabet::Gsm, 1)),
            ("a".repeat(161), (Alphabet::Gsm, 2)),
            ("a".repeat(306), (Alphabet::Gsm, 2)),
            ("a".repeat(307), (Alphabet::Gsm, 3)),
            ("€".repeat(80), (Alphabet::Gsm, 1)),
            ("€".repeat(81), (Alphabet::Gsm, 2)),
            // 76 of them fill 152 of 153 places: the next begins the other segment.
            ("€".repeat(152), (Alphabet::Gsm, 2)),
            ("€".repeat(153), (Alphabet::Gsm, 3)),
            ("č".repeat(70), (Alphabet::Ucs2, 1)),
            ("č".repeat(71), (Alphabet::Ucs2, 2)),
            ("😀".repeat(35), (Alphabet::Ucs2, 1)),
            ("😀".repeat(66), (Alphabet::Ucs2, 2)),
            ("😀".repeat(67), (Alphabet::Ucs2, 3)),
            (String::new(), (Alphabet::Gsm, 1)),
        ] {
            assert_eq!(size(&text), expected, "{} of {text:.4}", text.chars().count());
        }
    }

    #[test]
    fn typography_does_not_cost_a_segment() {
        let text = plain("“Mails” aren’t sent – yet…\nWe’re\u{a0}on it");
        assert_eq!(text, "\"Mails\" aren't sent - yet... We're on it");
        assert_eq!(size(&text).0, Alphabet::Gsm);
    }

    #[test]
    fn one_segment_where_it_can_be_and_the_end_is_kept() {
        let lead = "Acme Status: Some mails are not sent. Investigating.";
        let short = fit(lead, "We look.", LINK);
        assert_eq!(short, format!("{lead} We look. {LINK}"));
        let long = fit(lead, &"We are looking into it. ".repeat(50), LINK);
        assert_eq!(size(&long), (Alphabet::Gsm, 1), "{long}");
        assert!(long.contains("... https://") && long.ends_with(LINK), "{long}");
        let foreign = fit(lead, &"Přemýšlíme o tom. ".repeat(50), LINK);
        assert_eq!(
            foreign,
            format!("{lead} {LINK}"),
            "a text in another alphabet would make it three times as dear"
        );
        let wholly =
            fit("Acme: Některé zprávy se neposílají. Zkoumáme.", &"Přemýšlíme o tom. ".repeat(50), LINK);
        assert_eq!(size(&wholly), (Alphabet::Ucs2, 2), "{wholly}");
        assert!(wholly.contains("Přemýšlíme") && wholly.ends_with(LINK), "{wholly}");
    }

    #[test]
    fn whatever_is_written_it_is_never_more_than_two_segments_and_cut_at_borders() {
        for unit in ["word ", "日本語 ", "😀👨\u{200d}👩\u{200d}👧", "€€€ ", "č", "<&>@[]{}~^ "]
        {
            for length in [0, 1, 3, 10, 40, 90, 400] {
                for lead in ["Acme: Down.".to_owned(), unit.repeat(length)] {
                    let message = fit(&lead, &unit.repeat(length), LINK);
                    assert!(size(&message).1 <= MOST, "{message}");
                    assert!(message.ends_with(LINK), "{message}");
                    assert!(!message.contains("\u{200d} ") && !message.contains("\u{200d}..."), "{message}");
                }
            }
        }
    }
}
