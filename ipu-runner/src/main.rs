//! The program `ipu-runner`.
fn main() {}
