//! With the feature `poplar`: compiles the shim between this crate and Poplar's C++ interface, and links both.
//!
//! Which Poplar, the environment says. By default it is that of an enabled SDK: `popc` on the path, and headers that the C++ compiler finds.
//! `RANDOM_BASES_POPLAR=stand-in` takes the headers in `stand-in/` instead, behind which is this crate's tile machine: nothing of Graphcore's is
//! needed then, to check and test what belongs to the feature.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "poplar")]
    if let Err(message) = poplar::build() {
        eprintln!("{message}");
        std::process::exit(1);
    }
}

#[cfg(feature = "poplar")]
mod poplar {
    use std::env;
    use std::path::PathBuf;
    use std::process::Command;

    const VARIABLE: &str = "RANDOM_BASES_POPLAR";

    /// How to go on without an SDK.
    const ADVICE: &str = "\
The feature `poplar` of random-bases-ipu needs Graphcore's Poplar SDK (Linux on x86-64). Get it from Graphcore's download portal, unpack it, and
enable it in this shell: source SDK/poplar-*/enable.sh. Then build again.
Without it, leave the feature out: emulated tiles need no SDK, and `ipu-runner emit` writes a project that can be built where there is one. To check or test
the feature itself, set RANDOM_BASES_POPLAR=stand-in.";

    pub fn build() -> Result<(), String> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        for folder in ["shim", "stand-in"] {
            println!("cargo::rerun-if-changed={folder}");
        }
        let mut shim = cc::Build::new();
        shim.cpp(true).std("c++17").file("shim/poplar_shim.cpp").warnings(true);
        let from_sdk = match env::var(VARIABLE).as_deref() {
            Err(_) | Ok("" | "sdk") => {
                // What these find, the scripts of an SDK set.
                for variable in ["PATH", "CPATH", "LIBRARY_PATH", "POPLAR_SDK_ENABLED"] {
                    println!("cargo::rerun-if-env-changed={variable}");
                }
                find_sdk(&shim)?;
                true
            }
            Ok("stand-in") => {
                shim.include("stand-in");
                false
            }
            Ok(other) => {
                return Err(format!("{VARIABLE}={other}: it can be \"sdk\" (the default) or \"stand-in\""));
            }
        };
        shim.try_compile("poplar_shim")
            .map_err(|error| format!("the shim for Poplar does not compile: {error}"))?;
        // Behind the shim, which needs it: linkers look at libraries in order.
        if from_sdk {
            println!("cargo::rustc-link-lib=dylib=poplar");
        }
        Ok(())
    }

    /// Whether popc can be started, and Poplar's headers are found.
    fn find_sdk(shim: &cc::Build) -> Result<(), String> {
        let popc = Command::new("popc").arg("--version").output();
        if !popc.is_ok_and(|output| output.status.success()) {
            return Err(format!("There is no Poplar SDK: popc is not on the path.\n{ADVICE}"));
        }
        let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
        let probe = folder.join("probe.cpp");
        std::fs::write(&probe, "#include <poplar/Graph.hpp>\n")
            .map_err(|error| format!("{probe:?}: {error}"))?;
        let compiler =
            shim.try_get_compiler().map_err(|error| format!("there is no C++ compiler: {error}"))?;
        let output = compiler.to_command().arg("-fsyntax-only").arg(&probe).output();
        match output {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(format!(
                "There is no complete Poplar SDK: the C++ compiler does not find <poplar/Graph.hpp>:\n{}{ADVICE}",
                String::from_utf8_lossy(&output.stderr)
            )),
            Err(error) => Err(format!("the C++ compiler cannot be started: {error}")),
        }
    }
}
