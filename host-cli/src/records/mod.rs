//! Journals and fixtures as files.

mod read;
pub mod standard;
pub mod verify;
pub mod view;
mod write;

pub use read::{AnswersRecord, Contents, RecordFile, RunRecord, rates};
pub use write::{RecordWriter, write_step};

/// How record files are called: `journal.rbases`, `run-small-rbd.rbases`.
pub const EXTENSION: &str = "rbases";
