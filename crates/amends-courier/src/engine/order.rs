//! What else there is for the addresses of a batch: looked up only where a thread has more than one word on its way.

use std::collections::{BTreeSet, HashMap, HashSet};

use amends_model::{BroadcastId, Channel, DeliveryId, DeliveryState};
use amends_store::broadcast::Neighbours;
use amends_store::delivery::Claimed;
use amends_store::{StoreError, Tx, broadcast, delivery};

use crate::outcome::Around;
use crate::plan::delivery_id;

/// Where the neighbours of a batch's deliveries stand.
pub(crate) struct Arounds {
    channel: Channel,
    neighbours: HashMap<BroadcastId, Neighbours>,
    states: HashMap<DeliveryId, DeliveryState>,
    /// The batch itself: within it, order is kept by sending.
    batch: HashSet<DeliveryId>,
}

/// Looks them up.
pub(crate) async fn around(
    tx: &mut Tx,
    channel: Channel,
    claimed: &[Claimed],
    broadcasts: &BTreeSet<BroadcastId>,
) -> Result<Arounds, StoreError> {
    let mut neighbours = HashMap::new();
    for id in broadcasts {
        let found = broadcast::neighbours(tx, id).await?;
        if found != Neighbours::default() {
            neighbours.insert(id.clone(), found);
        }
    }
    let asked: Vec<DeliveryId> = claimed
        .iter()
        .filter_map(|c| neighbours.get(&c.broadcast_id).map(|n| (c, n)))
        .flat_map(|(c, n)| {
            n.newer
                .iter()
                .chain(&n.older)
                .map(|b| delivery_id(b, channel, &c.address, c.subscriber_id.as_ref()))
        })
        .collect();
    let others: Vec<BroadcastId> =
        neighbours.values().flat_map(|n| n.newer.iter().chain(&n.older)).cloned().collect();
    let states = delivery::states(tx, &others, &asked).await?;
    let batch =
        if neighbours.is_empty() { HashSet::new() } else { claimed.iter().map(|c| c.id.clone()).collect() };
    Ok(Arounds { channel, neighbours, states, batch })
}

impl Arounds {
    /// What there is around one delivery of the batch.
    pub(crate) fn of(&self, c: &Claimed) -> Around {
        let Some(n) = self.neighbours.get(&c.broadcast_id) else { return Around::default() };
        let stands = |b: &BroadcastId| {
            let id = delivery_id(b, self.channel, &c.address, c.subscriber_id.as_ref());
            if self.batch.contains(&id) { None } else { self.states.get(&id).copied() }
        };
        use DeliveryState::{Accepted, Queued, Sending};
        Around {
            newer: !n.newer.is_empty(),
            newer_is_out: n.newer.iter().any(|b| matches!(stands(b), Some(Accepted | Sending))),
            older_is_due: n.older.iter().any(|b| matches!(stands(b), Some(Queued | Sending))),
        }
    }
}
