//! The first few messages of a broadcast go ahead of the others. Pure.

use std::collections::{BTreeMap, HashSet};

use amends_model::BroadcastId;

use crate::channel::Task;

/// So many go ahead.
const AHEAD: usize = 3;
/// A batch with fewer messages of one broadcast goes all at once.
const WORTH_IT: usize = 10;

/// Whether a batch would go in one wave.
pub(super) fn go_at_once(tasks: &[Task], proven: &HashSet<BroadcastId>) -> bool {
    unproven(tasks, proven).is_empty()
}

/// Broadcasts of which some go ahead.
fn unproven(tasks: &[Task], proven: &HashSet<BroadcastId>) -> BTreeMap<BroadcastId, usize> {
    let mut counts: BTreeMap<BroadcastId, usize> = BTreeMap::new();
    for task in tasks.iter().filter(|t| !proven.contains(&t.bundle.broadcast_id)) {
        *counts.entry(task.bundle.broadcast_id.clone()).or_default() += 1;
    }
    counts.retain(|_, count| *count >= WORTH_IT);
    counts
}

/// A batch in waves: each goes only when the one before was not refused. Mails to one address first (the operators' own
/// copy among them), then the first few of each broadcast of which no message was accepted yet on the way that is used
/// now, then the rest. Whoever has something in the rest that was said before gets nothing ahead of it.
pub(super) fn waves(tasks: Vec<Task>, proven: &HashSet<BroadcastId>) -> Vec<Vec<Task>> {
    let counts = unproven(&tasks, proven);
    if counts.is_empty() {
        return vec![tasks];
    }
    let mut left: BTreeMap<BroadcastId, usize> = counts.into_keys().map(|id| (id, AHEAD)).collect();
    let (mut single, mut ahead, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut behind = HashSet::new();
    for task in tasks {
        if task.delivery.subscriber_id.is_none() {
            single.push(task);
            continue;
        }
        match left.get_mut(&task.bundle.broadcast_id) {
            Some(left) if *left > 0 && !behind.contains(&task.delivery.address) => {
                *left -= 1;
                ahead.push(task);
            }
            _ => {
                behind.insert(task.delivery.address.clone());
                rest.push(task);
            }
        }
    }
    [single, ahead, rest].into_iter().filter(|wave| !wave.is_empty()).collect()
}
