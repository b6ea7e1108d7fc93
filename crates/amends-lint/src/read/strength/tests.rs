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
