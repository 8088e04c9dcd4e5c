//! Synthetic images.
