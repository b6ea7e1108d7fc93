//! Splits Rust source into code, comments and string literals: enough to look for a call in code and for SQL in strings.

/// What a piece of source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything that is neither of the others; string literals leave `""` behind in it.
    Code,
    /// The contents of a string literal, with escapes as written.
    Text,
}

/// A piece of source on one line, or a whole string literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    pub kind: Kind,
    /// Counted from 1; where a literal begins.
    pub line: usize,
    pub text: String,
}

/// Code line by line and every string literal; comments are left out.
#[must_use]
pub fn pieces(source: &str) -> Vec<Piece> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut code = String::new();
    let mut line = 1;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            line += rest[..end].matches('\n').count();
            at += end;
        } else if let Some((open, close)) = literal(rest, code.chars().next_back()) {
            found.push(Piece { kind: Kind::Text, line, text: rest[open..close.start].to_owned() });
            line += rest[..close.end].matches('\n').count();
            code.push_str("\"\"");
            at += close.end;
        } else if let Some(length) = character(rest) {
            code.push_str("' '");
            at += length;
        } else {
            let c = rest.chars().next().unwrap_or('\n');
            if c == '\n' {
                found.push(Piece { kind: Kind::Code, line, text: std::mem::take(&mut code) });
                line += 1;
            } else {
                code.push(c);
            }
            at += c.len_utf8();
        }
    }
    if !code.is_empty() {
        found.push(Piece { kind: Kind::Code, line, text: code });
    }
    found
}

/// Where the contents of the string literal at the start of `rest` begin, and its closing quote with hashes.
fn literal(rest: &str, before: Option<char>) -> Option<(usize, std::ops::Range<usize>)> {
    if rest.starts_with('"') {
        let mut escaped = false;
        for (index, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some((1, index..index + 1)),
                _ => {}
            }
        }
        return Some((1, rest.len()..rest.len()));
    }
    // `r#"…"#`, also after b or c; an identifier that ends in r is none.
    let inner = rest.strip_prefix('r')?;
    if before.is_some_and(|c| (c.is_alphanumeric() || c == '_') && c != 'b' && c != 'c') {
        return None;
    }
    let hashes = inner.len() - inner.trim_start_matches('#').len();
    if !inner[hashes..].starts_with('"') {
        return None;
    }
    let open = 1 + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let start = rest[open..].find(&closing).map_or(rest.len(), |at| open + at);
    Some((open, start..(start + closing.len()).min(rest.len())))
}

/// The length of the character literal at the start of `rest`; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return inner[2..].find('\'').map(|end| 1 + 2 + end + 1);
    }
    let c = inner.chars().next()?;
    inner[c.len_utf8()..].starts_with('\'').then(|| 1 + c.len_utf8() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        pieces(source).into_iter().filter(|p| p.kind == Kind::Text).map(|p| p.text).collect()
    }

    #[test]
    fn strings_of_every_form_are_found_and_comments_are_not() {
        let source = "let a = \"one \\\" two\"; // \"no\"\n/* \"no\" */ let b = r#\"raw \"x\" \"#;\nlet c = b\"bytes\"; let d = br\"y\";";
        assert_eq!(texts(source), ["one \\\" two", "raw \"x\" ", "bytes", "y"]);
    }

    #[test]
    fn a_quote_character_does_not_open_a_string() {
        let source = "let q = '\"'; let e = '\\''; fn f<'a>(x: &'a str) { g(\"here\") }";
        assert_eq!(texts(source), ["here"]);
    }

    #[test]
    fn lines_are_counted_through_literals() {
        let found = pieces("let a = \"1\n2\n3\";\nlet b = \"4\";");
        let lines: Vec<(Kind, usize)> = found.iter().map(|p| (p.kind, p.line)).collect();
        assert!(lines.contains(&(Kind::Text, 1)) && lines.contains(&(Kind::Text, 4)), "{lines:?}");
    }

    #[test]
    fn code_keeps_the_place_of_a_literal() {
        assert_eq!(pieces("f(\"x\")")[1].text, "f(\"\")");
    }
}
