//! Files that the program reads and writes.

pub mod idx;
