//! The independent Python implementation reproduces the fixtures.
//!
//! It needs Python with NumPy: `python3`, or what `RANDOM_BASES_PYTHON` names.

use std::process::Command;

use libtest_mimic::Failed;
use random_bases::records::EXTENSION;
use random_bases::records::standard::{ANSWERS, RUNS};
use random_bases_tests::{PYTHON_VARIABLE, conclude, fixtures, root, trial};

fn main() {
    let python = std::env::var(PYTHON_VARIABLE).unwrap_or_else(|_| "python3".into());
    let able = match Command::new(&python).args(["-c", "import numpy"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) => Err(format!("{python} has no NumPy; set {PYTHON_VARIABLE}")),
        Err(error) => Err(format!("{python}: {error}; set {PYTHON_VARIABLE}")),
    };
    // The contract's page does not describe micromath.
    let names = RUNS.iter().map(|fixture| fixture.name).filter(|name| !name.contains("micromath"));
    let trials = names.chain([ANSWERS]).map(|name| {
        let python = python.clone();
        trial(name, able.clone(), move || agrees(&python, name))
    });
    conclude(trials.collect());
}

fn agrees(python: &str, name: &str) -> Result<(), Failed> {
    let mut command = Command::new(python);
    command.arg("-B").arg(root().join("tests/oracle/oracle.py"));
    let output = command.arg(fixtures().join(format!("{name}.{EXTENSION}"))).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && text.contains(&format!("\nequal {name}:")) {
        return Ok(());
    }
    Err(format!("{}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
