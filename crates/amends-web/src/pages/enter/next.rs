//! Where somebody goes after signing in. Pure.

/// Longest path that is kept.
const LONGEST: usize = 2000;

/// The page of the app that `next` names, or the app's first page. Anything else could lead elsewhere: a link to the
/// sign-in page must not become a way to another site.
pub fn place(next: &str) -> &str {
    if leads_into_the_app(next) { next } else { "/app" }
}

fn leads_into_the_app(next: &str) -> bool {
    let rest = next.strip_prefix("/app");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        && next.len() <= LONGEST
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_app_are_gone_to() {
        for good in ["/app", "/app/incidents/4?tab=all#x", "/app?said=saved", "/app/"] {
            assert_eq!(place(good), good);
        }
        let long = format!("/app/{}", "x".repeat(2000));
        for bad in [
            "",
            "/",
            "app",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "https://evil.example/app",
            "javascript:alert(1)",
            "/apple",
            "/app\\..\\x",
            "/app/\r\nSet-Cookie: a=b",
            "/app/\t/x",
            "/app/é",
            "/app x",
            "/sign-out",
            "/appx",
            long.as_str(),
        ] {
            assert_eq!(place(bad), "/app", "{bad}");
        }
    }
}
