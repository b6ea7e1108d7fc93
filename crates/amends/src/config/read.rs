use super::keys::{KEYS, variable};
use super::{Config, Mail, Mirror, Sms};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Messages that a subscriber gets in an hour at most, when nothing was decided.
const MOST_PER_HOUR: usize = 20;

/// Where configuration comes from; later ones win.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file, if one was named.
    pub file: Option<PathBuf>,
    /// The process's environment.
    pub environment: Vec<(String, String)>,
    /// Options of the command line: key and value.
    pub options: Vec<(&'static str, String)>,
}

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// A value and where it was set, for messages.
struct Set {
    value: Vec<String>,
    place: String,
}

/// Reads the configuration.
///
/// Errors: the file cannot be read or is not TOML (with line), a key is unknown (with a suggestion), a value is not
/// understood.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut set = BTreeMap::new();
    let lint = match &sources.file {
        Some(file) => read_file(file, &mut set)?,
        None => amends_lint::Config::default(),
    };
    for (name, value) in &sources.environment {
        let Some(key) = KEYS.iter().find(|k| variable(k.name) == *name) else {
            misspelt(name)?;
            continue;
        };
        let list = key.example.starts_with('[');
        let value =
            if list { value.split(',').map(|v| v.trim().to_owned()).collect() } else { vec![value.clone()] };
        set.insert(key.name.to_owned(), Set { value, place: format!("the variable {name}") });
    }
    for (name, value) in &sources.options {
        let place = format!("the option --{}", name.replace(['.', '_'], "-"));
        set.insert((*name).to_owned(), Set { value: vec![value.clone()], place });
    }
    Ok(Config { lint, ..build(&set)? })
}

/// Reads the keys of a file, and the table that is the linter's own.
fn read_file(file: &Path, set: &mut BTreeMap<String, Set>) -> Result<amends_lint::Config, ConfigError> {
    let name = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|e| ConfigError(format!("{name} cannot be read: {e}")))?;
    let table: toml::Table =
        text.parse().map_err(|e| ConfigError(format!("{name} is not valid TOML: {e}")))?;
    let mut flat = Vec::new();
    flatten("", &toml::Value::Table(table), &mut flat);
    for (key, value) in flat {
        // The linter reads its own table.
        if key.starts_with("lint.") {
            continue;
        }
        if !KEYS.iter().any(|k| k.name == key) {
            return Err(ConfigError(unknown(&key, &format!("{name}"))));
        }
        let wrong = || ConfigError(format!("{name}: ‘{key}’ must be text or a list of texts"));
        let value = match value {
            toml::Value::String(text) => vec![text],
            toml::Value::Integer(number) => vec![number.to_string()],
            toml::Value::Boolean(flag) => vec![flag.to_string()],
            toml::Value::Array(list) => list
                .into_iter()
                .map(|v| v.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        set.insert(key.clone(), Set { value, place: format!("{name}, key ‘{key}’") });
    }
    amends_lint::Config::from_toml(&text).map_err(|e| ConfigError(format!("{name}: {e}")))
}

fn flatten(prefix: &str, value: &toml::Value, out: &mut Vec<(String, toml::Value)>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&name, value, out);
            }
        }
        other => out.push((prefix.to_owned(), other.clone())),
    }
}

/// A variable that is nearly one of ours was meant to be it. Others may be there for other programs.
fn misspelt(variable_name: &str) -> Result<(), ConfigError> {
    let Some(rest) = variable_name.strip_prefix("AMENDS_") else { return Ok(()) };
    let allowed = if rest.len() < 6 { 1 } else { 2 };
    let meant = KEYS.iter().map(|k| variable(k.name)).find(|v| {
        v.strip_prefix("AMENDS_").is_some_and(|known| strsim::osa_distance(known, rest) <= allowed)
    });
    meant.map_or(Ok(()), |meant| {
        Err(ConfigError(format!("there is no variable {variable_name}; did you mean {meant}?")))
    })
}

fn unknown(key: &str, place: &str) -> String {
    let nearest = KEYS
        .iter()
        .map(|k| (strsim::jaro_winkler(key, k.name), k.name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = nearest.map_or_else(
        || "‘amends config’ lists the keys there are".to_owned(),
        |(_, name)| format!("did you mean ‘{name}’? ‘amends config’ lists the keys there are"),
    );
    format!("{place}: there is no key ‘{key}’; {hint}")
}

fn build(set: &BTreeMap<String, Set>) -> Result<Config, ConfigError> {
    let one = |name: &str| {
        set.get(name)
            .and_then(|s| s.value.first().map(|v| (v.trim(), s.place.as_str())))
            .filter(|(v, _)| !v.is_empty())
    };
    let text = |name: &str| one(name).map(|(value, _)| value.to_owned());
    let list = |name: &str| set.get(name).map(|s| s.value.clone()).unwrap_or_default();

    let listen: SocketAddr = match one("listen") {
        None => ([127, 0, 0, 1], 8080).into(),
        Some((value, place)) => parsed(value, place, "write address and port, such as 127.0.0.1:8080")?,
    };
    let metrics_listen: Option<SocketAddr> = one("metrics.listen")
        .map(|(value, place)| parsed(value, place, "write address and port, such as 127.0.0.1:9464"))
        .transpose()?;
    if metrics_listen.is_some_and(|at| at == listen && at.port() != 0) {
        return Err(ConfigError(
            "metrics.listen is the address of everything else; give another, or leave it out".into(),
        ));
    }
    let public_url = match one("public_url") {
        None => format!("http://{listen}"),
        Some((value, place)) => checked_url(value, place)?,
    };
    let mut trusted_proxies = Vec::new();
    for value in list("trusted_proxies").iter().filter(|v| !v.is_empty()) {
        let place = set.get("trusted_proxies").map_or("", |s| s.place.as_str());
        trusted_proxies.push(parsed(value, place, "write network addresses, such as 127.0.0.1")?);
    }
    let mut allow = Vec::new();
    for value in list("egress.allow").iter().filter(|v| !v.is_empty()) {
        let place = set.get("egress.allow").map_or("", |s| s.place.as_str());
        let entry = amends_egress::Allowed::parse(value);
        allow.push(entry.map_err(|why| ConfigError(format!("{place}: ‘{value}’ is not understood; {why}")))?);
    }
    let api_requests_per_minute = one("api_requests_per_minute")
        .map(|(value, place)| parsed(value, place, "write a whole number from 1 on"))
        .transpose()?;
    let most_per_hour: Option<usize> = one("subscribers.most_per_hour")
        .map(|(value, place)| parsed(value, place, "write a whole number; 0 for no limit"))
        .transpose()?;
    let dkim = [text("mail.dkim_domain"), text("mail.dkim_selector"), text("mail.dkim_key_file")];
    if dkim.iter().any(Option::is_some) && dkim.iter().any(Option::is_none) {
        return Err(ConfigError(
            "mail.dkim_domain, mail.dkim_selector and mail.dkim_key_file belong together; set all three or none".into(),
        ));
    }
    let fallback_servers: Vec<String> =
        list("mail.fallback_servers").into_iter().filter(|v| !v.is_empty()).collect();
    for name in ["mail.server", "mail.fallback_servers"] {
        let Some(Set { value, place }) = set.get(name) else { continue };
        let is_server =
            |v: &str| ["smtp://", "smtps://", "smtp+starttls://"].iter().any(|s| v.starts_with(s));
        if value.iter().map(|v| v.trim()).any(|v| !v.is_empty() && !is_server(v)) {
            return Err(ConfigError(format!(
                "{place} must begin with smtp://, smtps:// or smtp+starttls://, such as smtp://localhost:25"
            )));
        }
    }
    if !fallback_servers.is_empty() && one("mail.server").is_none() {
        return Err(ConfigError(
            "mail.fallback_servers needs mail.server; set the first server there".into(),
        ));
    }
    if let Some((value, place)) = one("database")
        && !(value.starts_with("postgres://") || value.starts_with("postgresql://"))
    {
        return Err(ConfigError(format!(
            "{place} must begin with postgres://; leave it out for the embedded database"
        )));
    }
    let count = |name: &str| {
        one(name).map(|(value, place)| parsed(value, place, "write a whole number from 0 on")).transpose()
    };
    let [dkim_domain, dkim_selector, dkim_key_file] = dkim;
    Ok(Config {
        data: text("data").map_or_else(|| PathBuf::from("./amends-data"), PathBuf::from),
        database: text("database"),
        listen,
        metrics_listen,
        public_url,
        trusted_proxies,
        api_requests_per_minute,
        alarms: list("operators.alarms").into_iter().filter(|v| !v.is_empty()).collect(),
        most_per_hour: Some(most_per_hour.unwrap_or(MOST_PER_HOUR)).filter(|most| *most > 0),
        log: text("log").unwrap_or_else(|| "info".into()),
        allow,
        mirror: Mirror {
            dir: text("mirror.dir").map(PathBuf::from),
            bucket: text("mirror.bucket"),
            endpoint: text("mirror.endpoint"),
            region: text("mirror.region"),
            path_style: one("mirror.path_style")
                .map(|(value, place)| parsed(value, place, "write true or false"))
                .transpose()?,
            access_key: text("mirror.access_key"),
            secret_key: text("mirror.secret_key"),
            secret_key_file: text("mirror.secret_key_file").map(PathBuf::from),
        },
        lint: amends_lint::Config::default(),
        mail: Mail {
            server: text("mail.server"),
            fallback_servers,
            canary: text("mail.canary"),
            from: text("mail.from"),
            reply_to: text("mail.reply_to"),
            bounces_to: text("mail.bounces_to"),
            operators: list("mail.operators").into_iter().filter(|v| !v.is_empty()).collect(),
            dkim_domain,
            dkim_selector,
            dkim_key_file: dkim_key_file.map(PathBuf::from),
            hello: text("mail.hello"),
            reports: KEYS
                .iter()
                .filter_map(|k| Some((k.name.strip_prefix("reports.")?, text(k.name)?)))
                .collect(),
        },
        sms: Sms {
            countries: list("sms.countries").into_iter().filter(|v| !v.is_empty()).collect(),
            from: text("sms.from"),
            twilio_account: text("sms.twilio_account"),
            twilio_token: text("sms.twilio_token"),
            twilio_key: text("sms.twilio_key"),
            twilio_url: text("sms.twilio_url"),
            url: text("sms.url"),
            body: text("sms.body"),
            headers: list("sms.headers").into_iter().filter(|v| !v.is_empty()).collect(),
            secret: text("sms.secret"),
            messages_per_day: count("sms.messages_per_day")?,
            messages_per_number: count("sms.messages_per_number")?,
            codes_per_day: count("sms.codes_per_day")?,
        },
    })
}

fn parsed<T: FromStr<Err: Display>>(value: &str, place: &str, hint: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|e| ConfigError(format!("{place}: ‘{value}’ is not understood ({e}); {hint}")))
}

fn checked_url(value: &str, place: &str) -> Result<String, ConfigError> {
    let url = value.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let fine =
        host.is_some_and(|h| !h.is_empty() && h.chars().all(|c| c.is_alphanumeric() || ".-:[]".contains(c)));
    if fine {
        Ok(url.to_owned())
    } else {
        Err(ConfigError(format!(
            "{place}: ‘{value}’ is not an address of a whole host; write one like https://status.example.com"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reference;

    fn file(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("amends.toml");
        std::fs::write(&path, text).unwrap();
        load(&Sources { file: Some(path), ..Sources::default() })
    }

    #[test]
    fn nothing_is_needed() {
        let config = load(&Sources::default()).unwrap();
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert_eq!(config.mail.server, None);
    }

    #[test]
    fn later_sources_win() {
        let sources = Sources {
            file: None,
            environment: vec![
                ("AMENDS_LISTEN".into(), "127.0.0.1:1".into()),
                ("AMENDS_MAIL_OPERATORS".into(), "a@b.example, c@d.example".into()),
            ],
            options: vec![("listen", "127.0.0.1:2".into())],
        };
        let config = load(&sources).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.mail.operators, ["a@b.example", "c@d.example"]);
    }

    #[test]
    fn a_misspelt_variable_is_named_and_those_of_others_are_left_alone() {
        let with = |name: &str| {
            load(&Sources { environment: vec![(name.into(), "x".into())], ..Sources::default() })
        };
        let said = with("AMENDS_MAIL_SEVRER").unwrap_err().to_string();
        assert_eq!(said, "there is no variable AMENDS_MAIL_SEVRER; did you mean AMENDS_MAIL_SERVER?");
        assert!(with("AMENDS_LISTN").is_err());
        for own in ["CONFIG", "URL", "TOKEN", "LOG", "MIRROR_ACCESS_KEY", "MIRROR_SECRET_KEY"] {
            assert!(with(&format!("AMENDS_{own}")).is_ok(), "{own} is another one of ours");
        }
        assert!(with("AMENDS_BIN").is_ok() && with("LISTEN").is_ok());
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_remedy() {
        for (text, says) in [
            ("lisen = \"x\"", "did you mean ‘listen’"),
            ("[mail]\nsever = \"x\"", "did you mean ‘mail.server’"),
            ("listen = \"nowhere\"", "127.0.0.1:8080"),
            ("[metrics]\nlisten = \"9464\"", "127.0.0.1:9464"),
            ("[metrics]\nlisten = \"127.0.0.1:8080\"", "give another"),
            ("public_url = \"status.example.com\"", "https://status.example.com"),
            ("public_url = \"https://example.com/status\"", "whole host"),
            ("listen = ", "not valid TOML"),
            ("[mail]\ndkim_domain = \"example.com\"", "belong together"),
            ("[mail]\nserver = \"localhost\"", "smtp://"),
            ("database = \"mysql://x\"", "postgres://"),
            ("zzz = 1", "amends config"),
        ] {
            let error = file(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn the_reference_is_itself_a_configuration() {
        let text: String = reference()
            .lines()
            .map(|l| {
                if l.starts_with('#') && l.contains(" = ") && !l.starts_with("# ") { &l[1..] } else { l }
                    .to_owned()
                    + "\n"
            })
            .collect();
        assert!(file(&text).is_ok(), "{text}");
        for key in KEYS {
            assert!(text.contains(&variable(key.name)));
        }
    }
}
