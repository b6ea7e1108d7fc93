//! The lines of a record, one event each, as the data files write them:
//!
//! ```text
//! 11:42 started:
//! 11:43 alert order rate monitor: No order in 60 seconds
//! 11:44 declared tomasz:
//! 11:48 investigating mirela: Nobody can place an order at present. …
//! +1 08:10 mitigated adaeze:
//! +17 note callum: (with a number alone: minutes after the beginning)
//! ```

use amends_model::{ComponentStatus, MaintenanceState, Phase};

/// When a line happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many minutes after the beginning.
    After(i64),
    /// So many days after the first day, at this minute of the day (UTC).
    Clock { day: i64, minute: i64 },
}

/// What happened. People are named by their key in `company.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The failure, or the work, began.
    Started,
    /// A monitor rang.
    Alert {
        /// Which one.
        source: String,
        /// What it said.
        text: String,
    },
    /// Noticed by other means than a monitor.
    Detected {
        /// By whom.
        who: String,
        /// How.
        text: String,
    },
    /// The record was opened.
    Declared {
        /// By whom.
        who: String,
    },
    /// Somebody took a role.
    Role {
        /// Who.
        who: String,
        /// `lead` or `communications`.
        role: &'static str,
    },
    /// An internal note.
    Note {
        /// By whom.
        who: String,
        /// The words.
        text: String,
    },
    /// Somebody changed a system.
    Change {
        /// Who.
        who: String,
        /// What they did.
        text: String,
    },
    /// A message to customers.
    Update {
        /// By whom.
        who: String,
        /// What customers are told the phase is.
        phase: Phase,
        /// The words.
        text: String,
    },
    /// A message to customers about planned work.
    Work {
        /// By whom.
        who: String,
        /// State from then on.
        state: MaintenanceState,
        /// The words.
        text: String,
    },
    /// Customers no longer hurt.
    Mitigated {
        /// Who said so.
        who: String,
    },
    /// Components changed in between.
    Status {
        /// Who changed them.
        who: String,
        /// Component keys and their new status.
        changes: Vec<(String, ComponentStatus)>,
    },
}

impl What {
    /// Who did it, if a person did.
    pub fn who(&self) -> Option<&str> {
        match self {
            What::Started | What::Alert { .. } => None,
            What::Detected { who, .. }
            | What::Declared { who }
            | What::Role { who, .. }
            | What::Note { who, .. }
            | What::Change { who, .. }
            | What::Update { who, .. }
            | What::Work { who, .. }
            | What::Mitigated { who }
            | What::Status { who, .. } => Some(who),
        }
    }

    /// The words, if it has any.
    pub fn text(&self) -> Option<&str> {
        match self {
            What::Alert { text, .. }
            | What::Detected { text, .. }
            | What::Note { text, .. }
            | What::Change { text, .. }
            | What::Update { text, .. }
            | What::Work { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When. `None` for the announcement of planned work, whose day is given apart.
    pub when: Option<When>,
    /// What.
    pub what: What,
}

/// Reads all lines of a timeline.
///
/// # Errors
/// The line that could not be read, with the reason.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| one(line).map_err(|why| format!("\"{line}\": {why}")))
        .collect()
}

fn one(line: &str) -> Result<Line, String> {
    let (head, text) =
        line.split_once(": ").or_else(|| line.strip_suffix(':').map(|h| (h, ""))).ok_or("no colon")?;
    let (when, head) = when(head)?;
    let (verb, who) = head.split_once(' ').unwrap_or((head, ""));
    let (who, text) = (who.to_owned(), text.trim().to_owned());
    let worded = !text.is_empty();
    let what = match verb {
        "started" => What::Started,
        "alert" if worded => What::Alert { source: who, text },
        "detected" if worded => What::Detected { who, text },
        "declared" => What::Declared { who },
        "lead" => What::Role { who, role: "lead" },
        "comms" => What::Role { who, role: "communications" },
        "note" if worded => What::Note { who, text },
        "change" if worded => What::Change { who, text },
        "mitigated" => What::Mitigated { who },
        "status" => What::Status { who, changes: changes(&text)? },
        word => {
            let phase = word.parse::<Phase>().ok().map(|phase| (Some(phase), None));
            let state = word.parse::<MaintenanceState>().ok().map(|state| (None, Some(state)));
            match phase.or(state) {
                Some((Some(phase), _)) if worded => What::Update { who, phase, text },
                Some((_, Some(state))) if worded => What::Work { who, state, text },
                Some(_) => return Err("no words".to_owned()),
                None => return Err(format!("\"{word}\" is no kind of line, or has no words")),
            }
        }
    };
    Ok(Line { when, what })
}

fn when(head: &str) -> Result<(Option<When>, &str), String> {
    let (first, rest) = head.split_once(' ').unwrap_or((head, ""));
    if let Some(number) = first.strip_prefix('+') {
        let number: i64 = number.parse().map_err(|_| "no number after +")?;
        let (second, after) = rest.split_once(' ').unwrap_or((rest, ""));
        return Ok(match clock(second) {
            Some(minute) => (Some(When::Clock { day: number, minute }), after),
            None => (Some(When::After(number)), rest),
        });
    }
    Ok(match clock(first) {
        Some(minute) => (Some(When::Clock { day: 0, minute }), rest),
        None => (None, head),
    })
}

/// "11:42" as minutes of the day.
pub fn clock(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

fn changes(text: &str) -> Result<Vec<(String, ComponentStatus)>, String> {
    text.split(',')
        .map(|pair| {
            let (key, status) = pair.trim().split_once('=').ok_or("no = in a component's status")?;
            let status = status.parse().map_err(|_| format!("\"{status}\" is no status"))?;
            Ok((key.to_owned(), status))
        })
        .collect()
}
