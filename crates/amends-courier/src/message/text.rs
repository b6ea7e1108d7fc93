//! The text part: for terminals, screen readers, watches, and people who prefer it.

use super::clean::{MANAGE, UNSUBSCRIBE};
use super::view::View;

pub(super) fn render(view: &View) -> String {
    let mut out = String::new();
    let mut block = |text: &str| {
        if !text.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(text.trim_end());
            out.push('\n');
        }
    };
    let mut head = view.title.clone();
    if let Some(state) = &view.state {
        head = format!("{head}\n{} {}", state.shape, state.words);
    }
    block(&head);
    block(&view.facts.join("\n"));
    block(&view.lead.join("\n\n"));
    block(view.text.trim_matches('\n'));
    if !view.components.is_empty() {
        let lines = view
            .components
            .iter()
            .map(|(status, name)| format!("{} {name}: {}", status.shape(), status.label()));
        block(&lines.collect::<Vec<_>>().join("\n"));
    }
    block(&view.promises.join("\n"));
    if let Some((words, url)) = &view.button {
        block(&format!("{words}:\n{url}"));
    }
    block(&view.remarks.join("\n"));
    let mut foot = format!("-- \n{}", view.because);
    if view.subscribed {
        foot.push_str(&format!("\nChange what you hear: {MANAGE}\nUnsubscribe: {UNSUBSCRIBE}"));
    }
    block(&foot);
    out
}
