//! amends-egress
