//! amends-memory
