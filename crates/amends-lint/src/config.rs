//! Configuration: the `[lint]` table of `amends.toml`.
//!
//! ```toml
//! [lint]
//! tier = 2                    # 0 to 3; how much process an incident deserves where the text does not say
//! audience = "internal"       # or "customers"
//! names = ["Ada", "Grace"]    # people that the text should not name next to a mistake
//!
//! [lint.rules]
//! T14 = "hint"                # error, warning, hint, off
//! R = "off"                   # a whole family
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::finding::Level;
use crate::read::facts::Audience;
use crate::rules;

/// How texts are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Levels by rule or family; none is off.
    pub rules: BTreeMap<String, Option<Level>>,
    /// The tier, where neither text nor record says one.
    pub tier: Option<u8>,
    /// The audience, where the text says none.
    pub audience: Option<Audience>,
    /// Names of people.
    pub names: Vec<String>,
    /// The tier that was asked for; it counts more than what the text says.
    pub asked_tier: Option<u8>,
    /// The audience that was asked for.
    pub asked_audience: Option<Audience>,
}

/// What is wrong with a configuration, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    lint: Option<toml::Table>,
}

impl Config {
    /// Reads the `[lint]` table of a configuration file; other tables are for others.
    ///
    /// # Errors
    /// What is wrong and where: an unknown key or rule (with the one that was probably meant), a value out of range.
    pub fn from_toml(text: &str) -> Result<Config, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let mut config = Config::default();
        for (key, value) in file.lint.unwrap_or_default() {
            match key.as_str() {
                "tier" => config.tier = Some(tier(&value)?),
                "audience" => config.audience = Some(audience(&value)?),
                "names" => config.names = names(&value)?,
                "rules" => config.rules = levels(&value)?,
                other => {
                    let known = ["tier", "audience", "names", "rules"];
                    return Err(ConfigError(format!("[lint] has no key ‘{other}’{}", meant(other, known))));
                }
            }
        }
        Ok(config)
    }

    /// The level that is configured for a rule: the rule's own entry before its family's. The outer value is none if
    /// nothing is configured, the inner one if the rule is off.
    pub fn level_of(&self, code: &str) -> Option<Option<Level>> {
        self.rules.get(code).or_else(|| self.rules.get(code.get(..1)?)).copied()
    }
}

fn tier(value: &toml::Value) -> Result<u8, ConfigError> {
    value
        .as_integer()
        .and_then(|tier| u8::try_from(tier).ok())
        .filter(|tier| *tier <= 3)
        .ok_or_else(|| ConfigError("lint.tier is a number from 0 to 3".to_owned()))
}

fn audience(value: &toml::Value) -> Result<Audience, ConfigError> {
    match value.as_str() {
        Some("internal") => Ok(Audience::Internal),
        Some("customers") => Ok(Audience::Customers),
        _ => Err(ConfigError("lint.audience is \"internal\" or \"customers\"".to_owned())),
    }
}

fn names(value: &toml::Value) -> Result<Vec<String>, ConfigError> {
    let wrong = || ConfigError("lint.names is a list of names, as [\"Ada\", \"Grace\"]".to_owned());
    let list = value.as_array().ok_or_else(wrong)?;
    list.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

fn levels(value: &toml::Value) -> Result<BTreeMap<String, Option<Level>>, ConfigError> {
    let table = value.as_table().ok_or_else(|| {
        ConfigError("lint.rules is a table, as [lint.rules] with T14 = \"hint\"".to_owned())
    })?;
    let mut levels = BTreeMap::new();
    for (code, level) in table {
        let family = code.len() == 1 && rules::ALL.iter().any(|rule| rule.code.starts_with(code.as_str()));
        if !family && rules::find(code).is_none() {
            let known = rules::ALL.iter().map(|rule| rule.code);
            return Err(ConfigError(format!("there is no rule ‘{code}’{}", meant(code, known))));
        }
        let level = match level.as_str() {
            Some("error") => Some(Level::Error),
            Some("warning") => Some(Level::Warning),
            Some("hint") => Some(Level::Hint),
            Some("off") => None,
            _ => {
                return Err(ConfigError(format!(
                    "lint.rules.{code} is \"error\", \"warning\", \"hint\" or \"off\""
                )));
            }
        };
        levels.insert(code.clone(), level);
    }
    Ok(levels)
}

/// "; did you mean ‘tier’?", if something known is close.
pub(crate) fn meant<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&word.to_lowercase(), &known.to_lowercase()), known))
        .min()
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .map_or_else(String::new, |(_, known)| format!("; did you mean ‘{known}’?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_table_is_read() {
        let config = Config::from_toml(
            "[server]\nport = 1\n[lint]\ntier = 2\naudience = \"internal\"\nnames = [\"Ada\"]\n[lint.rules]\nT08 = \"hint\"\nW = \"off\"\n",
        )
        .unwrap();
        assert_eq!((config.tier, config.audience), (Some(2), Some(Audience::Internal)));
        assert_eq!(config.level_of("T08"), Some(Some(Level::Hint)));
        assert_eq!(config.level_of("T09"), None);
        assert_eq!(config.level_of("W02"), Some(None));
        assert_eq!(Config::from_toml("").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| Config::from_toml(text).unwrap_err().to_string();
        assert_eq!(error("[lint]\nteir = 2"), "[lint] has no key ‘teir’; did you mean ‘tier’?");
        assert_eq!(error("[lint]\ntier = 4"), "lint.tier is a number from 0 to 3");
        assert!(error("[lint.rules]\nT99 = \"off\"").starts_with("there is no rule ‘T99’"));
        assert!(error("[lint.rules]\nT08 = \"loud\"").contains("\"off\""));
        assert!(error("[lint").contains("line 1"), "{}", error("[lint"));
    }
}
