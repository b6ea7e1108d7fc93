//! What will be sent and to how many, before it goes.

use super::{audience, incident_audience, incident_content, maintenance_content};
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::incident::{Declare, MAX_TEXT, PublishUpdate};
use crate::maintenance::{MaintenanceMessage, Schedule};
use amends_courier::message::{self, Content};
use amends_model::broadcast::Audience;
use amends_model::preference::{Course, Word};
use amends_model::{
    Action, BroadcastKind, Channel, Event, EventBody, Incident, Maintenance, MaintenanceId, Resource,
    Visibility, text,
};
use amends_store::{Tx, component, subscriber};
use serde::Serialize;

/// What will be sent, to how many, before it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BroadcastPreview {
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part: a whole document, to be shown only where it cannot run anything.
    pub html: String,
    /// How many get it, for each channel.
    pub recipients: Vec<ChannelCount>,
    /// How many of them get it later, because of their quiet hours or in a digest.
    pub later: u64,
    /// How many would get it, but do not want to hear of what is no worse, or of planned work.
    pub unwanted: u64,
    /// How many would get it, but their address is suppressed.
    pub suppressed: u64,
    /// Why it will wait before it goes, if the mail server does not take mail now.
    pub held: Option<String>,
}

/// How many subscribers on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChannelCount {
    /// Which.
    pub channel: Channel,
    /// How many.
    pub count: u64,
}

impl BroadcastPreview {
    /// How many get it, on all channels.
    pub fn count(&self) -> u64 {
        self.recipients.iter().map(|r| r.count).sum()
    }
}

impl App {
    /// What [`App::publish_update`] would send, and to how many. Changes nothing.
    pub async fn preview_update(
        &self,
        caller: &Caller,
        incident: &str,
        input: &PublishUpdate,
    ) -> Result<BroadcastPreview, AppError> {
        caller.require(Action::Publish, Resource::Update)?;
        let (incident, event) = self.draft_update(caller, incident, input).await?;
        self.preview_incident(&incident, &event).await
    }

    /// What [`App::declare`] would send, and to how many; nothing if it holds no message to customers. Changes nothing.
    pub async fn preview_declare(
        &self,
        caller: &Caller,
        input: &Declare,
    ) -> Result<Option<BroadcastPreview>, AppError> {
        caller.require(Action::Publish, Resource::Incident)?;
        let (incident, word) = self.draft_declare(caller, input).await?;
        match word {
            Some(event) => self.preview_incident(&incident, &event).await.map(Some),
            None => Ok(None),
        }
    }

    /// What [`App::schedule`] would send, and to how many. Changes nothing.
    pub async fn preview_schedule(
        &self,
        caller: &Caller,
        input: &Schedule,
    ) -> Result<BroadcastPreview, AppError> {
        caller.require(Action::Create, Resource::Maintenance)?;
        let (planned, event) = self.draft_schedule(caller, input).await?;
        self.preview_maintenance(&planned, &event).await
    }

    /// What [`App::update_maintenance`] would send, and to how many. Changes nothing.
    pub async fn preview_maintenance_message(
        &self,
        caller: &Caller,
        id: &MaintenanceId,
        input: &MaintenanceMessage,
    ) -> Result<BroadcastPreview, AppError> {
        caller.require(Action::Edit, Resource::Maintenance)?;
        let (mut planned, _) = self.maintenance(caller, id).await?;
        let text = text::prose("text", &input.text, MAX_TEXT).map_err(|e| AppError::Invalid(e.into()))?;
        planned.state = input.state.unwrap_or(planned.state);
        let body = EventBody::MaintenanceUpdate {
            state: planned.state,
            text,
            notify: input.notify.unwrap_or(true),
            components: Vec::new(),
        };
        let now = self.now();
        let event = self.new_event(caller, id.clone().into(), now, body, now);
        self.preview_maintenance(&planned, &event).await
    }

    async fn preview_incident(
        &self,
        incident: &Incident,
        event: &Event,
    ) -> Result<BroadcastPreview, AppError> {
        let mut tx = self.read().await?;
        let all = component::all(&mut tx).await?;
        let content = incident_content(incident, event, &all, &self.mail().public_url);
        let content = content.ok_or_else(|| AppError::Internal("a draft that is no update".into()))?;
        let told = matches!(&event.body, EventBody::Update { notify: true, .. });
        let audience = incident_audience(&mut tx, incident, &all).await?;
        self.preview(&mut tx, &content, BroadcastKind::Update, &audience, told).await
    }

    async fn preview_maintenance(
        &self,
        m: &Maintenance,
        event: &Event,
    ) -> Result<BroadcastPreview, AppError> {
        let mut tx = self.read().await?;
        let all = component::all(&mut tx).await?;
        let content = maintenance_content(m, event, &all, &self.mail().public_url);
        let content = content.ok_or_else(|| AppError::Internal("a draft that is no update".into()))?;
        let told = m.visibility == Visibility::Public
            && matches!(&event.body, EventBody::MaintenanceUpdate { notify: true, .. });
        let audience = audience(&all, m.components.clone());
        self.preview(&mut tx, &content, BroadcastKind::Maintenance, &audience, told).await
    }

    /// What a message to subscribers looks like, and to how many it would go; `told` says whether it goes at all.
    pub(crate) async fn preview(
        &self,
        tx: &mut Tx,
        content: &Content,
        kind: BroadcastKind,
        audience: &Audience,
        told: bool,
    ) -> Result<BroadcastPreview, AppError> {
        let page = page_of(tx).await?;
        let message::Preview { subject, text, html } =
            message::compose(&self.mail().letterhead(&page), content).preview();
        let (word, now) = (Word { kind, impact: audience.impact }, self.now());
        let (mut recipients, mut later, mut unwanted, mut suppressed) = (Vec::new(), 0, 0, 0);
        for channel in Channel::ALL.iter().copied().filter(|_| told) {
            let (mut count, not) = subscriber::audience_size(tx, channel, audience).await?;
            suppressed += not;
            for (preferences, those) in subscriber::audience_wishes(tx, channel, audience).await? {
                match preferences.course(word, now, None) {
                    Course::Now => {}
                    Course::NotBefore(..) => later += those,
                    Course::Skip(_) => {
                        count = count.saturating_sub(those);
                        unwanted += those;
                    }
                }
            }
            // Mail is always named; another channel when somebody has it.
            if count > 0 || channel == Channel::Email {
                recipients.push(ChannelCount { channel, count });
            }
        }
        if !told {
            recipients.push(ChannelCount { channel: Channel::Email, count: 0 });
        }
        let state = self.mail_state_in(tx).await?;
        let held = state.held.then_some(state.reason);
        Ok(BroadcastPreview { subject, text, html, recipients, later, unwanted, suppressed, held })
    }
}
