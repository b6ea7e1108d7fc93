//! Telephone numbers, and which of them may be written to.

/// Reads a number as people write it: `+49 151 (234) 56-78` becomes `+491512345678` (E.164).
///
/// # Errors
/// What is wrong with it: the end of a sentence that begins with its name.
pub fn number(text: &str) -> Result<String, String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let international = text.strip_prefix("00").map(|rest| format!("+{rest}"));
    let text = international.as_deref().unwrap_or(text);
    let rest =
        text.strip_prefix('+').ok_or("must begin with + and the country code, like +49 151 23456789")?;
    let known = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}');
    if !rest.chars().all(known) {
        return Err("holds a character that no telephone number has; write it like +49 151 23456789".into());
    }
    // "+44 (0)20": the zero is for those who call from within.
    let digits: String = rest.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        8..=15 if !digits.starts_with('0') => Ok(format!("+{digits}")),
        _ => Err("is not a telephone number with a country code; write it like +49 151 23456789".into()),
    }
}

/// Whether a text looks like a number: it begins with + or is nothing but what numbers are made of.
pub(in crate::channel) fn is_number(text: &str) -> bool {
    let text = text.trim();
    let begins = text.starts_with('+') || text.starts_with("00") || text.starts_with("tel:");
    begins && !text.contains(['@', ':']) || text.starts_with("tel:")
}

/// What may be spent on text messages, and on whom. Numbers that cost a fortune are sold to those who can make others send
/// to them: whatever is not allowed is not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsRules {
    /// Beginnings of numbers that may be written to: `+49`.
    pub countries: Vec<String>,
    /// Codes that the form sends in a day, to all numbers together.
    pub codes_per_day: u64,
    /// Messages to one number in a day.
    pub per_number: u64,
    /// Messages in a day in all.
    pub in_all: u64,
    /// Whether answers to our messages come back to us, so that STOP is understood.
    pub replies: bool,
}

impl SmsRules {
    /// Whether a number may be written to.
    ///
    /// # Errors
    /// Why not: the end of a sentence that begins with its name.
    pub fn allow(&self, number: &str) -> Result<(), String> {
        if self.countries.iter().any(|c| number.starts_with(c.as_str())) {
            return Ok(());
        }
        Err(format!("must be of a country that messages are sent to: {}", self.countries.join(", ")))
    }

    /// Reads the beginnings of numbers as they are written in the configuration.
    ///
    /// # Errors
    /// What is wrong and how to write it.
    pub fn read_countries(written: &[String]) -> Result<Vec<String>, String> {
        let mut out = Vec::new();
        for text in written.iter().map(|c| c.trim()).filter(|c| !c.is_empty()) {
            let digits = text.strip_prefix('+').unwrap_or_default();
            let fine = (1..=7).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0');
            if !fine {
                return Err(format!("‘{text}’ is no beginning of numbers; write it like +49"));
            }
            out.push(text.to_owned());
        }
        if out.is_empty() {
            return Err(
                "no country is allowed, so nobody could be written to; list them like [\"+49\", \"+43\"]"
                    .into(),
            );
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in [
            "+49 151 2345678",
            "+49-151-2345678",
            "0049 151/2345678",
            "tel:+491512345678",
            "+49 (0)151 2345678",
        ] {
            assert_eq!(number(text).as_deref(), Ok("+491512345678"), "{text}");
            assert!(is_number(text), "{text}");
        }
        for wrong in [
            "",
            "0151 2345678",
            "+49",
            "+49 151 23456789 23456789",
            "+0 151 2345678",
            "+49 151 CALL",
            "+1 555\n0100x",
        ] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
        for other in ["ada@example.com", "+ada@example.com", "https://example.com", "4711"] {
            assert!(!is_number(other), "{other}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_not_written_to() {
        let read =
            |c: &[&str]| SmsRules::read_countries(&c.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["+49", " +1242 "]), Ok(vec!["+49".to_owned(), "+1242".to_owned()]));
        for wrong in [&[][..], &["49"], &["+"], &["*"], &["+0"], &["+49 "; 0]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
        let rules = SmsRules {
            countries: vec!["+49".into()],
            codes_per_day: 1,
            per_number: 1,
            in_all: 1,
            replies: true,
        };
        assert!(rules.allow("+491512345678").is_ok());
        assert!(rules.allow("+4815123456").unwrap_err().contains("+49"));
    }
}
