use super::{Api, Body, encoded, read_odd_text, show};
use crate::cli::{Failure, print};
use amends_model::{Channel, Digest, Impact, Preferences, QuietHours, SubscriberState, TimeOfDay};
use clap::Subcommand;
use hyper::Method;
use serde_json::Value as Json;

#[derive(Debug, Subcommand)]
pub enum Subscriber {
    /// Add an address; it is asked for confirmation unless --confirmed
    Add {
        /// Mail address, or the URL of a chat room's webhook
        #[arg(required_unless_present = "webhook")]
        address: Option<String>,
        /// Post to this URL
        #[arg(long, value_name = "URL", conflicts_with = "address")]
        webhook: Option<String>,
        /// Mail address of whoever looks after the endpoint
        #[arg(long, value_name = "MAIL")]
        owner: Option<String>,
        /// How messages go: email, webhook, slack, teams, discord, sms, webpush, websub; by default what the address looks like
        #[arg(long)]
        channel: Option<Channel>,
        /// Only for this component; may be given several times
        #[arg(long = "component", value_name = "NAME")]
        components: Vec<String>,
        /// They have agreed already: no confirmation mail
        #[arg(long)]
        confirmed: bool,
    },
    /// List subscribers
    List {
        /// Only addresses that contain this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those in this state: pending, confirmed or unsubscribed
        #[arg(long)]
        state: Option<SubscriberState>,
        /// Only those on this channel: email, webhook, slack, teams, discord, sms, webpush or websub
        #[arg(long)]
        channel: Option<Channel>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Say when a subscriber wants to hear, and of what; without options, show it
    Prefer {
        /// Address or id
        subscriber: String,
        /// Only incidents at least so bad: none (all of them), minor, major or critical
        #[arg(long, value_name = "IMPACT")]
        minimum: Option<Impact>,
        /// Also planned work: true or false
        #[arg(long, value_name = "BOOL")]
        planned_work: Option<bool>,
        /// Each message at once, or together: at_once, hourly or daily
        #[arg(long)]
        digest: Option<Digest>,
        /// When the daily digest goes, such as 09:00
        #[arg(long, value_name = "TIME")]
        daily_at: Option<TimeOfDay>,
        /// Hours without messages, such as 22:00-07:00; none to have none
        #[arg(long, value_name = "FROM-UNTIL")]
        quiet: Option<String>,
        /// Tell of critical incidents at once all the same: true or false
        #[arg(long, value_name = "BOOL")]
        urgent_at_once: Option<bool>,
        /// Their time zone, such as Europe/Berlin
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
        /// As usual again: everything, at once
        #[arg(long)]
        reset: bool,
    },
    /// Renew the secret that a webhook's messages are signed with, and show it
    Secret {
        /// Address or id
        subscriber: String,
    },
    /// Send a test message to a webhook or chat room
    Test {
        /// Address or id
        subscriber: String,
    },
    /// Send what an endpoint did not take in the last five days again
    Replay {
        /// Address or id
        subscriber: String,
    },
    /// Import a CSV file (a column ‘address’ or ‘email’, optionally ‘channel’, ‘owner’, ‘components’ and what they wish), or one address a line
    Import {
        /// The file; - for standard input
        file: String,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Print all subscribers as CSV
    Export,
    /// Remove an address
    Remove {
        /// Address or id
        subscriber: String,
    },
    /// Take a bounce, a complaint or an unsubscribe mail, so that its address is not written to any more
    ///
    /// Made for the mailbox that bounces come to: |amends subscriber report - as an alias of the mail server.
    Report {
        /// File with the whole mail; - for standard input
        #[arg(default_value = "-")]
        file: String,
    },
    /// Say why an address did or did not get the last messages
    Why {
        /// Mail address
        address: String,
    },
    /// Make sure that an address is not written to any more
    Suppress {
        /// Mail address
        address: String,
        /// Why, for whoever asks later
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// List addresses that must not be written to, with the reason
    Suppressed {
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Let a suppressed address be written to again
    Lift {
        /// Mail address
        address: String,
    },
}

pub async fn run(api: &Api, command: Subscriber) -> Result<(), Failure> {
    match command {
        Subscriber::Add { address, webhook, owner, channel, components, confirmed } => {
            let channel = webhook.as_ref().map(|_| Channel::Webhook).or(channel);
            let body = Body::new()
                .with("address", webhook.or(address))
                .with_some("owner", owner)
                .with_some("channel", channel.map(Channel::as_str))
                .with("components", components)
                .with("confirmed", confirmed);
            let made = api.post("/subscribers", body).await?;
            api.show(&made, |s| {
                let address = show::text(s, "address");
                match s["state"].as_str() {
                    Some("confirmed") => format!("{address} gets messages from now on.\n"),
                    _ => format!("{address} is asked whether they want it.\n"),
                }
            });
            if made["channel"] == "webhook" && made["state"] == "confirmed" {
                eprintln!(
                    "amends: ‘amends subscriber secret {}’ shows the secret that messages are signed with",
                    made["id"].as_str().unwrap_or_default()
                );
            }
        }
        Subscriber::List { search, state, channel, limit } => {
            let search = search.map(|q| format!("q={}", encoded(&q)));
            let state = state.map(|state| format!("state={state}"));
            let channel = channel.map(|channel| format!("channel={channel}"));
            let filters: Vec<String> = search.into_iter().chain(state).chain(channel).collect();
            let sign = if filters.is_empty() { "" } else { "?" };
            let found = api.list(&format!("/subscribers{sign}{}", filters.join("&")), limit).await?;
            api.show(&found, |l| {
                show::list(
                    l,
                    &["id", "channel", "address", "state", "since"],
                    "There are no such subscribers.",
                    |s| {
                        vec![
                            show::text(s, "id"),
                            show::text(s, "channel"),
                            show::text(s, "address"),
                            show::text(s, "state"),
                            show::time(s, "created_at"),
                        ]
                    },
                )
            });
        }
        Subscriber::Prefer {
            subscriber,
            minimum,
            planned_work,
            digest,
            daily_at,
            quiet,
            urgent_at_once,
            zone,
            reset,
        } => {
            let path = format!("/subscribers/{}", encoded(&subscriber));
            let found = api.get(&path).await?;
            let now: Preferences = match reset {
                true => Preferences::default(),
                false => serde_json::from_value(found["preferences"].clone()).unwrap_or_default(),
            };
            let mut wished = now.clone();
            wished.minimum_impact = minimum.unwrap_or(now.minimum_impact);
            wished.planned_work = planned_work.unwrap_or(now.planned_work);
            wished.digest = digest.unwrap_or(now.digest);
            wished.daily_at = daily_at.unwrap_or(now.daily_at);
            wished.urgent_at_once = urgent_at_once.unwrap_or(now.urgent_at_once);
            wished.time_zone = zone.unwrap_or(now.time_zone.clone());
            if let Some(quiet) = quiet {
                wished.quiet_hours = quiet_hours(&quiet)?;
            }
            let found = match wished != now || reset {
                true => {
                    let body = serde_json::to_string(&wished).unwrap_or_default();
                    let body = Some(("application/json", body));
                    api.send(Method::PUT, &format!("{path}/preferences"), &[], body).await?.json()?
                }
                false => found,
            };
            api.show(&found, preferred);
        }
        Subscriber::Secret { subscriber } => {
            let path = format!("/subscribers/{}/secret", encoded(&subscriber));
            let made = api.call(Method::POST, &path, None).await?.json()?;
            api.show(&made, |s| format!("{}\n", show::text(s, "secret")));
        }
        Subscriber::Test { subscriber } => {
            api.call(Method::POST, &format!("/subscribers/{}/test", encoded(&subscriber)), None).await?;
            print("A test is on its way; ‘amends subscriber why’ says what came of it.\n");
        }
        Subscriber::Replay { subscriber } => {
            let path = format!("/subscribers/{}/replay", encoded(&subscriber));
            let done = api.call(Method::POST, &path, None).await?.json()?;
            api.show(&done, |d| match d["sent_again"].as_u64() {
                Some(0) => "Nothing was missed.\n".into(),
                Some(1) => "One message is on its way again.\n".into(),
                many => format!("{} messages are on their way again.\n", many.unwrap_or_default()),
            });
        }
        Subscriber::Import { file, dry_run } => {
            let (csv, odd) = read_odd_text("FILE", &file)?;
            if odd {
                eprintln!("amends: {file} holds bytes that are not UTF-8; they are read as �");
            }
            let path = format!("/subscribers/import?dry_run={dry_run}");
            let done = api.send(Method::POST, &path, &[], Some(("text/csv", csv))).await?.json()?;
            api.show(&done, |d| imported(d, dry_run));
            // What could be read is in; that something could not be is still worth a non-zero exit.
            if done["wrong"].as_u64().is_some_and(|wrong| wrong > 0) {
                return Err(Failure::said_no(""));
            }
        }
        Subscriber::Export => print(&api.call(Method::GET, "/subscribers/export", None).await?.text),
        Subscriber::Remove { subscriber } => {
            api.call(Method::DELETE, &format!("/subscribers/{}", encoded(&subscriber)), None).await?;
            print("Removed.\n");
        }
        Subscriber::Report { file } => {
            let (mail, _) = read_odd_text("FILE", &file)?;
            let done =
                api.send(Method::POST, "/mail-reports", &[], Some(("text/plain", mail))).await?.json()?;
            api.show(&done, |d| {
                format!(
                    "{} suppressed, {} left, {} failed, {} delivered, {} changed nothing.\n",
                    d["suppressed"], d["left"], d["failed"], d["delivered"], d["unchanged"]
                )
            });
        }
        Subscriber::Why { address } => {
            let found = api.get(&format!("/explain?address={}", encoded(&address))).await?;
            api.show(&found, explained);
        }
        Subscriber::Suppress { address, note } => {
            let body = Body::new().with("address", address).with_some("note", note);
            let made = api.post("/suppressions", body).await?;
            api.show(&made, |s| format!("{} is not written to any more.\n", show::text(s, "address")));
        }
        Subscriber::Suppressed { limit } => {
            let found = api.list("/suppressions", limit).await?;
            api.show(&found, |l| {
                show::list(l, &["address", "reason", "since", "detail"], "No address is suppressed.", |s| {
                    vec![
                        show::text(s, "address"),
                        show::text(s, "reason"),
                        show::time(s, "at"),
                        show::text(s, "detail"),
                    ]
                })
            });
        }
        Subscriber::Lift { address } => {
            api.call(Method::DELETE, &format!("/suppressions/{}", encoded(&address)), None).await?;
            print("It may be written to again.\n");
        }
    }
    Ok(())
}

/// `22:00-07:00`, or `none`.
fn quiet_hours(text: &str) -> Result<Option<QuietHours>, Failure> {
    if text.trim() == "none" {
        return Ok(None);
    }
    let wrong = || Failure::usage("--quiet is written like 22:00-07:00, or none".to_owned());
    let (from, until) = text.split_once('-').ok_or_else(wrong)?;
    let read = |time: &str| time.parse().map_err(|e| Failure::usage(format!("--quiet: {e}")));
    Ok(Some(QuietHours { from: read(from)?, until: read(until)? }))
}

fn preferred(subscriber: &Json) -> String {
    let preferences: Preferences =
        serde_json::from_value(subscriber["preferences"].clone()).unwrap_or_default();
    let words = preferences.in_words();
    let words = if words.is_empty() { "everything, at once".into() } else { words.join(", ") };
    format!("{} wants to hear {}.\n", show::text(subscriber, "address"), show::clean(&words))
}

fn imported(report: &Json, dry_run: bool) -> String {
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let mut words = String::new();
    let will = if dry_run { "would be subscribed" } else { "subscribed" };
    for (n, what) in [
        (count("added"), will),
        (count("unchanged"), "there already, left as they are"),
        (count("left"), "have unsubscribed, not brought back"),
        (count("not_confirmed"), "not confirmed according to the list, left out"),
        (count("wrong"), "not understood"),
    ] {
        if n > 0 || what == will {
            words += &format!("{n:>7} {what}\n");
        }
    }
    let told = report["problems"].as_array().map_or(0, Vec::len);
    for problem in report["problems"].as_array().into_iter().flatten() {
        words += &format!("line {}: {}\n", show::text(problem, "line"), show::text(problem, "detail"));
    }
    if count("wrong") > told as u64 {
        words += &format!("Only the first {told} are named.\n");
    }
    words
}

fn explained(found: &Json) -> String {
    let mut words = format!("{}: {}\n", show::text(found, "address"), show::text(found, "standing"));
    for line in found["messages"].as_array().into_iter().flatten() {
        words += &format!(
            "\n{}  {}\n    {}\n",
            show::time(line, "at"),
            show::text(line, "subject"),
            show::text(line, "explanation")
        );
    }
    words
}
