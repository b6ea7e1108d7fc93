use super::{Strength, judge};

#[test]
fn the_head_verb_and_its_object_tell_the_class() {
    let cases = [
        ("Be more intentional and careful", Strength::Vigilance),
        ("Test before deploying on all servers no matter how small change is", Strength::Vigilance),
        ("Double-check the target before a deletion", Strength::Vigilance),
        ("Document how to reset the state", Strength::Administrative),
        ("Create a runbook to handle the disk alarm", Strength::Administrative),
        ("Investigate why the pager was silent", Strength::Administrative),
        ("Hold a training on failover", Strength::Administrative),
        ("We should talk about who owns the gateway", Strength::Administrative),
        ("Create environment diagram for the sync process", Strength::Administrative),
        ("Add an alert for replication lag over 30 s", Strength::Detect),
        ("Create a ticket to alert on pending pods", Strength::Detect),
        ("Monitor certificate expiry", Strength::Detect),
        ("Set up synthetic checks of the login", Strength::Detect),
        ("Add integration tests for the loader", Strength::Detect),
        ("Investigate why nobody was paged. Fix the alert.", Strength::Detect),
        ("Enable the import casing lint rule in CI", Strength::Enforce),
        ("Set memory limits on every container", Strength::Enforce),
        ("Short term: pin the image version", Strength::Enforce),
        ("The hub route check should be parallelized", Strength::Enforce),
        ("Give the sync process a static address instead of a port range", Strength::Substitute),
        ("Replace the cron job with a managed queue", Strength::Substitute),
        ("Migrate to a managed database", Strength::Substitute),
        ("Remove the redirect page", Strength::Eliminate),
        ("Decommission the old cluster", Strength::Eliminate),
    ];
    for (text, strength) in cases {
        assert_eq!(judge(text, false).strength, strength, "{text}");
    }
}

#[test]
fn what_can_be_checked() {
    let can = |text: &str| judge(text, false).verifiable;
    assert!(can("Alert when the error rate is over 1 % for 5 minutes"));
    assert!(can("Write a runbook for emergency scaling"));
    assert!(can("Remove the redirect page"));
    assert!(!can("Improve reliability"));
    assert!(!can("Consider a second provider"));
    assert!(!can("Be more careful"));
}

/// Actions in other words than those that the lists were made from.
#[test]
fn actions_in_other_words() {
    use super::Grade::{Medium, Strong, Weak};
    let cases = [
        ("Update the playbook with the new failover steps", Weak),
        ("Run a game day for the payment path", Weak),
        ("Share this report with the other teams", Weak),
        ("Ask the vendor for their maintenance calendar", Weak),
        ("Evaluate a second DNS provider", Weak),
        ("Schedule a quarterly review of quotas", Weak),
        ("Make everyone aware of the freeze", Weak),
        ("Add a note to the wiki about the proxy", Weak),
        ("Find an owner for the legacy importer", Weak),
        ("Follow the change process for DNS changes", Weak),
        ("Page the on-call when the queue is older than 5 minutes", Medium),
        ("Add synthetic checks for login from three regions", Medium),
        ("Write a regression test for the parser", Medium),
        ("Track replication lag in Grafana", Medium),
        ("Canary every release on 1 % of traffic", Medium),
        ("Configure alerts on disk usage above 80 %", Medium),
        ("Extend the smoke tests to cover sign-up", Medium),
        ("Log the reason whenever a job is dropped", Medium),
        ("Block merges without a passing migration check", Strong),
        ("Cap the number of concurrent imports at 4", Strong),
        ("Roll out configuration in stages with automatic rollback", Strong),
        ("Replace the shared password by short-lived tokens", Strong),
        ("Delete the unused staging bucket", Strong),
        ("Upgrade the proxy to 1.24", Strong),
        ("Require two approvals for production deletes", Strong),
        ("Move session storage out of the primary database", Strong),
        ("Reject uploads larger than 50 MB", Strong),
        ("Rate limit the public search endpoint", Strong),
        ("Enable deletion protection on the clusters", Strong),
        ("Automatically renew certificates 30 days before expiry", Strong),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(text, grade)| judge(text, false).strength.grade() != *grade)
        .map(|(text, grade)| (text, grade, judge(text, false)))
        .collect();
    assert!(wrong.len() <= 2, "{wrong:#?}");
}
