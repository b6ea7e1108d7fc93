//! amends-lint
