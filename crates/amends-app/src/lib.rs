//! amends-app
