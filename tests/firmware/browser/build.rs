//! Asks for a stack that holds all memory of a job.

fn main() {
    println!("cargo:rustc-link-arg=-zstack-size=4194304");
    println!("cargo:rerun-if-changed=build.rs");
}
