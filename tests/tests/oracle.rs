//! The independent Python implementation reproduces the fixtures.
//!
//! It needs Python with NumPy: `python3`, or what `RANDOM_BASES_PYTHON` names.

use std::process::Command;

use libtest_mimic::Failed;
use random_bases::records::EXTENSION;
use random_bases_tests::{PYTHON_VARIABLE, conclude, fixtures, root, trial};

/// Fixtures and how many steps of them: all, or as many as take a few seconds.
const FIXTURES: [(&str, Option<u32>); 11] = [
    ("known-answers", None),
    ("step-sgd", None),
    ("step-rbd", None),
    ("step-fpd", None),
    ("step-rbd-uniform-row-norm", None),
    ("step-rbd-rademacher-mean", None),
    ("run-small-sgd", None),
    ("run-small-rbd", None),
    ("run-small-fpd", None),
    ("run-fc-rbd", Some(5)),
    ("run-fc-fpd", Some(5)),
];

fn main() {
    let python = std::env::var(PYTHON_VARIABLE).unwrap_or_else(|_| "python3".into());
    let able = match Command::new(&python).args(["-c", "import numpy"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) => Err(format!("{python} has no NumPy; set {PYTHON_VARIABLE}")),
        Err(error) => Err(format!("{python}: {error}; set {PYTHON_VARIABLE}")),
    };
    let trials = FIXTURES.map(|(name, steps)| {
        let python = python.clone();
        trial(name, able.clone(), move || agrees(&python, name, steps))
    });
    conclude(trials.into());
}

fn agrees(python: &str, name: &str, steps: Option<u32>) -> Result<(), Failed> {
    let mut command = Command::new(python);
    command.arg(root().join("tests/oracle/oracle.py"));
    if let Some(steps) = steps {
        command.args(["--steps", &steps.to_string()]);
    }
    let output = command.arg(fixtures().join(format!("{name}.{EXTENSION}"))).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && text.starts_with("equal") {
        return Ok(());
    }
    Err(format!("{}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
