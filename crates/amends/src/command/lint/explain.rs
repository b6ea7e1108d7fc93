use amends_lint::rules;
use clap::Args;

use crate::cli::{Failure, print};

/// Say what a rule of the linter detects, why it matters, and how to write it instead
#[derive(Debug, Args)]
pub struct Explain {
    /// Codes of rules, such as T08; without any, all rules are listed
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        if self.codes.is_empty() {
            for rule in rules::ALL {
                print(&format!("{}  {:<7}  {}\n", rule.code, rule.level.as_str(), rule.title()));
            }
            return Ok(());
        }
        for code in &self.codes {
            let rule = rules::find(code).ok_or_else(|| {
                Failure::usage(format!(
                    "there is no rule ‘{code}’; ‘amends explain’ without a code lists them"
                ))
            })?;
            print(&rules::page(rule));
        }
        Ok(())
    }
}
