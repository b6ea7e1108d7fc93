//! amends-web
