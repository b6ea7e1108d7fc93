//! amends-courier
