//! `ipu-runner probe` on emulated tiles: every question has an answer, and the answers are made of what codelets compute.

use std::process::Command;
use std::sync::Arc;

use ipu_runner::codelets::Codelets;
use ipu_runner::device::Device;
use ipu_runner::machine::{Library, TileMachine};
use ipu_runner::probe::{Answer, Finding, Laboratory, Origin, SOURCE, ask, ask_about};
use ipu_runner::target::Target;
use random_bases::failure::Failure;
use serde_json::Value;

fn open(codelets: &Arc<Codelets>) -> Result<Arc<dyn Device>, Failure> {
    let library = Library::new(codelets).map_err(Failure::configuration)?;
    Ok(Arc::new(TileMachine::new(Target::GC200, library, 1)))
}

fn finding(answer: &Answer) -> &Finding {
    answer.finding.as_ref().unwrap_or_else(|why| panic!("{}: {why}", answer.question.text))
}

#[test]
fn every_question_has_an_answer() {
    let answers = ask(&Laboratory { open: &open, source: SOURCE });
    assert_eq!(
        answers.iter().map(|answer| answer.question.number).collect::<Vec<_>>(),
        (1..=12).collect::<Vec<_>>()
    );
    for answer in &answers {
        let Finding { as_expected, origin, text, .. } = finding(answer);
        assert_ne!(*origin, Origin::Hardware, "{text}");
        assert_ne!(*as_expected, Some(false), "{}: {text}", answer.question.text);
        assert!(!text.is_empty());
    }
    let text = |number: usize| &*finding(&answers[number - 1]).text;
    assert!(text(1).starts_with("yes: 65536 of 65536"), "{}", text(1));
    assert!(
        text(2).starts_with("of 1000000 normal numbers quotients: all equal; roots: all equal"),
        "{}",
        text(2)
    );
    assert!(text(3).starts_with("yes"), "{}", text(3));
    assert!(text(4).starts_with("yes: four outputs each from 7 starts"), "{}", text(4));
    assert_eq!(text(5), "the low half, one step");
    assert!(text(8).starts_with("the product is rounded; 2^24 + 1 is 16777216"), "{}", text(8));
    // Two roundings are not always the nearest, but never further than one float away.
    assert!(text(9).contains("differ, by up to 1 units"), "{}", text(9));
    assert!(text(9).ends_with("Beside root and division: all equal"), "{}", text(9));
}

/// The answer to a question after a change of the codelets.
fn changed(number: u32, changes: &[(&str, &str)]) -> Answer {
    let source = changes.iter().fold(SOURCE.to_string(), |source, (from, to)| {
        assert!(source.contains(from), "{from}");
        source.replace(from, to)
    });
    ask_about(&Laboratory { open: &open, source: &source }, number).expect("a question")
}

#[test]
fn other_codelets_have_other_answers() {
    let flushed =
        |x: &str| format!("{{ const float r = {x}; {{}} = (bits(r) & 0x7f800000u) != 0 ? r : 0.0f; }}");
    let sums = flushed("a[i] + b[i]").replace("{}", "sums[i]");
    let hardware = ("constexpr unsigned on_hardware = 0;", "constexpr unsigned on_hardware = 1;");
    let cases: &[(u32, &[(&str, &str)], &str)] = &[
        (1, &[("a[i] * b[i] + c[i]", "__builtin_fmaf(a[i], b[i], c[i])")], "no, it is fused: all "),
        (1, &[("a[i] * b[i] + c[i]", "a[i] * b[i] - c[i]")], "neither: "),
        (2, &[("a[i] / b[i]", "a[i] * (1.0f / b[i])")], "differ, by up to 1 units"),
        (2, &[("std::sqrt(a[i])", "from_bits(bits(std::sqrt(a[i])) ^ 1u)")], "roots: 1000000 differ"),
        (3, &[("sums[i] = a[i] + b[i];", &sums)], "no. sums of subnormal numbers: taken for 0"),
        (
            4,
            &[("(rotate(sa, 1) | rotate(sa, 2))", "(rotate(sa, 1) + rotate(sa, 2))")],
            "no: other outputs from ",
        ),
        (4, &[("other << 13 | value >> 19", "other << 13")], "no: other outputs from seed 42"),
        (5, &[("return unsigned(next64());", "return unsigned(next64() >> 32);")], "the high half, one step"),
        (
            5,
            &[("return unsigned(next64());", "{ Generator g = *this; return unsigned(g.next64()); }")],
            "the low half, 0 steps",
        ),
        (6, &[("/ 8589934592.0 - 0.5", "/ 8589934592.0 - 0.25")], "no: "),
        (
            7,
            &[hardware, ("pairs[2 * row] = 0.0f;", "pairs[2 * row] = 1.5f;")],
            "a pair takes one step; 8192 numbers have mean 0.75",
        ),
        (
            8,
            &[("return first + second;", "return __builtin_fmaf(c, d, first);")],
            "the product is not rounded",
        ),
        (
            9,
            &[("1.0f / std::sqrt(x[i])", "float(1.0 / std::sqrt(double(x[i])))")],
            "beside the nearest float: all equal",
        ),
        (
            10,
            &[("control[0] = 0;", "control[0] = 0x80005;")],
            "00080005: exceptions of invalid operations, of overflows, halves rounded at random",
        ),
        (11, &[hardware, ("turns[0] = 0;", "static unsigned now; turns[0] = now += 9000;")], "0.0"),
    ];
    for (number, changes, words) in cases {
        let answer = changed(*number, changes);
        let finding = finding(&answer);
        assert!(finding.text.contains(words), "{changes:?}: {}", finding.text);
        assert_eq!(finding.origin == Origin::Hardware, changes.contains(&hardware), "{}", finding.text);
        assert!(*number > 6 || finding.as_expected == Some(false), "{changes:?}: {}", finding.text);
    }
}

#[test]
fn what_does_not_compile_costs_one_answer() {
    let source = SOURCE.replace(
        "static float symmetric(unsigned word) {",
        "static float symmetric(unsigned word) { no_such_builtin();",
    );
    let answers = ask(&Laboratory { open: &open, source: &source });
    for answer in answers {
        match answer.question.number {
            6 => assert!(answer.finding.expect_err("it does not compile").contains("no_such_builtin")),
            _ => drop(finding(&answer)),
        }
    }
}

#[test]
fn the_program_prints_and_writes_all_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answers.json");
    let run = |file: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ipu-runner"));
        command.args(["probe", "--target", "bow", "--json"]).arg(file);
        command
    };
    let output = run(&path).output().expect("it starts");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(out.starts_with("1472 emulated tiles of bow"), "{out}");
    assert!(out.contains(" 1  Is a * b + c rounded twice"), "{out}");
    assert!(out.contains("assumed, not measured") && out.contains(", 0 without an answer"), "{out}");
    let report: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
    let answers = report["answers"].as_array().expect("a list");
    assert_eq!(answers.len(), 12);
    for answer in answers {
        for key in ["number", "question", "expected", "meaning", "answer", "origin"] {
            assert!(!answer[key].is_null(), "{key}: {answer}");
        }
    }
    assert_eq!(answers[1]["details"]["normal"]["quotients"]["wrong"], 0);

    let output = run(&folder.path().join("no/such/folder")).output().expect("it starts");
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let output = run(&path).env("CXX", "/no/such/compiler").output().expect("it starts");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}
