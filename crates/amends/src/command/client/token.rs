use super::{Api, Body, encoded, show, time};
use crate::cli::{Failure, print};
use clap::Subcommand;
use hyper::Method;

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Create a token; the last line printed is the token
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// viewer, responder, communicator or administrator
        #[arg(long)]
        role: String,
        /// Narrow it to a resource, such as incident:write; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// When it stops working, such as +30d or 2027-01-01 00:00
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        expires: Option<String>,
    },
    /// List tokens (without their secrets)
    List,
    /// Stop a token from working
    Revoke {
        /// Id of the token
        id: String,
    },
}

pub async fn run(api: &Api, command: Token) -> Result<(), Failure> {
    match command {
        Token::Create { name, role, scopes, expires } => {
            let body = Body::new()
                .with("name", name)
                .with("role", role)
                .with("scopes", scopes)
                .with_some("expires_at", time("expires", expires.as_deref())?);
            let made = api.post("/tokens", body).await?;
            api.show(&made, |t| {
                format!(
                    "Keep it safe: it is shown this once.\n{}\n",
                    t["secret"].as_str().unwrap_or_default()
                )
            });
        }
        Token::List => {
            let found = api.get("/tokens").await?;
            api.show(&found, |l| {
                show::list(
                    l,
                    &["id", "name", "role", "begins", "last used", "revoked"],
                    "There are no tokens.",
                    |t| {
                        vec![
                            show::text(t, "id"),
                            show::text(t, "name"),
                            show::text(t, "role"),
                            show::text(t, "prefix"),
                            show::time(t, "last_used_at"),
                            show::time(t, "revoked_at"),
                        ]
                    },
                )
            });
        }
        Token::Revoke { id } => {
            api.call(Method::DELETE, &format!("/tokens/{}", encoded(&id)), None).await?;
            print("Revoked.\n");
        }
    }
    Ok(())
}
