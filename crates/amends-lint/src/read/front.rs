//! Front matter: the `---` (YAML) or `+++` (TOML) block before a document.
//!
//! The reading is tolerant on purpose. Files come from Jekyll, Hugo, MkDocs and by hand; a line that is not
//! understood is passed over. What Amends itself writes (see `amends-app`'s export) is always understood.

use super::span::Span;

/// Front matter as a flat list of fields, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct FrontMatter {
    /// The whole block with its fences.
    pub span: Span,
    /// The fields.
    pub fields: Vec<Field>,
}

/// One `key: value` of the front matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key as written; inside a map, the outer key and a dot come before it.
    pub key: String,
    /// The value without quotes; the items of a list are joined by line breaks in `items` instead.
    pub value: String,
    /// The items, if the value is a list.
    pub items: Vec<String>,
    /// Where key and value stand.
    pub span: Span,
}

impl FrontMatter {
    /// The value of the first field with this key, compared without case, `_`, `-` and spaces.
    pub fn get(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| same_key(&field.key, key))
    }
}

fn same_key(left: &str, right: &str) -> bool {
    let plain = |key: &str| {
        key.chars()
            .filter(|c| !matches!(c, '_' | '-' | ' '))
            .map(|c| c.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    plain(left) == plain(right)
}

/// Finds and reads the front matter of `source`, which may start with a byte order mark. The second value is
/// the offset at which the text after it begins.
pub fn read(source: &str) -> (Option<FrontMatter>, usize) {
    let base = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = &source[base..];
    let mut lines = Lines { text: body, at: 0 };
    let fence = match lines.next() {
        Some((_, line)) if line.trim_end() == "---" => "---",
        Some((_, line)) if line.trim_end() == "+++" => "+++",
        _ => return (None, base),
    };
    let mut inside = Vec::new();
    let mut end = None;
    for (start, line) in &mut lines {
        if line.trim_end() == fence || (fence == "---" && line.trim_end() == "...") {
            end = Some((start + line.len(), lines_after(body, start + line.len())));
            break;
        }
        inside.push((base + start, line));
    }
    let Some((end, after)) = end else { return (None, base) };
    // A thematic break that opens a text is no front matter: some line must look like a field.
    let fields = if fence == "+++" { toml_fields(&inside) } else { yaml_fields(&inside) };
    if fields.is_empty() && inside.iter().any(|(_, line)| !line.trim().is_empty()) {
        return (None, base);
    }
    (Some(FrontMatter { span: Span::new(base, base + end), fields }), base + after)
}

fn lines_after(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    if rest.starts_with("\r\n") {
        end + 2
    } else if rest.starts_with('\n') {
        end + 1
    } else {
        end
    }
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        self.at = start + length + 1;
        let line = &rest[..length];
        Some((start, line.strip_suffix('\r').unwrap_or(line)))
    }
}

fn yaml_fields(lines: &[(usize, &str)]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut outer: Option<String> = None;
    let mut block_scalar = false;
    for (start, line) in lines {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') && !block_scalar {
            continue;
        }
        let here = Span::new(*start + indent, *start + line.trim_end().len());
        if indent == 0 {
            block_scalar = false;
        }
        if let Some(item) = content.strip_prefix("- ").or((content == "-").then_some(""))
            && let Some(field) = fields.last_mut()
            && !block_scalar
        {
            field.items.push(unquote(item));
            field.span.end = here.end;
            continue;
        }
        if indent > 0 && block_scalar {
            if let Some(field) = fields.last_mut() {
                if !field.value.is_empty() {
                    field.value.push(' ');
                }
                field.value.push_str(content);
                field.span.end = here.end;
            }
            continue;
        }
        let Some((key, value)) = split_key(content, ':') else { continue };
        let value = value.trim();
        if indent == 0 {
            outer = value.is_empty().then(|| key.to_owned());
        }
        block_scalar = matches!(value, ">" | "|" | ">-" | "|-" | ">+" | "|+");
        let key = match (&outer, indent) {
            (Some(outer), 1..) => format!("{outer}.{key}"),
            _ => key.to_owned(),
        };
        let (value, items) = if block_scalar { (String::new(), Vec::new()) } else { scalar_or_list(value) };
        fields.push(Field { key, value, items, span: here });
    }
    fields
}

fn toml_fields(lines: &[(usize, &str)]) -> Vec<Field> {
    let mut table = String::new();
    let mut fields = Vec::new();
    for (start, line) in lines {
        let content = line.trim();
        if content.starts_with('#') {
            continue;
        }
        if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name.trim_matches(['[', ']']).trim().to_owned();
            continue;
        }
        let Some((key, value)) = split_key(content, '=') else { continue };
        let key = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        let (value, items) = scalar_or_list(value.trim());
        let indent = line.len() - line.trim_start().len();
        fields.push(Field {
            key,
            value,
            items,
            span: Span::new(start + indent, start + line.trim_end().len()),
        });
    }
    fields
}

/// `key: value` with a key of words; anything else is not a field.
fn split_key(content: &str, separator: char) -> Option<(&str, &str)> {
    let (key, value) = content.split_once(separator)?;
    let key = key.trim().trim_matches(['"', '\'']);
    let wordy = !key.is_empty()
        && key.len() <= 64
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '));
    let separated = separator == '=' || value.is_empty() || value.starts_with([' ', '\t']);
    (wordy && separated).then_some((key, value))
}

fn scalar_or_list(value: &str) -> (String, Vec<String>) {
    match value.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')) {
        Some(inner) => (String::new(), split_items(inner).iter().map(|item| unquote(item)).collect()),
        None => (unquote(value), Vec::new()),
    }
}

/// Splits at commas that stand outside quotes.
fn split_items(inner: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ',') => {
                items.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(inner[start..].trim());
    items.retain(|item| !item.is_empty());
    items
}

/// The value without its quotes and, if unquoted, without a comment behind it. A double-quoted value is read as
/// a JSON string (which YAML and TOML basic strings contain); what is no such string is taken literally.
fn unquote(value: &str) -> String {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('"') {
        if let Ok(text) = serde_json::from_str::<String>(value) {
            return text;
        }
        let end = inner.rfind('"').unwrap_or(inner.len());
        return inner[..end].to_owned();
    }
    if let Some(inner) = value.strip_prefix('\'') {
        let end = inner.rfind('\'').unwrap_or(inner.len());
        return inner[..end].replace("''", "'");
    }
    // A list or map in one line keeps what looks like a comment: it may stand in a quoted part.
    if value.starts_with(['{', '[']) {
        return value.to_owned();
    }
    match value.find(" #") {
        Some(comment) => value[..comment].trim_end().to_owned(),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(source: &str, key: &str) -> Option<String> {
        read(source).0?.get(key).map(|field| field.value.clone())
    }

    #[test]
    fn yaml_in_its_usual_forms() {
        let source = "---\ntitle: \"A: b \\\"c\\\"\"\ndate: 2020-01-02 10:00:00 # when\nresolvedWhen: '2020'\nauthors:\n  - ann\n  - bob\ntags: [x, \"y, z\"]\ndescription: >\n  one\n  two\nmeta:\n  zone: UTC\n---\nBody\n";
        let (front, after) = read(source);
        let front = front.unwrap();
        assert_eq!(front.get("title").unwrap().value, "A: b \"c\"");
        assert_eq!(front.get("date").unwrap().value, "2020-01-02 10:00:00");
        assert_eq!(front.get("resolved_when").unwrap().value, "2020");
        assert_eq!(front.get("authors").unwrap().items, ["ann", "bob"]);
        assert_eq!(front.get("tags").unwrap().items, ["x", "y, z"]);
        assert_eq!(front.get("description").unwrap().value, "one two");
        assert_eq!(front.get("meta.zone").unwrap().value, "UTC");
        assert_eq!(&source[after..], "Body\n");
        let title = front.get("title").unwrap().span;
        assert!(source[title.start..title.end].starts_with("title:"));
    }

    #[test]
    fn toml_byte_order_mark_and_line_ends() {
        let source = "\u{feff}+++\r\ntitle = \"T\"\r\n[extra]\r\nzone = 'UTC'\r\n+++\r\nBody";
        let (front, after) = read(source);
        let front = front.unwrap();
        assert_eq!(front.get("title").unwrap().value, "T");
        assert_eq!(front.get("extra.zone").unwrap().value, "UTC");
        assert_eq!(&source[after..], "Body");
    }

    #[test]
    fn what_is_no_front_matter_is_left_alone() {
        for source in
            ["", "---", "---\nno end\n", "# T\n---\na: b\n---\n", "---\njust prose here\n---\nmore\n"]
        {
            assert!(read(source).0.is_none(), "{source:?}");
        }
        assert_eq!(value("---\n---\nx", "a"), None);
        assert_eq!(read("---\n---\nx").1, 8);
    }
}
