//! Where a bucket is and who may write it, from the configuration.

use crate::cli::Failure;
use crate::config;
use crate::mirror::list::List;
use crate::node::clock;
use amends_egress::{Door, DoorConfig, Http, Target};
use rusty_s3::{Credentials, UrlStyle};
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Everything that one request may take.
const WITHIN: Duration = Duration::from_secs(60);
/// Most bytes of the list, which is the only thing that is read: a hundred for each file.
const LONGEST: usize = 16 * 1024 * 1024;
/// The region when none is named.
const REGION: &str = "us-east-1";
/// What an address of a bucket begins with.
pub const SCHEME: &str = "s3://";

/// A bucket, and the beginning of the names in it that are the mirror's.
pub struct Bucket {
    pub(super) at: rusty_s3::Bucket,
    pub(super) who: Credentials,
    pub(super) prefix: String,
    pub(super) http: Http,
    pub(super) clock: fn() -> jiff::Timestamp,
    known: Mutex<Option<List>>,
}

impl Bucket {
    /// Reads where it is: `s3://BUCKET/PREFIX`, with what the configuration says about buckets.
    pub fn open(place: &str, config: &config::Mirror) -> Result<Self, Failure> {
        let wrong = |key: &str, why: String| Failure::usage(format!("{key}: {why}"));
        let (name, prefix) = apart(place).ok_or_else(|| {
            wrong("mirror.bucket", format!("‘{place}’ is no bucket; write s3://BUCKET or s3://BUCKET/PREFIX"))
        })?;
        let region = config.region.clone().unwrap_or_else(|| REGION.into());
        let endpoint = match &config.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://s3.{region}.amazonaws.com"),
        };
        let how = "write it as https://HOST or https://HOST:PORT; http:// only within your own network";
        let bad = |why: String| wrong("mirror.endpoint", format!("{why}; {how}"));
        // One that our own door takes apart as well, and no more than a host: bucket and name come behind it.
        let target = Target::parse(&endpoint).map_err(|e| bad(format!("the address {e}")))?;
        if target.path() != "/" {
            return Err(bad("the address is more than a host".into()));
        }
        let url = target.url().parse().map_err(|e| bad(format!("{e}")))?;
        let style = match config.path_style.unwrap_or(config.endpoint.is_some()) {
            true => UrlStyle::Path,
            false => UrlStyle::VirtualHost,
        };
        let at = rusty_s3::Bucket::new(url, style, name.to_owned(), region);
        let at = at.map_err(|e| bad(format!("{e}; with mirror.path_style = true it may")))?;
        let door = Door::new(DoorConfig::default()).map_err(|e| Failure::said_no(e.to_string()))?;
        Ok(Self {
            at,
            who: credentials(config)?,
            prefix: prefix.to_owned(),
            http: Http::new(door, WITHIN).reading(LONGEST),
            clock,
            known: Mutex::default(),
        })
    }

    /// As it is written.
    pub fn shown(&self) -> String {
        match self.prefix.as_str() {
            "" => format!("{SCHEME}{}", self.at.name()),
            prefix => format!("{SCHEME}{}/{prefix}", self.at.name()),
        }
    }

    /// What the last pass knew.
    pub(super) fn known(&self) -> MutexGuard<'_, Option<List>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bucket and prefix of an address.
fn apart(place: &str) -> Option<(&str, &str)> {
    let rest = place.strip_prefix(SCHEME)?.trim_end_matches('/');
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    let is_name = (3..=63).contains(&name.len()) && plain(name) && !name.starts_with(['.', '-']);
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && plain(part);
    (is_name && (prefix.is_empty() || prefix.split('/').all(is_part))).then_some((name, prefix))
}

fn credentials(config: &config::Mirror) -> Result<Credentials, Failure> {
    let key = "mirror.secret_key_file";
    let secret = match (&config.secret_key, &config.secret_key_file) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage(format!("mirror.secret_key and {key}: set one of them")));
        }
        (Some(secret), None) => Some(secret.clone()),
        (None, Some(file)) => {
            let text = fs::read_to_string(file)
                .map_err(|e| Failure::usage(format!("{key}: {} cannot be read: {e}", file.display())))?;
            Some(text.trim().to_owned()).filter(|secret| !secret.is_empty())
        }
        (None, None) => None,
    };
    match (&config.access_key, secret) {
        (Some(access), Some(secret)) => Ok(Credentials::new(access.clone(), secret)),
        _ => Err(Failure::usage(
            "a mirror in a bucket needs mirror.access_key and mirror.secret_key (or mirror.secret_key_file); they \
             may be set as AMENDS_MIRROR_ACCESS_KEY and AMENDS_MIRROR_SECRET_KEY, too",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> config::Mirror {
        config::Mirror {
            access_key: Some("key".into()),
            secret_key: Some("secret".into()),
            ..config::Mirror::default()
        }
    }

    fn opened(place: &str, config: &config::Mirror) -> Result<Bucket, String> {
        Bucket::open(place, config).map_err(|failure| failure.message)
    }

    #[test]
    fn an_address_is_a_bucket_and_a_prefix() {
        assert_eq!(apart("s3://status-mirror"), Some(("status-mirror", "")));
        assert_eq!(apart("s3://status-mirror/"), Some(("status-mirror", "")));
        assert_eq!(apart("s3://a.b.c/one/two/"), Some(("a.b.c", "one/two")));
        for wrong in [
            "",
            "s3://",
            "s3://ab",
            "status",
            "s3:///x",
            "s3://abc//x",
            "s3://abc/../x",
            "s3://abc/a b",
            "s3://-abc",
        ] {
            assert_eq!(apart(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_bucket_is_named_in_the_host_at_amazon_and_in_the_path_elsewhere() {
        let url = |config: &config::Mirror| {
            opened("s3://mirror/x", config).unwrap().at.object_url("x/a").to_string()
        };
        let region = Some("eu-central-1".into());
        let amazon = config::Mirror { region, ..config() };
        assert_eq!(url(&amazon), "https://mirror.s3.eu-central-1.amazonaws.com/x/a");
        let own = config::Mirror { endpoint: Some("http://localhost:9000/".into()), ..config() };
        assert_eq!(url(&own), "http://localhost:9000/mirror/x/a");
        assert_eq!(opened("s3://mirror/x/", &own).unwrap().shown(), "s3://mirror/x");
        let other = config::Mirror {
            endpoint: Some("https://fra1.example.com".into()),
            path_style: Some(false),
            ..config()
        };
        assert_eq!(url(&other), "https://mirror.fra1.example.com/x/a");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let endpoint = |text: &str| config::Mirror { endpoint: Some(text.into()), ..config() };
        let both = config::Mirror { secret_key_file: Some("/x".into()), ..config() };
        let no_file =
            config::Mirror { secret_key: None, secret_key_file: Some("/nowhere/secret".into()), ..config() };
        for (place, config, says) in [
            ("s3://mirror", config::Mirror::default(), "mirror.access_key"),
            ("s3://mirror", endpoint("minio.example.com"), "must begin with https://"),
            ("s3://mirror", endpoint("https://key:hidden@minio.example.com"), "name or password"),
            ("s3://mirror", endpoint("https://minio.example.com/path"), "more than a host"),
            ("s3://mirror", both, "one of them"),
            ("s3://mirror", no_file, "cannot be read"),
            ("/srv/mirror", config(), "s3://BUCKET"),
        ] {
            let error = opened(place, &config).err().unwrap_or_default();
            assert!(error.contains(says), "{place}: {error}");
            assert!(!error.contains("hidden"), "{error}");
        }
    }
}
