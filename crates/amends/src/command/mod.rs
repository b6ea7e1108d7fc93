//! The commands, one file each.

pub mod backup;
pub mod client;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod lint;
pub mod mirror;
pub mod reference;
pub mod serve;

use crate::cli::{Failure, print};

/// Prints the OpenAPI description.
pub fn openapi() -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&amends_web::api::openapi())
        .map_err(|e| Failure::said_no(e.to_string()))?;
    print(&(text + "\n"));
    Ok(())
}
