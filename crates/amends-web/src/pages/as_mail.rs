//! A mail as its readers see it: its HTML stands in a frame of its own where nothing in it can run, its text in the page.

use super::fields::Fields;
use super::html_response;
use super::incidents::escaped;
use super::when::Markup;
use crate::guard::CONTENT_SECURITY_POLICY;
use amends_app::broadcast::BroadcastPreview;
use amends_model::broadcast::grouped;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// What goes out by mail, to how many, for the last look before it does.
#[derive(Debug, Clone)]
pub struct AsMail {
    /// The subject line.
    pub subject: String,
    /// The text part, with its links.
    pub text: Markup,
    /// How many get it.
    pub count: u64,
    /// How many of them get it later, because they asked for that.
    pub later: u64,
    /// How many do not because they asked for less.
    pub unwanted: u64,
    /// How many do not because their address is suppressed.
    pub suppressed: u64,
    /// Why it waits before it goes, if it does.
    pub held: Option<String>,
    /// Where the form posts that shows the HTML.
    pub action: String,
    /// What that form carries.
    pub fields: Markup,
}

impl AsMail {
    /// The mail of a form that posts to `action`; its `step=mail` answers the HTML.
    pub fn of(preview: BroadcastPreview, action: &str, form: &Fields) -> Self {
        AsMail {
            count: preview.count(),
            later: preview.later,
            unwanted: preview.unwanted,
            suppressed: preview.suppressed,
            text: linked(&preview.text),
            subject: preview.subject,
            held: preview.held,
            action: action.to_owned(),
            fields: form.carried(&["step"]),
        }
    }

    /// `1 subscriber`, `9,812 subscribers`.
    pub fn readers(&self) -> String {
        counted(self.count, "subscriber", "subscribers")
    }

    /// Those who get it later.
    pub fn hear_later(&self) -> String {
        counted(self.later, "of them hears", "of them hear")
    }

    /// Those who asked for less.
    pub fn asked_for_less(&self) -> String {
        counted(self.unwanted, "more wants", "more want")
    }

    /// Those who would get it if their address were not suppressed.
    pub fn left_out(&self) -> String {
        counted(self.suppressed, "more is suppressed and gets", "more are suppressed and get")
    }
}

/// `1 mail`, `9,812 mails`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Lets a page hold frames of this site.
pub fn framing(mut response: Response) -> Response {
    if let Ok(policy) = HeaderValue::try_from(format!("{CONTENT_SECURITY_POLICY}; frame-src 'self'")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The document of such a frame. It is in a sandbox by its own header, too, so that opening its address does no harm:
/// styles are its own, links open beside it, and nothing is fetched or run.
pub fn document(html: &str) -> Response {
    let html = html.replacen("<head>", "<head><base target=\"_blank\">", 1);
    let mut response = html_response(StatusCode::OK, html);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; \
             img-src data:; frame-ancestors 'self'",
        ),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    response
}

/// Plain text as markup, its web addresses as links.
pub fn linked(text: &str) -> Markup {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|s| rest.find(s)).min() {
        out.push_str(&escaped(&rest[..at]));
        let tail = &rest[at..];
        let end = tail.find(|c: char| c.is_whitespace() || "<>\"'`".contains(c)).unwrap_or(tail.len());
        let address = tail[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
        let shown = escaped(address);
        out.push_str(&format!("<a href=\"{shown}\" rel=\"noopener noreferrer\">{shown}</a>"));
        rest = &tail[address.len()..];
    }
    out.push_str(&escaped(rest));
    Markup(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_links_and_everything_else_stays_text() {
        let html = linked(
            "See <https://a.example/s/1>, or http://b.example/x?a=1&b=2.\n\"javascript:alert(1)\" & https://",
        )
        .0;
        assert!(html.contains(
            "&lt;<a href=\"https://a.example/s/1\" rel=\"noopener noreferrer\">https://a.example/s/1</a>&gt;,"
        ));
        assert!(
            html.contains("href=\"http://b.example/x?a=1&amp;b=2\"")
                && html.contains("</a>.\n&quot;javascript:")
        );
        assert_eq!(html.matches("<a ").count(), 3, "{html}");
        assert_eq!(linked("no link <b>").0, "no link &lt;b&gt;");
    }
}
