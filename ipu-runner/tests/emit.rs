//! Projects that `ipu-runner emit` writes, built as a user would, against the stand-in for Poplar.

mod stand_in;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use stand_in::{libraries, of_crate, succeed};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn emit(folder: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ipu-runner"))
        .arg("emit")
        .arg(folder)
        .args(flags)
        .output()
        .expect("it starts")
}

/// Small networks, all else as usual.
const SMALL: [&str; 5] = ["--preset", "small", "--base-dimensions", "20", "--steps"];

/// `make`, with the stand-in's headers, library and popc.
fn make(folder: &Path, variables: &[&str]) -> Command {
    let libraries = libraries();
    let libraries = libraries.display();
    let mut make = Command::new("make");
    make.arg("-C").arg(folder).arg("CXX=c++").arg("LDLIBS=-lipu_runner");
    make.arg(format!("CPPFLAGS=-I'{}' -Wall -Wextra -Werror", of_crate("stand-in").display()));
    make.arg(format!("LDFLAGS=-L'{libraries}' -Wl,-rpath,'{libraries}'"));
    make.arg(format!("POPC='{}'", of_crate("stand-in/popc").display()));
    make.args(variables);
    make
}

fn train(folder: &Path, device: &str) -> Output {
    Command::new(folder.join("train")).arg(device).current_dir(folder).output().expect("it was built")
}

/// Replaces a text in a file, which must contain it.
fn replace(path: &Path, from: &str, to: &str) {
    let before = fs::read_to_string(path).expect("a file of the project");
    assert!(before.contains(from), "{}: no {from:?}", path.display());
    fs::write(path, before.replacen(from, to, 1)).expect("it can be written");
}

/// RBD: emitted, built, run; then with one thing wrong after another.
#[test]
fn a_project_has_the_processors_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let output = emit(folder, &[&SMALL[..], &["3"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    succeed(&mut make(folder, &[]));
    for device in ["ipu", "ipu-model"] {
        let output = train(folder, device);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{out}{err}");
        assert!(out.starts_with("the stand-in for Poplar: 1 x 1472 tiles of ipu2"), "{out}");
        assert_eq!(out.matches(": equal\n").count(), 3, "{out}");
        assert!(out.ends_with("equal to the CPU's, bit for bit\n"), "{out}");
    }

    // It tells who runs it wrongly, and what is damaged.
    assert_eq!(train(folder, "cpu").status.code(), Some(2));
    let run = folder.join("run.txt");
    let whole = fs::read_to_string(&run).expect("a file of the project");
    replace(&run, "steps 3", "steps 4");
    let output = train(folder, "ipu");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("run.txt, line 7: \"end\" where \"step\" should be"),
        "{}",
        text(&output.stderr)
    );
    fs::write(&run, &whole).expect("it can be written");
    replace(&folder.join("run.txt"), "target ipu2 1 1472", "target ipu1 1 1216");
    let output = train(folder, "ipu");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("recorded for 1 x 1216 tiles of ipu1"), "{}", text(&output.stderr));
    fs::write(&run, &whole).expect("it can be written");

    // Flags that move bits do not get through unseen: the stand-in compiles with ours only.
    fs::remove_file(folder.join("codelets.gp")).expect("it was made");
    succeed(&mut make(folder, &["POPCFLAGS=-O3 -std=c++17"]));
    let output = train(folder, "ipu");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("compiled without -ffp-contract=off"), "{}", text(&output.stderr));

    // One order of a sum in a codelet.
    replace(
        &folder.join("codelets/subspace.cpp"),
        "sum[n] + ((terms[0][n] + terms[1][n]) + (terms[2][n] + terms[3][n]))",
        "(sum[n] + (terms[0][n] + terms[1][n])) + (terms[2][n] + terms[3][n])",
    );
    fs::remove_file(folder.join("codelets.gp")).expect("it was made");
    succeed(&mut make(folder, &[]));
    let output = train(folder, "ipu");
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}{}", text(&output.stderr));
    assert!(out.contains("step 0: ") && out.contains(": DIFFERENT\n"), "{out}");
    assert!(out.ends_with("3 steps differ from the CPU's\n"), "{out}");
}

/// FPD: its first step is another graph than the rest, which goes on with what that left.
#[test]
fn a_project_of_several_graphs() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let output = emit(folder, &[&SMALL[..], &["3", "--method", "fpd"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(folder.join("graph-1.txt").is_file());
    succeed(&mut make(folder, &[]));
    let output = train(folder, "ipu-model");
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}{}", text(&output.stderr));
    assert_eq!(out.matches(": equal\n").count(), 3, "{out}");
}

#[test]
fn what_cannot_be_emitted() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |folder: &Path, flags: &[&str], code, what: &str| {
        let output = emit(folder, flags);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.contains(what), "{message}");
    };
    refused(folder.path(), &["--method", "nes"], 3, "the method nes does not run as one program");
    refused(folder.path(), &["--math", "micromath"], 3, "--math libm");
    refused(folder.path(), &["--strategy", "fused"], 3, "the fused strategy does not run as one program");
    refused(folder.path(), &["--steps", "0"], 2, "--steps");
    refused(
        folder.path(),
        &["--target", "gc2", "--preset", "conv", "--batch-size", "16", "--steps", "1"],
        3,
        "out of memory on tile",
    );
    assert!(fs::read_dir(folder.path()).expect("it is there").next().is_none(), "nothing is left behind");
    let file = folder.path().join("mine");
    fs::write(&file, "mine").expect("it can be written");
    refused(folder.path(), &["--steps", "1"], 3, "is not empty");
    refused(&file, &["--steps", "1"], 7, "mine");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
}
