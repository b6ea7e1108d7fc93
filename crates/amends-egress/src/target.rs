//! The address of a request, taken apart once and strictly: what is judged is what is dialled.
//!
//! Parsers that forgive are where attacks live: one reads `http://a\@b/` as `a`, another as `b`. So whatever is unusual is
//! refused here, and everything behind works with the parts and never with the text.

use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

/// Most bytes of an address.
const LONGEST: usize = 2_048;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    https: bool,
    port: u16,
    /// In its one spelling: the origin, and the path from `path` on.
    url: String,
    host: Range<usize>,
    path: usize,
}

/// Why an address is not one; a sentence's end for whoever typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Spaces, control characters, backslashes.
    #[error("holds a character that no address has; copy it again")]
    Characters,
    /// Not `https://`.
    #[error("must begin with https://")]
    Scheme,
    /// `user@host`.
    #[error("must not hold a name or password before the host")]
    UserInfo,
    /// `#…`.
    #[error("must not hold a #")]
    Fragment,
    /// Not a host name and not an address.
    #[error(
        "has no host name that can be used; write it like https://example.com/hook, other alphabets as xn--…"
    )]
    Host,
    /// Not a port.
    #[error("has a port that is none; leave it out")]
    Port,
    /// Too long.
    #[error("is longer than 2,048 characters")]
    TooLong,
}

impl Target {
    /// Takes an address apart. Whether it may be dialled is the policy's question.
    ///
    /// # Errors
    /// [`TargetError`], for whatever an ordinary address does not hold.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.len() > LONGEST {
            return Err(TargetError::TooLong);
        }
        if text.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
            return Err(TargetError::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(TargetError::Scheme)?;
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return Err(TargetError::Scheme);
        }
        if rest.contains('#') {
            return Err(TargetError::Fragment);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(TargetError::UserInfo);
        }
        let mut url = String::with_capacity(text.len() + 8);
        url.push_str(if https { "https://" } else { "http://" });
        let (host, port) = put_host(&mut url, authority)?;
        let port = match port {
            None => standard(https),
            Some(port) => number(port).ok_or(TargetError::Port)?,
        };
        if port != standard(https) {
            // Writing to a String cannot fail.
            let _ = write!(url, ":{port}");
        }
        let start = url.len();
        if !path.starts_with('/') {
            // `https://host?query` asks for the root.
            url.push('/');
        }
        put_path(&mut url, path);
        Ok(Self { https, port, url, host, path: start })
    }

    /// Whether it is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host name in lower case, or an address (IPv6 without brackets).
    pub fn host(&self) -> &str {
        &self.url[self.host.clone()]
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, as they go over the wire.
    pub fn path(&self) -> &str {
        &self.url[self.path..]
    }

    /// Scheme, host and port: what one connection serves.
    pub fn origin(&self) -> &str {
        &self.url[..self.path]
    }

    /// The value of the Host field.
    pub fn authority(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, rest)| rest)
    }

    /// The address in its one spelling.
    pub fn url(&self) -> &str {
        &self.url
    }
}

const fn standard(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

/// Writes the host in its one spelling; answers where it stands (an IPv6 address without its brackets), and the port's text.
fn put_host<'a>(
    url: &mut String,
    authority: &'a str,
) -> Result<(Range<usize>, Option<&'a str>), TargetError> {
    let start = url.len();
    if let Some(rest) = authority.strip_prefix('[') {
        let (inner, after) = rest.split_once(']').ok_or(TargetError::Host)?;
        let ip: Ipv6Addr = inner.parse().map_err(|_| TargetError::Host)?;
        let _ = write!(url, "[{ip}]");
        let host = start + 1..url.len() - 1;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(TargetError::Host),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    url.push_str(host.strip_suffix('.').unwrap_or(host));
    url[start..].make_ascii_lowercase();
    let host = &url[start..];
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // "127.1", "0x7f.1", "1.2.3.4.5": no top-level domain begins with a digit, so a last part that does must be the end of
    // an address in its one ordinary spelling.
    let last_is_number = host.rsplit('.').next().is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    let is_host = host.len() <= 253 && host.split('.').all(label);
    if !is_host || last_is_number && host.parse::<IpAddr>().is_err() {
        return Err(TargetError::Host);
    }
    Ok((start..url.len(), port))
}

fn number(port: &str) -> Option<u16> {
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    port.parse().ok().filter(|p| digits && *p > 0)
}

/// Path and query with everything beyond ASCII as percent signs, as browsers send it.
fn put_path(url: &mut String, path: &str) {
    for c in path.chars() {
        if c.is_ascii() && !matches!(c, '"' | '<' | '>' | '`' | '{' | '}' | '|' | '^') {
            url.push(c);
        } else {
            for b in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(url, "%{b:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken_apart() {
        for (text, url, host, port, path) in [
            ("https://example.com", "https://example.com/", "example.com", 443, "/"),
            (
                "HTTPS://Example.COM.:443/Hook?a=b",
                "https://example.com/Hook?a=b",
                "example.com",
                443,
                "/Hook?a=b",
            ),
            ("https://example.com:8443/x", "https://example.com:8443/x", "example.com", 8443, "/x"),
            ("https://example.com?x=1", "https://example.com/?x=1", "example.com", 443, "/?x=1"),
            ("http://127.0.0.1:80/", "http://127.0.0.1/", "127.0.0.1", 80, "/"),
            (
                "https://[2606:4700::1111]:9/ü",
                "https://[2606:4700::1111]:9/%C3%BC",
                "2606:4700::1111",
                9,
                "/%C3%BC",
            ),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.url(), target.host(), target.port(), target.path()), (url, host, port, path));
            assert_eq!(Target::parse(target.url()).unwrap(), target, "one spelling");
        }
        assert_eq!(Target::parse("https://example.com:8443/x").unwrap().authority(), "example.com:8443");
    }

    #[test]
    fn whatever_is_unusual_is_refused() {
        use TargetError::*;
        for (text, why) in [
            ("", Scheme),
            ("example.com", Scheme),
            ("//127.0.0.1/", Scheme),
            ("http:127.0.0.1/", Scheme),
            ("ftp://example.com/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("gopher://example.com/", Scheme),
            ("javascript:alert(1)", Scheme),
            ("http:///127.0.0.1/", Host),
            ("http:\\\\127.0.0.1/", Characters),
            ("ht\ttp://127.0.0.1/", Characters),
            ("https://127.0.0.1\t/", Characters),
            ("https://a b/", Characters),
            ("https://example.com/\r\nX: y", Characters),
            ("https://example.com@127.0.0.1/", UserInfo),
            ("https://example.com:80@127.0.0.1/", UserInfo),
            ("https://example.com#@127.0.0.1/", Fragment),
            ("https://example.com\\@127.0.0.1/", Characters),
            ("https://127.0.0.1%00.example.com/", Host),
            ("https://%31%32%37.0.0.1/", Host),
            ("https://①②⑦.⓪.⓪.①/", Host),
            ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", Host),
            ("https://127。0。0。1/", Host),
            ("https://127.1/", Host),
            ("https://2130706433/", Host),
            ("https://0x7f000001/", Host),
            ("https://0177.0.0.1/", Host),
            ("https://0o177.0.0.1/", Host),
            ("https://256.256.256.256/", Host),
            ("https://1.2.3.4.5/", Host),
            ("https://a..b/", Host),
            ("https://[::1/", Host),
            ("https://[::1]x/", Host),
            ("https://[fe80::1%25eth0]/", Host),
            ("https://example.com:0/", Port),
            ("https://example.com:65536/", Port),
            ("https://example.com:/", Port),
            ("https://example.com:+1/", Port),
        ] {
            // `0177.0.0.1` and its like: either no host at all, or an address that the policy refuses.
            assert_eq!(Target::parse(text), Err(why), "{text}");
        }
        assert_eq!(Target::parse(&format!("https://example.com/{}", "x".repeat(3_000))), Err(TooLong));
    }
}
