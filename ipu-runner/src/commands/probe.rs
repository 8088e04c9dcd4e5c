//! `ipu-runner probe`: what only hardware can tell, asked.

use std::io::Write;
use std::sync::Arc;

use random_bases::failure::{Failure, printed};
use serde_json::json;

use crate::args::ProbeArguments;
use crate::codelets::Codelets;
use crate::probe::{Answer, Laboratory, SOURCE, ask};

/// Asks all questions, prints the answers, and writes them to a file, if there is one.
///
/// # Errors
/// [`Failure::Configuration`] if there is no device, [`Failure::Output`] if the answers cannot be written. That a question has no answer is no
/// failure.
pub fn run(arguments: &ProbeArguments, out: &mut impl Write) -> Result<(), Failure> {
    let open = |codelets: &Arc<Codelets>| arguments.device.open_with(codelets);
    // Without a device there is one failure, not twelve.
    let name = arguments.device.open_with(&Codelets::of(Vec::new()))?.name();
    let answers = ask(&Laboratory { open: &open, source: SOURCE });
    printed(print(&name, &answers, out))?;
    let Some(path) = &arguments.json else { return Ok(()) };
    let report = json!({
        "device": name,
        "version": env!("CARGO_PKG_VERSION"),
        "answers": answers.iter().map(Answer::to_json).collect::<Vec<_>>(),
    });
    std::fs::write(path, format!("{report:#}\n")).map_err(|error| Failure::output(path, error))
}

fn print(device: &str, answers: &[Answer], out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{device}\n")?;
    for answer in answers {
        let question = answer.question;
        writeln!(out, "{:>2}  {}", question.number, question.text)?;
        for (name, text) in
            [("here", &*answer.words()), ("expected", question.expected), ("meaning", question.meaning)]
        {
            writeln!(out, "    {name:<10}{text}")?;
        }
        writeln!(out)?;
    }
    let count = |of: &dyn Fn(&Answer) -> bool| answers.iter().filter(|answer| of(answer)).count();
    let outcome = |wanted| {
        move |answer: &Answer| answer.finding.as_ref().is_ok_and(|finding| finding.as_expected == wanted)
    };
    writeln!(
        out,
        "{} as expected, {} not, {} of which nothing was expected, {} without an answer",
        count(&outcome(Some(true))),
        count(&outcome(Some(false))),
        count(&outcome(None)),
        count(&|answer| answer.finding.is_err())
    )?;
    out.flush()
}
