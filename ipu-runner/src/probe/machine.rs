//! How a machine is set up, how long nothing takes, and how its compiler is called.

use std::ffi::OsString;

use serde_json::json;

use super::experiment::{Laboratory, Layout, Race};
use super::{Finding, Origin, Question, SOURCE, hexadecimal};
use crate::codelets;
use crate::machine::cost;
use crate::poplar::{Popc, PopcError};
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
const LIBERTIES: [&str; 5] = [
    "-ffast-math",
    "-menable-unsafe-fp-math",
    "-funsafe-math-optimizations",
    "-mreassociate",
    "-freciprocal-math",
];

/// What says whether a product and a sum may become one operation; the last one counts.
const CONTRACTION: &str = "-ffp-contract=";

pub(super) fn compiler(_: &Laboratory<'_>) -> Result<Finding, String> {
    calls(&Popc::find())
}

/// How this popc calls its compiler.
fn calls(popc: &Popc) -> Result<Finding, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = |name: &str| folder.path().join(name).into_os_string();
    let write = |name: &str, text: &str| std::fs::write(path(name), text).map_err(|error| error.to_string());
    write("probe.cpp", SOURCE)?;
    write("contract.hpp", &codelets::header())?;
    for (name, text) in codelets::HEADERS {
        write(name, text)?;
    }
    let mut arguments: Vec<OsString> = ["-X", "-v", "--target", "ipu2", "-I"].map(Into::into).into();
    arguments.extend([path(""), path("probe.cpp"), "-o".into(), path("probe.gp")]);
    let said = match popc.run(&arguments) {
        Ok(said) => said,
        Err(error @ PopcError::Start(..)) => {
            let (text, origin) = (error.to_string(), Origin::Program);
            return Ok(Finding { text, as_expected: None, origin, details: json!(null) });
        }
        Err(error) => return Err(error.to_string()),
    };
    let calls: Vec<Vec<_>> = said
        .lines()
        .map(|line| line.split_whitespace().map(|word| word.trim_matches('"')).collect::<Vec<_>>())
        .filter(|words| words.contains(&"-cc1"))
        .collect();
    let telling = |option: &&str| {
        option.starts_with("-std=") || option.starts_with(CONTRACTION) || LIBERTIES.contains(option)
    };
    let strict = |call: &Vec<&str>| {
        let contraction = call.iter().rev().find_map(|option| option.strip_prefix(CONTRACTION));
        call.contains(&"-std=c++17")
            && contraction == Some("off")
            && !call.iter().any(|option| LIBERTIES.contains(option))
    };
    let text = match calls.len() {
        0 => "popc compiles, but does not say how".into(),
        count => {
            // In their order: of two that contradict each other the last one counts.
            let options: Vec<_> = calls.iter().flatten().copied().filter(telling).collect();
            format!("{count} calls; {}", options.join(" "))
        }
    };
    let as_expected = (!calls.is_empty()).then(|| calls.iter().all(strict));
    let calls: Vec<_> = calls.iter().map(|call| call.join(" ")).collect();
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
            calls(&Popc::at(&name))
        };
        let call = |options: &str| {
            format!(
                r#"for a; do case $a in */probe.cpp) test -f "$a" && echo ' "/sdk/clang" "-cc1" {options}' >&2;; esac; done"#
            )
        };
        let found = ask(&call(r#""-std=c++17" "-ffp-contract=off" "-O3""#)).expect("an answer");
        let text = "1 calls; -std=c++17 -ffp-contract=off";
        assert_eq!((found.as_expected, &*found.text), (Some(true), text));
        let free = [
            "-std=c++17 -ffp-contract=off -ffast-math",
            "-std=c++17 -ffp-contract=off -ffp-contract=on",
            // Nothing turns off what may be on by default.
            "-std=c++17",
            "-ffp-contract=off",
        ];
        for options in free {
            let found = ask(&call(options)).expect("an answer");
            assert_eq!(found.as_expected, Some(false), "{}", found.text);
            assert_eq!(found.text, format!("1 calls; {options}"));
        }
        // One of two calls.
        let two = format!("{}; {}", call("-std=c++17 -ffp-contract=off"), call("-std=c++17"));
        assert_eq!(ask(&two).expect("an answer").as_expected, Some(false));
        assert_eq!(ask("exit 0").expect("an answer").as_expected, None);
        assert!(ask("echo no such option; exit 1").expect_err("it fails").contains("no such option"));
        let missing = calls(&Popc::at("/no/such/popc")).expect("an answer");
        assert!(missing.as_expected.is_none() && missing.text.contains("/no/such/popc"), "{}", missing.text);
    }
}
