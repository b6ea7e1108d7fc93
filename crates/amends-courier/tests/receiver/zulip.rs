//! Takes Slack's incoming webhooks as Zulip's integration `slack_incoming` does (facts from its documentation and behaviour):
//! JSON in the body; the topic from the address, or else from `channel`; blocks, and the text only where there are none; links
//! as Slack writes them become links as Markdown writes them, and one star for bold becomes two. A block of a kind that it
//! does not know, or one without what its kind must have, is refused.

use serde_json::Value;

use super::Post;

/// What stands in Zulip then.
#[derive(Debug)]
pub struct Message {
    pub topic: String,
    pub content: String,
}

pub fn read(post: &Post) -> Result<Message, String> {
    let kind = post.field("Content-Type").unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err("Missing 'payload' argument".into());
    }
    let payload: Value = serde_json::from_str(&post.body).map_err(|_| "Malformed JSON".to_owned())?;
    let query = post.path.split_once('?').map_or("", |(_, query)| query);
    let named = query.split('&').find_map(|pair| pair.strip_prefix("topic="));
    let channel = payload["channel"].as_str().map(|c| c.trim_start_matches(['@', '#']));
    let topic = named.or(channel).unwrap_or("(no topic)").to_owned();
    let mut pieces = Vec::new();
    for block in payload["blocks"].as_array().into_iter().flatten() {
        pieces.push(self::block(block)?);
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    let mut content = pieces.join("\n\n");
    if content.is_empty() {
        content = payload["text"].as_str().unwrap_or_default().to_owned();
    }
    Ok(Message { topic, content: bold(&links(&content)) })
}

fn block(block: &Value) -> Result<String, String> {
    match block["type"].as_str().unwrap_or_default() {
        "header" => Ok(format!("## {}", text(&block["text"], &["plain_text"])?)),
        "section" if block.get("text").is_some() => text(&block["text"], &["plain_text", "mrkdwn"]),
        "section" | "actions" | "input" => Ok(String::new()),
        "divider" => Ok("----".into()),
        "context" => {
            let elements = block["elements"].as_array().ok_or("elements is missing")?;
            let each: Result<Vec<_>, _> =
                elements.iter().map(|element| text(element, &["plain_text", "mrkdwn"])).collect();
            Ok(each?.join("\n\n"))
        }
        other => Err(format!("payload[\"blocks\"][\"type\"] is invalid: {other}")),
    }
}

fn text(value: &Value, kinds: &[&str]) -> Result<String, String> {
    let kind = value["type"].as_str().unwrap_or_default();
    if !kinds.contains(&kind) {
        return Err(format!("Invalid text type: {kind}"));
    }
    value["text"].as_str().map(str::to_owned).ok_or_else(|| "text is not a string".into())
}

/// `<https://x|words>` becomes `[words](https://x)`.
fn links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let link = after.split_once('>').and_then(|(inner, end)| Some((inner.split_once('|')?, end)));
        match link.filter(|((url, _), _)| url.contains("://")) {
            Some(((url, words), end)) => {
                out.push_str(&format!("[{words}]({url})"));
                rest = end;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out + rest
}

/// `*words*` in one line becomes `**words**`.
fn bold(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('*').and_then(|l| l.strip_suffix('*')) {
        Some(inner) if !inner.is_empty() && !inner.contains('*') => format!("**{inner}**"),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
