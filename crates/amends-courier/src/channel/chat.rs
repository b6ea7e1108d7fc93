//! What chat rooms have in common: a message in brief, as plain lines that each lays out in its own form.

use super::Notice;
use crate::message::{Brief, MANAGE, brief};

/// The parts of a chat message. Nothing in it is markup yet; whoever lays it out escapes it.
pub(super) struct Chat {
    pub(super) brief: Brief,
    /// State, facts, components and promises as lines beneath the text.
    pub(super) lines: Vec<String>,
}

pub(super) fn chat(notice: &Notice) -> Chat {
    let brief = brief(&notice.head, &notice.stored.content);
    let lines = brief.components.iter().chain(&brief.promises).chain(&brief.remarks).cloned().collect();
    Chat { brief, lines }
}

impl Chat {
    /// What a notification shows before it is opened.
    pub(super) fn headline(&self) -> String {
        match self.brief.state.is_empty() {
            true => format!("[{}] {}", self.brief.from, self.brief.title),
            false => format!("[{}] {}: {}", self.brief.from, self.brief.title, self.brief.state),
        }
    }

    /// The place of the link to change the subscription, for news alone.
    pub(super) fn manage(&self) -> Option<String> {
        self.brief.subscribed.then(|| MANAGE.to_string())
    }

    /// The colour of the state.
    pub(super) fn colour(&self) -> u32 {
        match self.brief.tone {
            "ok" => 0x002e_7d32,
            "degraded" => 0x00b0_8200,
            "partial" => 0x00c2_5b00,
            "major" => 0x00b3_261e,
            "maintenance" => 0x001f_5fa8,
            _ => 0x005f_6368,
        }
    }
}
