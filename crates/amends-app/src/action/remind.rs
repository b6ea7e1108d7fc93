//! The duty that reminds owners by mail, once for each step: soon due, due, overdue, long overdue.

use crate::context::App;
use crate::error::AppError;
use amends_courier::message::{ActionDue, Content};
use amends_model::{CorrectiveAction, postmortem::reminder};
use amends_store::{action, person};

/// Nobody is written to at night: before this hour of the page's zone nothing goes.
const FROM_HOUR: i8 = 8;
/// As many in one transaction.
const BATCH: usize = 50;

impl App {
    /// Puts every reminder that is due on its way (from eight in the morning of the page's zone on) and answers how many that were. Safe on all nodes at once: a reminder
    /// and the note that it was sent are one transaction.
    pub async fn remind_owners(&self) -> Result<usize, AppError> {
        let now = self.now();
        // Before the installation is set up there is nobody to remind.
        let Some(page) = amends_store::page::get(&mut self.read().await?).await? else { return Ok(0) };
        let local = now.to_zoned(page.zone());
        if local.hour() < FROM_HOUR {
            return Ok(0);
        }
        let today = local.date();
        let mut sent = 0;
        loop {
            let mut tx = self.begin().await?;
            let due = action::to_remind(&mut tx, today, BATCH).await?;
            if due.is_empty() {
                return Ok(sent);
            }
            for found in due {
                let (Some(day), Some(owner)) = (found.due, &found.owner_id) else { continue };
                let Some(step) = reminder(day, today) else { continue };
                action::set_reminded(&mut tx, &found.id, day, step).await?;
                let owner = person::get(&mut tx, owner).await?.filter(|person| !person.disabled);
                let Some(owner) = owner else { continue };
                let about = super::line_of(&mut tx, found.clone(), today).await?.about;
                let content = self.reminder_mail(&found, about, day, today);
                self.mail_to(&mut tx, &content, &owner.email).await?;
                sent += 1;
            }
            self.commit(tx).await?;
        }
    }

    fn reminder_mail(
        &self,
        action: &CorrectiveAction,
        about: String,
        due: jiff::civil::Date,
        today: jiff::civil::Date,
    ) -> Content {
        Content::Action(ActionDue {
            action_id: action.id.to_string(),
            title: crate::markdown::line(&action.text, 300),
            incident_title: about,
            url: format!("{}/app/actions/{}", self.settings().public_url, action.id),
            due: due.strftime("%-d %b %Y").to_string(),
            days_overdue: today.since(due).map_or(0, |span| i64::from(span.get_days())),
        })
    }
}
