//! Rendering for mail: one draft for each broadcast, and each recipient's parcel from it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use amends_model::BroadcastId;

use super::{Bundle, Task};
use crate::dkim::{self, Signer};
use crate::links::Links;
use crate::message::{Draft, Recipient, compose};
use crate::settings::MailSettings;
use crate::smtp::Parcel;

/// As many drafts are kept; more broadcasts than that are hardly ever on their way at once.
const KEPT: usize = 32;

/// What all mail channels share.
pub struct Postmaster {
    settings: MailSettings,
    links: Links,
    signer: Option<Signer>,
    drafts: Mutex<HashMap<BroadcastId, (i64, Arc<Draft>)>>,
}

impl Postmaster {
    /// With the installation's settings and secret, and a signing key if it signs itself.
    pub fn new(settings: MailSettings, links: Links, signer: Option<Signer>) -> Self {
        Self { settings, links, signer, drafts: Mutex::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &MailSettings {
        &self.settings
    }

    /// Whether it signs messages itself.
    pub(super) fn signs(&self) -> bool {
        self.signer.is_some()
    }

    fn draft(&self, bundle: &Bundle) -> Arc<Draft> {
        let mut drafts = self.drafts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, draft)) = drafts.get(&bundle.broadcast_id)
            && *version == bundle.page.version
        {
            return draft.clone();
        }
        if drafts.len() >= KEPT {
            drafts.clear();
        }
        let draft = Arc::new(compose(&self.settings.letterhead(&bundle.page), &bundle.content));
        drafts.insert(bundle.broadcast_id.clone(), (bundle.page.version, draft.clone()));
        draft
    }

    /// The subject line of a task's mail.
    pub(super) fn subject(&self, task: &Task) -> String {
        self.draft(&task.bundle).subject().to_owned()
    }

    /// The message for one recipient, unsigned. The same bytes on every attempt.
    pub(super) fn parcel(&self, task: &Task) -> Parcel {
        let draft = self.draft(&task.bundle);
        let id = task.delivery.id.as_str();
        let mut recipient = Recipient {
            address: task.delivery.address.clone(),
            delivery_id: id.to_owned(),
            // Copies for the operators have no subscription to change; their links lead to the page.
            manage_url: self.settings.public_url.clone(),
            ..Recipient::default()
        };
        if let Some(subscriber) = &task.delivery.subscriber_id {
            recipient.token = self.links.subscriber_token(subscriber);
            recipient.manage_url = self.links.manage_url(&recipient.token);
            recipient.unsubscribe_url = self.links.unsubscribe_url(&recipient.token);
        }
        let message = draft.to(&recipient, task.bundle.made_at);
        let size = message.len() + if self.signs() { dkim::LONGEST } else { 0 };
        Parcel {
            from: draft.envelope_sender(id),
            to: recipient.address,
            id: recipient.delivery_id,
            message,
            size,
        }
    }

    /// The header field that signs a message, if it signs: to stand before it. The same on every attempt.
    ///
    /// # Errors
    /// When the key cannot sign; in words for the operator.
    pub(super) fn seal(&self, task: &Task, message: &[u8]) -> Result<String, String> {
        let Some(signer) = &self.signer else { return Ok(String::new()) };
        signer.sign(message, task.bundle.made_at).ok_or_else(|| "the DKIM key cannot sign; check it".into())
    }
}
