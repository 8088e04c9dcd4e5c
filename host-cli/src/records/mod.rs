//! Journals and fixtures as files.

mod order;
mod read;
pub mod standard;
mod stream;
pub mod verify;
pub mod view;
mod write;

pub use read::{AnswersRecord, Contents, RecordFile, RunRecord, rates};
pub use stream::{Journal, StepRecord};
pub use write::{RecordWriter, write_step};

/// How record files are called: `journal.rbases`, `run-small-rbd.rbases`.
pub const EXTENSION: &str = "rbases";
