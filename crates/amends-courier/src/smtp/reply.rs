//! Reading replies (RFC 5321 §4.2, enhanced codes RFC 2034). Pure: bytes in, a reply or a question for more out.

use std::fmt;

use amends_model::text::is_deceptive;

/// Where in the conversation a reply came. The meaning of a code depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The first line after connecting.
    Greeting,
    /// `EHLO` or `HELO`.
    Hello,
    /// `STARTTLS`.
    StartTls,
    /// `AUTH`.
    Login,
    /// `RSET`, which ends a refused transaction.
    Reset,
    /// `MAIL FROM`: about the sender, never about the recipient.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The dot after the message.
    EndOfData,
}

/// An enhanced status code such as 5.1.1 (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enhanced {
    /// 2 success, 4 transient, 5 permanent.
    pub class: u8,
    /// What it is about: 1 address, 2 mailbox, 3 system, 4 routing, 5 protocol, 6 content, 7 policy.
    pub subject: u16,
    /// Which case of it.
    pub detail: u16,
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits, 200 to 599.
    pub code: u16,
    /// The enhanced code, when there is one of the same class.
    pub enhanced: Option<Enhanced>,
    /// The text of all lines without the codes, one line each, printable, cut at 1,000 characters.
    pub text: String,
}

impl Reply {
    /// 2yz or 3yz.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// 4yz.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }
}

/// As it stands in a log or on screen: `550 5.1.1 No such user`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(e) = self.enhanced {
            write!(f, " {e}")?;
        }
        for (n, line) in self.text.lines().enumerate() {
            f.write_str(if n == 0 { " " } else { " / " })?;
            f.write_str(line)?;
        }
        Ok(())
    }
}

/// What a buffer of received bytes holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The reply is not complete.
    More,
    /// A reply, and how many bytes it took.
    Reply(Reply, usize),
    /// This is not SMTP, or it never ends.
    Broken(&'static str),
}

const LINE: usize = 4096;
const LINES: usize = 200;
const TEXT: usize = 1000;

/// Reads one reply from the start of `bytes`.
pub fn parse(bytes: &[u8]) -> Parsed {
    let (mut at, mut code, mut text, mut enhanced) = (0, 0u16, String::new(), None);
    for count in 0.. {
        if count == LINES {
            return Parsed::Broken("its reply does not end");
        }
        let rest = &bytes[at..];
        let Some(end) = rest.iter().take(LINE + 1).position(|b| *b == b'\n') else {
            return if rest.len() > LINE {
                Parsed::Broken("its reply has a line without an end")
            } else {
                Parsed::More
            };
        };
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        at += end + 1;
        let digits = match line {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
                u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
            }
            _ => return Parsed::Broken("it does not speak SMTP"),
        };
        if count > 0 && digits != code {
            return Parsed::Broken("the lines of its reply have different codes");
        }
        code = digits;
        let (last, words) = match line.get(3) {
            None => (true, &line[3..]),
            Some(b' ') => (true, &line[4..]),
            Some(b'-') => (false, &line[4..]),
            Some(_) => return Parsed::Broken("it does not speak SMTP"),
        };
        let words = String::from_utf8_lossy(words);
        let (found, words) = split_enhanced(code, words.trim());
        enhanced = enhanced.or(found);
        if text.len() < TEXT {
            if !text.is_empty() {
                text.push('\n');
            }
            text.reserve(words.len());
            text.extend(words.chars().map(|c| if is_deceptive(c) || c == '\t' { ' ' } else { c }));
        }
        if last {
            if let Some((end, _)) = text.char_indices().nth(TEXT) {
                text.truncate(end);
            }
            return Parsed::Reply(Reply { code, enhanced, text }, at);
        }
    }
    Parsed::More
}

/// An enhanced code counts only when its class agrees with the code: `550 4.2.1` says nothing that can be trusted.
fn split_enhanced(code: u16, words: &str) -> (Option<Enhanced>, &str) {
    let end = words.find(char::is_whitespace).unwrap_or(words.len());
    let mut parts = words[..end].trim_end_matches(':').splitn(3, '.');
    let mut number = || parts.next().and_then(|p| if p.len() <= 3 { p.parse::<u16>().ok() } else { None });
    match (number(), number(), number()) {
        (Some(class), Some(subject), Some(detail)) if class == code / 100 => {
            let class = (code / 100) as u8;
            (Some(Enhanced { class, subject, detail }), words[end..].trim_start())
        }
        _ => (None, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8]) -> Reply {
        match parse(bytes) {
            Parsed::Reply(reply, used) => {
                assert_eq!(used, bytes.len());
                reply
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_are_read_with_and_without_enhanced_codes() {
        assert_eq!(one(b"550 5.1.1 No such user\r\n").to_string(), "550 5.1.1 No such user");
        assert_eq!(one(b"550 5.1.1\r\n").enhanced.map(|e| e.to_string()).as_deref(), Some("5.1.1"));
        assert_eq!(one(b"250\r\n").text, "");
        assert_eq!(one(b"354 go on\n").code, 354);
        assert_eq!(one(b"550 4.2.2 odd\r\n").enhanced, None, "the class does not agree");
        assert_eq!(one(b"550 5.7.26: unsigned\r\n").enhanced.map(|e| e.detail), Some(26));
        assert_eq!(
            one(b"250-a.example greets\r\n250-SIZE 100\r\n250 PIPELINING\r\n").text.lines().count(),
            3
        );
        assert_eq!(one(b"550-5.1.1 No\r\n550 5.1.1 such user\r\n").to_string(), "550 5.1.1 No / such user");
    }

    #[test]
    fn a_part_of_a_reply_asks_for_more() {
        let whole = b"250-one\r\n250 two\r\n";
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]), Parsed::More, "{cut}");
        }
        let two = b"250 ok\r\n550 no\r\n";
        assert!(matches!(parse(two), Parsed::Reply(Reply { code: 250, .. }, 8)));
    }

    #[test]
    fn what_is_not_smtp_or_never_ends_is_refused() {
        for bytes in [
            &b"HTTP/1.1 400 Bad\r\n"[..],
            b"\r\n",
            b"25\r\n",
            b"250+x\r\n",
            b"999 x\r\n",
            b"250-a\r\n550 b\r\n",
        ] {
            assert!(matches!(parse(bytes), Parsed::Broken(_)), "{bytes:?}");
        }
        assert!(matches!(parse(&b"250-more\r\n".repeat(5000)), Parsed::Broken(_)));
        assert!(matches!(parse(&[b'2'; 5000]), Parsed::Broken(_)));
    }

    #[test]
    fn hostile_text_is_made_printable_and_cut() {
        let reply = one("550 a\u{1b}[2J\u{202e}b\u{0}\r\n".as_bytes());
        assert!(!reply.text.chars().any(is_deceptive), "{:?}", reply.text);
        let reply = one(format!("550 {}\r\n", "é".repeat(1900)).as_bytes());
        assert_eq!(reply.text.chars().count(), TEXT);
    }
}
