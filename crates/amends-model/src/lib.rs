//! amends-model
