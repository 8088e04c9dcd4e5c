//! Links programs to where the board has its memory.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    fs::write(out.join("memory.x"), include_bytes!("memory.x")).expect("Cargo's folder can be written");
    println!("cargo:rustc-link-search={}", out.display());
    for kind in ["bins", "examples"] {
        println!("cargo:rustc-link-arg-{kind}=-Tlink.x");
        // A page of the host's is no page here: flash is not to be padded to it.
        println!("cargo:rustc-link-arg-{kind}=--nmagic");
    }
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rerun-if-changed=build.rs");
}
