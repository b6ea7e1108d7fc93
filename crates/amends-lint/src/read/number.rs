//! Plain numbers in a text, for rules that calculate.

/// A number as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// Its first byte.
    pub start: usize,
    /// One past its last byte, without a percent sign.
    pub end: usize,
    /// How much.
    pub value: f64,
    /// True before a percent sign or the words.
    pub percent: bool,
    /// True after "about", "~", "over".
    pub approximate: bool,
    /// What the last digit that is not a rounding zero stands for.
    unit: f64,
}

impl Number {
    /// Half of the unit to which it is rounded, but never much of the number itself.
    pub fn half_unit(&self) -> f64 {
        let half = self.unit / 2.0;
        let most = if self.percent { 0.5 } else { self.value * 0.025 };
        // A number that ends in other digits than zeros was counted.
        if self.unit > 1.0 || self.percent { half.min(most) } else { 0.0 }
    }
}

/// The numbers of a text, in order: "45", "40,000", "2.1M", "12.5 %". Those inside words, times and versions are none.
pub(crate) fn numbers(text: &str) -> Vec<Number> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let inside = |at: usize| {
            bytes[at].is_ascii_digit()
                || (matches!(bytes[at], b',' | b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
        };
        while at < bytes.len() && inside(at) {
            at += 1;
        }
        let before = text[..start].chars().next_back();
        let word = before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/' | '#' | '+'));
        let scale = match bytes.get(at) {
            Some(b'k' | b'K') => 1e3,
            Some(b'M') => 1e6,
            _ => 1.0,
        };
        let end = at + usize::from(scale > 1.0);
        let behind = text.get(end..).unwrap_or_default();
        let glued = behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | '-'));
        at = end;
        if word || glued {
            // The rest of "10:05", "v2-3" is no number either.
            at += behind
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'-' | b'_'))
                .count();
            continue;
        }
        let digits = &text[start..end - usize::from(scale > 1.0)];
        let Some(value) = parsed(digits) else { continue };
        let rest = behind.trim_start();
        let percent = rest.starts_with('%') || rest.starts_with("percent") || rest.starts_with("per cent");
        found.push(Number {
            start,
            end,
            value: value * scale,
            percent,
            approximate: approximate(&text[..start]),
            unit: if percent { unit(digits).min(1.0) } else { unit(digits) * scale },
        });
    }
    found
}

/// The value of digits with thousands separators.
fn parsed(digits: &str) -> Option<f64> {
    let grouped =
        digits.split(',').skip(1).all(|group| group.split('.').next().is_some_and(|group| group.len() == 3));
    if !grouped || digits.matches('.').count() > 1 || digits.len() > 18 {
        return None;
    }
    digits.replace(',', "").parse().ok()
}

/// What the last digit stands for: 0.1 in "12.5", 1,000 in "40,000", 1 in "45".
fn unit(digits: &str) -> f64 {
    let plain = digits.replace(',', "");
    match plain.split_once('.') {
        Some((_, decimals)) => decimals.bytes().fold(1.0, |unit, _| unit / 10.0),
        None => plain.bytes().rev().take_while(|byte| *byte == b'0').fold(1.0, |unit, _| unit * 10.0),
    }
}

fn approximate(before: &str) -> bool {
    let last = before
        .trim_end()
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let words = [
        "about",
        "around",
        "approximately",
        "approx",
        "approx.",
        "roughly",
        "over",
        "almost",
        "nearly",
        "circa",
        "ca.",
        "some",
        "than",
        "under",
    ];
    words.contains(&last.as_str()) || last.ends_with('~') || last.ends_with('≈')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_and_what_only_looks_like_one_is_not() {
        let found = |text: &str| -> Vec<(f64, bool)> {
            numbers(text).iter().map(|number| (number.value, number.percent)).collect()
        };
        assert_eq!(found("45 of 50 teams (80 %)"), [(45.0, false), (50.0, false), (80.0, true)]);
        assert_eq!(
            found("23% of 2.1M requests (about 483,000)."),
            [(23.0, true), (2_100_000.0, false), (483_000.0, false)]
        );
        assert!(found("v2.3 at 10:05, INC-22, 2024-05-02, 3min, #12").is_empty());
        assert!(numbers("about 483,000")[0].approximate);
    }

    #[test]
    fn rounding_is_known() {
        let half = |text: &str| numbers(text)[0].half_unit();
        assert!((half("80 %") - 0.5).abs() < 1e-9);
        assert!((half("12.5 %") - 0.05).abs() < 1e-9);
        assert!(half("45").abs() < 1e-9);
        assert!((half("40,000") - 1000.0).abs() < 1e-9);
        assert!((half("2.1M") - 50_000.0).abs() < 1e-9);
    }
}
