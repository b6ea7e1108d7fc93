use super::{Api, Body, encoded, show};
use crate::cli::Failure;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum User {
    /// Invite somebody; prints the link with which they set a password
    Add {
        /// Mail address
        #[arg(long)]
        email: String,
        /// Name that others see
        #[arg(long)]
        name: String,
        /// viewer, responder, communicator or administrator
        #[arg(long, default_value = "responder")]
        role: String,
        /// Time zone in which they read times (IANA name)
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// List people
    List,
    /// Print a link that lets somebody in once; by default they set a password with it
    Link {
        /// Id or mail address
        user: String,
        /// Sign in without setting a password
        #[arg(long)]
        sign_in: bool,
    },
    /// Change somebody's role, name, address or time zone
    Set {
        /// Id or mail address
        user: String,
        /// viewer, responder, communicator or administrator
        #[arg(long)]
        role: Option<String>,
        /// Name that others see
        #[arg(long)]
        name: Option<String>,
        /// Mail address
        #[arg(long)]
        email: Option<String>,
        /// Time zone in which they read times (IANA name)
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// Stop somebody from signing in; ends their sessions
    Disable {
        /// Id or mail address
        user: String,
    },
    /// Let somebody sign in again
    Enable {
        /// Id or mail address
        user: String,
    },
}

pub async fn run(api: &Api, command: User) -> Result<(), Failure> {
    match command {
        User::Add { email, name, role, time_zone } => {
            let body = Body::new()
                .with("email", email)
                .with("name", name)
                .with("role", role)
                .with_some("time_zone", time_zone);
            let made = api.post("/users", body).await?;
            api.show(&made, |p| {
                let link =
                    p["link"].as_str().map(|l| format!("They set a password here (works once):\n{l}\n"));
                format!(
                    "Added {} as {}.\n{}",
                    show::text(p, "name"),
                    show::text(p, "role"),
                    link.unwrap_or_default()
                )
            });
        }
        User::List => {
            let found = api.get("/users").await?;
            api.show(&found, |l| {
                show::list(l, &["id", "email", "name", "role", "disabled"], "There is nobody yet.", |p| {
                    ["id", "email", "name", "role", "disabled"].map(|f| show::text(p, f)).to_vec()
                })
            });
        }
        User::Link { user, sign_in } => {
            let id = id_of(api, &user).await?;
            let purpose = if sign_in { "sign_in" } else { "password" };
            let path = format!("/users/{}/links", encoded(&id));
            let made = api.post(&path, Body::new().with("purpose", purpose)).await?;
            api.show(&made, |l| {
                format!("It works once, until {}:\n{}\n", show::time(l, "expires_at"), show::text(l, "link"))
            });
        }
        User::Set { user, role, name, email, time_zone } => {
            let body = Body::new()
                .with_some("role", role)
                .with_some("name", name)
                .with_some("email", email)
                .with_some("time_zone", time_zone);
            if body.is_empty() {
                return Err(Failure::usage("nothing to change; give --role, --name, --email or --time-zone"));
            }
            let id = id_of(api, &user).await?;
            let changed = api.patch(&format!("/users/{}", encoded(&id)), body).await?;
            api.show(&changed, |p| {
                format!(
                    "{} ({}) is {}, in {}.\n",
                    show::text(p, "name"),
                    show::text(p, "email"),
                    show::text(p, "role"),
                    show::text(p, "time_zone")
                )
            });
        }
        User::Disable { user } => disable(api, &user, true).await?,
        User::Enable { user } => disable(api, &user, false).await?,
    }
    Ok(())
}

/// The id of who has this id or address.
async fn id_of(api: &Api, user: &str) -> Result<String, Failure> {
    let people = show::items(&api.get("/users").await?);
    let found = people
        .iter()
        .find(|p| p["id"] == user || p["email"].as_str().is_some_and(|e| e.eq_ignore_ascii_case(user)));
    found.and_then(|p| p["id"].as_str()).map(str::to_owned).ok_or_else(|| {
        Failure::said_no(format!(
            "there is nobody with the id or address ‘{user}’; ‘amends user list’ shows who there is"
        ))
    })
}

async fn disable(api: &Api, user: &str, disabled: bool) -> Result<(), Failure> {
    let id = id_of(api, user).await?;
    let changed =
        api.patch(&format!("/users/{}", encoded(&id)), Body::new().with("disabled", disabled)).await?;
    api.show(&changed, |p| {
        format!("{} {} sign in.\n", show::text(p, "name"), if disabled { "can no longer" } else { "can" })
    });
    Ok(())
}
