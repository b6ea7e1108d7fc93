//! What a server offers in its answer to `EHLO`.

use super::reply::Reply;

/// The extensions that matter here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) pipelining: bool,
    pub(super) starttls: bool,
    pub(super) dsn: bool,
    pub(super) utf8: bool,
    pub(super) plain: bool,
    pub(super) login: bool,
    /// Largest message in bytes; 0 when it says nothing.
    pub(super) size: usize,
}

impl Offer {
    /// Reads the lines after the first, which is the greeting.
    pub(super) fn read(hello: &Reply) -> Self {
        let mut offer = Self::default();
        for line in hello.text.lines().skip(1) {
            // "AUTH=PLAIN" is how servers wrote it before the standard.
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("PIPELINING") => offer.pipelining = true,
                Some("STARTTLS") => offer.starttls = true,
                Some("DSN") => offer.dsn = true,
                Some("SMTPUTF8") => offer.utf8 = true,
                Some("SIZE") => offer.size = words.next().and_then(|n| n.parse().ok()).unwrap_or(0),
                Some("AUTH") => {
                    for mechanism in words {
                        offer.plain |= mechanism == "PLAIN";
                        offer.login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_however_they_are_spelled() {
        let text = "mx.example greets\nPIPELINING\nsize 1000000\nSTARTTLS\nAUTH=LOGIN PLAIN\nDSN\n8BITMIME\nSMTPUTF8";
        let offer = Offer::read(&Reply { code: 250, enhanced: None, text: text.into() });
        let all = Offer {
            pipelining: true,
            starttls: true,
            dsn: true,
            utf8: true,
            plain: true,
            login: true,
            size: 1_000_000,
        };
        assert_eq!(offer, all);
        let offer = Offer::read(&Reply { code: 250, enhanced: None, text: "PIPELINING".into() });
        assert_eq!(offer, Offer::default(), "the first line is the greeting");
    }
}
