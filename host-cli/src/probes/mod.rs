//! Probes: what a training can be asked about on the way. They read; no bit of the training depends on them, and without them
//! nothing is computed.
//!
//! [`watch`] sees every step; [`look`] looks around at the end of an epoch; [`report`] writes both as JSON lines;
//! [`charts`] draws them.

pub mod charts;
pub mod look;
pub mod report;
pub mod watch;
