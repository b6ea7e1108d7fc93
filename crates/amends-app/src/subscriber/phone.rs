//! Telephones: the code that is typed into the page, what people answer (STOP, START, HELP), and what gateways report.

use super::own::{Subscription, gone};
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::record;
use amends_courier::Links;
use amends_courier::feedback::{Keyword, SmsFate, SmsPost, Untaken, keyword, read_answer, read_status};
use amends_courier::message::{Confirm, Content};
use amends_model::{
    Action, Channel, DeliveryId, DeliveryState, Resource, Subscriber, SubscriberState, Suppression,
    SuppressionReason,
};
use amends_store::{Tx, delivery, sms, subscriber, suppression};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// How long a code works.
const CODE_WITHIN: SignedDuration = SignedDuration::from_mins(30);
/// How often one may mistype it.
const TRIES: u32 = 5;
/// Who asked for updates has so long to answer START instead of typing the code.
const WISH_STANDS: SignedDuration = SignedDuration::from_hours(48);
/// Under this name all codes of a day are counted.
const ALL_CODES: &str = "codes by text message";

/// Days since 1970.
pub(super) fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

impl App {
    /// Whether the form has sent the codes that it may send in a day.
    pub(super) async fn too_many_codes(&self, tx: &mut Tx, day_ago: Timestamp) -> Result<bool, AppError> {
        let most = self.sms_rules().map_or(0, |rules| rules.codes_per_day);
        let (sent, _) = subscriber::confirmations(tx, ALL_CODES, day_ago).await?;
        if sent >= most {
            tracing::warn!(sent, "the subscription form sent its codes by text message for today");
        }
        Ok(sent >= most)
    }

    /// A name under which a code can be typed in. None is right until one was sent.
    pub(super) async fn new_code(&self, tx: &mut Tx, now: Timestamp) -> Result<String, AppError> {
        let id = format!("{}{}", amends_model::id_text(self.random()), amends_model::id_text(self.random()));
        let code = sms::Code { id: id.clone(), subscriber_id: None, tries: 0, until: now + CODE_WITHIN };
        sms::put_code(tx, &code).await?;
        Ok(id)
    }

    /// Sends the code to the number that it was asked for.
    pub(super) async fn send_code(
        &self,
        tx: &mut Tx,
        links: &Links,
        found: &Subscriber,
        code: &str,
        now: Timestamp,
    ) -> Result<(), AppError> {
        sms::give_code(tx, code, &found.id).await?;
        subscriber::note_confirmation(tx, &amends_model::id_text(self.random()), ALL_CODES, now).await?;
        let content = Content::Confirm(Confirm {
            subscriber_id: found.id.to_string(),
            components: Vec::new(),
            url: self.mail().public_url.clone(),
            valid_until: now + CODE_WITHIN,
            subscribed_already: false,
            endpoint: None,
            code: Some(links.code(code)),
        });
        self.send_question(tx, &content, found.channel, &found.address, now).await
    }

    /// Whether a code can still be typed in under this name.
    ///
    /// Errors: there is none, it is too old, or was mistyped too often.
    pub async fn look_at_code(&self, id: &str) -> Result<(), AppError> {
        let found = sms::code(&mut self.read().await?, id).await?;
        found.filter(|c| c.until > self.now() && c.tries < TRIES).map(drop).ok_or_else(gone)
    }

    /// Confirms a subscription by the code that its address was sent. It works once; after five mistakes it does not work any
    /// more.
    pub async fn confirm_by_code(&self, id: &str, typed: &str) -> Result<Subscription, AppError> {
        let now = self.now();
        let links = self.links().await?;
        let mut tx = self.begin().await?;
        let found = sms::try_code(&mut tx, id).await?;
        let found = found.filter(|c| c.until > now && c.tries <= TRIES).ok_or_else(gone)?;
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let Some(subscriber_id) = found.subscriber_id.filter(|_| digits == links.code(id)) else {
            // The try is kept.
            tx.commit().await?;
            return match TRIES - found.tries {
                0 => Err(gone()),
                left => Err(AppError::field(
                    "code",
                    format!(
                        "is not the one in the message; {left} {} left",
                        if left == 1 { "try is" } else { "tries are" }
                    ),
                )),
            };
        };
        sms::use_code(&mut tx, id).await?;
        self.confirm_found(tx, &links, &subscriber_id, now).await
    }

    fn taken_from(&self, post: &SmsPost<'_>) -> Result<Caller, AppError> {
        let desk = self.sms_desk().ok_or(AppError::NotFound("gateway for text messages"))?;
        desk.check(post).map_err(|untaken| {
            tracing::warn!(why = %untaken, "a report about text messages was not taken");
            AppError::Unauthenticated
        })?;
        Ok(Caller::system("the gateway for text messages"))
    }

    /// Takes what somebody answered; returns what is to be written back, which may be nothing.
    ///
    /// Errors: it is not from the gateway, or has no number.
    pub async fn take_sms(&self, post: &SmsPost<'_>) -> Result<String, AppError> {
        let caller = self.taken_from(post)?;
        let fields: Vec<_> = post.form.iter().chain(post.query).cloned().collect();
        let (number, text, was_answered) = read_answer(&fields).map_err(unreadable)?;
        let said = self.heed(&caller, &number, keyword(&text)).await?;
        Ok(if was_answered { String::new() } else { said })
    }

    async fn heed(&self, caller: &Caller, number: &str, word: Keyword) -> Result<String, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let page = page_of(&mut tx).await?;
        let name = self.mail().letterhead(&page).display_name();
        let found = subscriber::get_by_address(&mut tx, Channel::Sms, number).await?;
        let url = &self.mail().public_url;
        match (word, found) {
            (Keyword::Help, _) => Ok(format!(
                "{name} at {url} sends text messages about incidents to those who asked for it. STOP ends them, START brings them back."
            )),
            (Keyword::Stop, found) => {
                // Also for a number that never asked: whoever says STOP is not to be sent a code either.
                let fresh = Suppression {
                    channel: Channel::Sms,
                    address: number.to_owned(),
                    reason: SuppressionReason::OptedOut,
                    detail: "answered STOP".into(),
                    at: now,
                };
                let known = found.is_some();
                let is_new = suppression::add(&mut tx, &[fresh]).await? > 0;
                if let Some(found) = found.filter(|f| f.state != SubscriberState::Unsubscribed) {
                    self.leave(&mut tx, caller, found, now).await?;
                }
                self.commit(tx).await?;
                Ok(if is_new && known {
                    format!("{name}: you get no more messages. START brings them back.")
                } else {
                    String::new()
                })
            }
            (Keyword::Start, Some(mut found)) => {
                let lifted = self.lift_own(&mut tx, number).await?;
                let asked_lately = found.state == SubscriberState::Pending
                    && now.duration_since(found.updated_at) <= WISH_STANDS;
                let comes_back = found.state == SubscriberState::Unsubscribed && found.confirmed_at.is_some();
                if asked_lately || comes_back {
                    (found.state, found.ended_at, found.updated_at) = (SubscriberState::Confirmed, None, now);
                    found.confirmed_at = Some(now);
                    subscriber::update(&mut tx, &found).await?;
                    let detail = json!({"answered": "START"});
                    record::changed(
                        &mut tx,
                        caller,
                        Action::Edit,
                        Resource::Subscriber,
                        found.id.as_str(),
                        detail,
                        now,
                    )
                    .await?;
                }
                self.commit(tx).await?;
                let gets =
                    found.state == SubscriberState::Confirmed && (lifted || asked_lately || comes_back);
                Ok(if gets {
                    format!("{name}: you get messages about incidents from now on. STOP ends them.")
                } else {
                    String::new()
                })
            }
            (Keyword::Start, None) => {
                self.lift_own(&mut tx, number).await?;
                self.commit(tx).await?;
                Ok(String::new())
            }
            (Keyword::Other, _) => Ok(String::new()),
        }
    }

    /// Lifts a suppression that its owner can lift.
    async fn lift_own(&self, tx: &mut Tx, number: &str) -> Result<bool, AppError> {
        let own = [SuppressionReason::OptedOut, SuppressionReason::Bounced];
        match suppression::get(tx, Channel::Sms, number).await? {
            Some(s) if own.contains(&s.reason) => Ok(suppression::lift(tx, Channel::Sms, number).await?),
            _ => Ok(false),
        }
    }

    async fn leave(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        mut found: Subscriber,
        now: Timestamp,
    ) -> Result<(), AppError> {
        (found.state, found.ended_at, found.updated_at) = (SubscriberState::Unsubscribed, Some(now), now);
        subscriber::update(tx, &found).await?;
        let detail = json!({"answered": "STOP"});
        record::changed(tx, caller, Action::Remove, Resource::Subscriber, found.id.as_str(), detail, now)
            .await
    }

    /// Takes what a gateway reports about a message. What comes late or twice changes nothing.
    ///
    /// Errors: it is not from the gateway, or says nothing.
    pub async fn take_sms_status(&self, id: &str, post: &SmsPost<'_>) -> Result<(), AppError> {
        let caller = self.taken_from(post)?;
        let fields: Vec<_> = post.form.iter().chain(post.query).cloned().collect();
        let (fate, said) = read_status(&fields).map_err(unreadable)?;
        let id: DeliveryId = id.parse().map_err(|_| AppError::NotFound("message"))?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let found = delivery::get(&mut tx, &id).await?.filter(|d| d.channel == Channel::Sms);
        let found = found.ok_or(AppError::NotFound("message"))?;
        let (state, reason) = match fate {
            SmsFate::Underway => return Ok(()),
            SmsFate::Delivered => {
                return match delivery::delivered(&mut tx, &id, &said, now).await? {
                    true => self.commit(tx).await,
                    false => Ok(()),
                };
            }
            SmsFate::Failed => (DeliveryState::Refused, None),
            SmsFate::Bounced => (DeliveryState::Bounced, Some(SuppressionReason::Bounced)),
            SmsFate::OptedOut => (DeliveryState::Suppressed, Some(SuppressionReason::OptedOut)),
        };
        let news = delivery::reported(&mut tx, &id, state, &said, now).await?;
        if let Some(reason) = reason {
            let fresh = Suppression {
                channel: Channel::Sms,
                address: found.address.clone(),
                reason,
                detail: said,
                at: now,
            };
            suppression::add(&mut tx, &[fresh]).await?;
            let of = subscriber::get_by_address(&mut tx, Channel::Sms, &found.address).await?;
            if let Some(of) = of.filter(|s| s.state == SubscriberState::Confirmed) {
                self.leave(&mut tx, &caller, of, now).await?;
            }
        } else if !news {
            return Ok(());
        }
        self.commit(tx).await
    }
}

fn unreadable(untaken: Untaken) -> AppError {
    AppError::field("body", untaken.to_string())
}
