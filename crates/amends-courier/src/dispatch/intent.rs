//! What programs said to the question whether a wish at the hub was theirs: only then is it heeded.

use amends_model::{Endpoint, SubscriberId, SubscriberState};
use amends_store::{StoreError, Tx, endpoint, subscriber};
use jiff::{SignedDuration, Timestamp};

use super::Dispatch;
use crate::channel::{Errand, Lease, Said};
use crate::judge::Verdict;
use crate::message::Content;

impl Dispatch {
    /// Heeds the wishes that these answers confirm.
    pub(super) async fn heed_intents(
        &self,
        tx: &mut Tx,
        answers: &[(&Errand, &Said)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (errand, said) in answers {
            let Content::Intent(intent) = &errand.notice.stored.content else { continue };
            if said.verdict != Verdict::Accepted {
                continue;
            }
            let Ok(id) = intent.subscriber_id.parse::<SubscriberId>() else { continue };
            let Some(mut found) = subscriber::get(tx, &id).await? else { continue };
            found.updated_at = now;
            if intent.ends {
                (found.state, found.ended_at) = (SubscriberState::Unsubscribed, Some(now));
            } else {
                (found.state, found.ended_at) = (SubscriberState::Confirmed, None);
                found.confirmed_at = found.confirmed_at.or(Some(now));
                let lease = SignedDuration::from_secs(intent.lease_seconds);
                let lease =
                    Lease { secret: intent.secret.clone(), until: now.checked_add(lease).unwrap_or(now) };
                let details = serde_json::to_string(&lease)
                    .map_err(|e| StoreError::Corrupt(format!("a lease cannot be written down: {e}")))?;
                let known = endpoint::get(tx, &id).await?;
                let known = known.unwrap_or_else(|| Endpoint::new(id.clone(), String::new()));
                endpoint::put(tx, &[Endpoint { details, ended_why: None, ..known }]).await?;
            }
            subscriber::update(tx, &found).await?;
        }
        Ok(())
    }
}
