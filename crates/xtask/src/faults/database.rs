//! The database goes away.

use std::time::Duration;

use amends_testkit::company::{Company, Plan};
use amends_testkit::postgres::Cluster;

use super::all_told;

const AWAY: Duration = Duration::from_secs(30);

/// Killed in the middle of a broadcast, and back after half a minute.
pub fn gone(cluster: &mut Cluster, plan: &Plan) -> Result<bool, String> {
    let company = Company::open(plan);
    let declared = company.declare("Database", "withoutdb");
    std::thread::sleep(Duration::from_millis(500));
    cluster.kill().map_err(|e| e.to_string())?;
    std::thread::sleep(AWAY);
    let page = company.nodes[0].client().get("/").status;
    cluster.start().map_err(|e| e.to_string())?;
    let fault = format!("PostgreSQL is killed and away for 30 s (the page answered {page} meanwhile)");
    Ok(declared.status.success()
        & (page == 200)
        & all_told("postgres", &company, &fault, "withoutdb", "back"))
}

/// Killed in the middle of a broadcast for good; a standby takes its place.
pub fn replaced(cluster: &mut Cluster, plan: &Plan) -> Result<bool, String> {
    let standby = cluster.standby().map_err(|e| e.to_string())?;
    let database = plan.database.as_deref().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
    let company =
        Company::open(&Plan { database: Some(cluster.url_with(&standby, database)), ..plan.clone() });
    let declared = company.declare("Failover", "bystandby");
    std::thread::sleep(Duration::from_millis(500));
    cluster.kill().map_err(|e| e.to_string())?;
    std::thread::sleep(Duration::from_secs(3));
    let page = company.nodes[0].client().get("/").status;
    standby.promote().map_err(|e| e.to_string())?;
    let fault =
        format!("PostgreSQL is killed, its standby takes its place (the page answered {page} meanwhile)");
    let fine = all_told("postgres", &company, &fault, "bystandby", "promoted");
    let again = company.declare("After the failover", "afterwards");
    let after = all_told("postgres", &company, "and an update after that", "afterwards", "said");
    Ok(declared.status.success() & (page == 200) & fine & again.status.success() & after)
}
