//! The program `ipu-runner`.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ipu-runner")).args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    path.to_str().expect("a path in UTF-8").to_string()
}

#[test]
fn a_plan_fills_the_machine() {
    let output = run(&["plan", "--base-dimensions", "250"]);
    let plan = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        plan.starts_with("fc-28x28x1, rbd, D = 101770, d = 250, 32 images, on 1 x gc200 (1472 tiles"),
        "{plan}"
    );
    assert!(
        plan.lines().any(|line| line.starts_with("tiles used") && line.contains(" 1472 compute")),
        "{plan}"
    );
    for superstep in ["dense forward", "parameter gradient", "project", "lift"] {
        assert!(plan.lines().any(|line| line.starts_with(superstep)), "{superstep}: {plan}");
    }
}

#[test]
fn what_is_not_one_program_says_so() {
    let cases = [
        (["--method", "nes"], "the method nes"),
        (["--math", "micromath"], "--math micromath"),
        (["--strategy", "fused"], "the fused strategy"),
    ];
    for ([flag, value], what) in cases {
        let output = run(&["plan", flag, value]);
        assert_eq!(output.status.code(), Some(3), "{flag} {value}");
        assert!(text(&output.stderr).contains(what), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    }
}

#[test]
fn a_fixture_is_verified() {
    for seed in ["1", "2"] {
        let output = run(&["verify", "--vertex-order", seed, &fixture("run-small-rbd.rbases")]);
        let out = text(&output.stdout);
        assert!(output.status.success(), "{out}{}", text(&output.stderr));
        assert!(out.contains("1 equal, 0 only replayed, 0 differ"), "{out}");
        assert!(!out.contains("computed by the host"), "{out}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let output = run(&["verify", "no-such-file.rbases"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("no-such-file.rbases"), "{}", text(&output.stderr));
}

/// Without a compiler the message says what is missing.
#[test]
fn a_missing_compiler_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_ipu-runner"))
        .args(["verify", &fixture("step-rbd.rbases")])
        .env("CXX", "/no/such/compiler")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    let message = text(&output.stderr);
    assert!(message.contains("/no/such/compiler") && message.contains("CXX"), "{message}");
}

#[test]
fn every_help_has_the_exit_codes() {
    for command in ["plan", "emit", "verify", "train", "probe"] {
        let help = text(&run(&[command, "--help"]).stdout);
        assert!(help.contains("configuration: a setting is unknown"), "{command}: {help}");
    }
}
