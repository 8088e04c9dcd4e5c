//! The program `random-bases`, run as its users run it: each test starts the real binary in a fresh folder and looks
//! at its exit code, its two streams and the files that it leaves.
//!
//! No run may panic, whatever it is given; [`cli::support`] checks that of every one.

mod cli {
    mod augmentation;
    mod bad_input;
    mod bench;
    mod config;
    mod damage;
    mod data;
    mod evolution;
    mod fetch;
    mod grid;
    mod images;
    mod journal;
    mod options;
    mod orthogonality;
    mod probes;
    mod records;
    mod resume;
    mod server;
    mod sets;
    pub mod support;
    mod train;
}
