//! How a machine is set up, how long nothing takes, and how its compiler is called.

use std::process::Command;

use serde_json::json;

use super::experiment::{Laboratory, Layout, Race};
use super::{Finding, Origin, Question, SOURCE, hexadecimal};
use crate::codelets::{self, FLAGS};
use crate::machine::cost;
use crate::timing::{LAUNCH, synchronising};

/// Question 10.
pub(super) const CONTROL: Question = Question {
    number: 10,
    text: "How does the runtime set up floats ($FP_CTL)?",
    expected: "no exceptions",
    meaning: "with exceptions, a loss that becomes infinite ends the program instead of the run; rounding at random concerns halves alone",
};

pub(super) fn control(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let mut experiment = laboratory.load(10, "FloatControl", Layout::One, &[], &[1])?;
    let (outputs, measured) = experiment.run(&[]).map_err(|fault| fault.to_string())?;
    let control = outputs[0][0];
    let bits = [
        (0, "exceptions of invalid operations"),
        (1, "of divisions by 0"),
        (2, "of overflows"),
        (19, "halves rounded at random"),
        (20, "halves that overflow become NaN"),
    ];
    let set: Vec<_> = bits.iter().filter(|(bit, _)| control >> bit & 1 == 1).map(|(_, name)| *name).collect();
    let set = if set.is_empty() { "nothing of it is on".into() } else { set.join(", ") };
    let text = format!("{control:08x}: {set}; rounding mode {}", control >> 16 & 7);
    let details = json!({ "control": hexadecimal(&outputs[0]) });
    Ok(Finding { text, as_expected: Some(control & 7 == 0), origin: Origin::assumed(measured), details })
}

/// Question 11.
pub(super) const CLOCK: Question = Question {
    number: 11,
    text: "How many turns of the clock does a compute set without work take, on all tiles?",
    expected: "about 350",
    meaning: "times the compute sets of a step it is what a step costs at least; the estimates of `plan` follow",
};

/// How often nothing is done.
const TIMES: u32 = 1000;

pub(super) fn clock(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let race = |times| -> Result<_, String> {
        let Race { device, graph, program, turns, measured } = laboratory.race(11, times)?;
        let estimated: u64 =
            cost(&graph, &program, device.target()).iter().map(|step| step.times * step.turns()).sum();
        let fail = |fault: crate::graph::Fault| fault.to_string();
        let mut engine = device.load(graph, vec![program]).map_err(fail)?;
        engine.run(0).map_err(fail)?;
        let mut read = |variable| engine.read(variable, 0..1).map(|bits| bits[0]).map_err(fail);
        let (before, after) = (read(turns[0])?, read(turns[1])?);
        Ok((after.wrapping_sub(before), read(measured)? == 1, estimated, *device.target()))
    };
    // Two races: what the clock itself costs falls out.
    let (few, many) = (race(TIMES)?, race(2 * TIMES)?);
    let measured = few.1 && many.1;
    let turns = if measured { f64::from(many.0.wrapping_sub(few.0)) } else { (many.2 - few.2) as f64 };
    let each = turns / f64::from(TIMES);
    let text = if measured {
        format!("{each:.1}")
    } else {
        let sync = 2 * synchronising(&few.3, 1);
        format!("{each:.1}, of which {sync} to synchronise twice and {LAUNCH} to launch workers")
    };
    let details = json!({ "times": TIMES, "turns": each });
    Ok(Finding { text, as_expected: Some(each < 1000.0), origin: Origin::assumed(measured), details })
}

/// Question 12.
pub(super) const COMPILER: Question = Question {
    number: 12,
    text: "How does popc call its compiler: with which standard of C++, with which liberties about floats?",
    expected: "what the flags of the codelets say: C++17, no contraction, nothing reordered",
    meaning: "if a flag of its own comes after ours and allows more, it must be turned off by another",
};

/// Options that would allow other bits.
const LIBERTIES: [&str; 6] = [
    "-ffast-math",
    "-menable-unsafe-fp-math",
    "-funsafe-math-optimizations",
    "-mreassociate",
    "-ffp-contract=fast",
    "-freciprocal-math",
];

pub(super) fn compiler(_: &Laboratory<'_>) -> Result<Finding, String> {
    compiler_named("popc")
}

/// With a compiler of this name.
fn compiler_named(name: &str) -> Result<Finding, String> {
    let fail = |error: std::io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(fail)?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).map_err(fail);
    write("probe.cpp", SOURCE)?;
    write("contract.hpp", &codelets::header())?;
    for (name, text) in codelets::HEADERS {
        write(name, text)?;
    }
    let output = Command::new(name)
        .args(FLAGS)
        .args(["-X", "-v", "--target", "ipu2", "-I.", "probe.cpp", "-o", "probe.gp"])
        .current_dir(folder.path())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            let text = format!("there is no {name} here ({error})");
            return Ok(Finding { text, as_expected: None, origin: Origin::Program, details: json!(null) });
        }
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if !output.status.success() {
        return Err(format!("{name} fails: {}", said.trim()));
    }
    let calls: Vec<_> = said.lines().filter(|line| line.contains("-cc1")).map(str::trim).collect();
    let options = || calls.iter().flat_map(|call| call.split_whitespace()).map(|word| word.trim_matches('"'));
    let mut telling: Vec<_> = options()
        .filter(|option| option.starts_with("-std=") || option.starts_with("-ffp-contract"))
        .chain(options().filter(|option| LIBERTIES.contains(option)))
        .collect();
    telling.sort_unstable();
    telling.dedup();
    let free = telling.iter().any(|option| LIBERTIES.contains(option));
    let text = match calls.len() {
        0 => format!("{name} compiles, but does not say how"),
        count => format!("{count} calls; {}", telling.join(" ")),
    };
    let as_expected = (!calls.is_empty()).then_some(!free && telling.contains(&"-std=c++17"));
    Ok(Finding { text, as_expected, origin: Origin::Program, details: json!({ "calls": calls }) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn calls_of_a_compiler_are_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let name = folder.path().join("popc");
        let ask = |script: &str| {
            std::fs::write(&name, format!("#!/bin/sh\n{script}\n")).expect("room");
            std::fs::set_permissions(&name, PermissionsExt::from_mode(0o755)).expect("ours");
            compiler_named(name.to_str().expect("a name"))
        };
        let call = r#"test -f probe.cpp && echo ' "/sdk/clang" "-cc1" "-std=c++17" "-O3"' >&2"#;
        let found = ask(call).expect("an answer");
        assert_eq!((found.as_expected, &*found.text), (Some(true), "1 calls; -std=c++17"));
        let found = ask(&call.replace("-O3", "-ffast-math")).expect("an answer");
        assert_eq!(found.as_expected, Some(false), "{}", found.text);
        assert!(ask("echo no such option; exit 1").expect_err("it fails").contains("no such option"));
        let missing = compiler_named("/no/such/popc").expect("an answer");
        assert!(missing.as_expected.is_none() && missing.text.contains("there is no /no/such/popc"));
    }
}
