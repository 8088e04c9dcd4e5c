//! Questions about the hardware that nobody can settle who has no IPU at hand.
//!
//! Each is a codelet of its own (`codelets/probe.cpp`) in a small graph, and an expectation. Answers are made here, from what the vertices wrote. On
//! the tile machine, what is ordinary C++ is answered by this machine's processor, and what needs instructions of the hardware by what this project
//! assumes of them: each answer says which.
//!
//! In reading order: [`experiment`] how a codelet is run, then the questions: [`arithmetic`], [`generator`], [`machine`].

mod arithmetic;
mod experiment;
mod generator;
mod machine;

pub use experiment::Laboratory;

use serde_json::{Value, json};

/// The codelets of all questions.
pub const SOURCE: &str = include_str!("../../codelets/probe.cpp");

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The hardware.
    Hardware,
    /// The processor of this machine, which did what the codelet says.
    Processor,
    /// What this project assumes of the hardware.
    Assumption,
    /// Another program, or the lack of it.
    Program,
}

impl Origin {
    /// Of a vertex that says whether it ran on hardware, and otherwise computed like any codelet.
    const fn computed(measured: bool) -> Self {
        if measured { Self::Hardware } else { Self::Processor }
    }

    /// Of a vertex that says whether it ran on hardware, and otherwise had to assume something.
    const fn assumed(measured: bool) -> Self {
        if measured { Self::Hardware } else { Self::Assumption }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Hardware => "measured",
            Self::Processor => "computed by this machine's processor",
            Self::Assumption => "assumed, not measured",
            Self::Program => "not a matter of tiles",
        }
    }
}

/// A question, with what is known about it beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// From 1 on.
    pub number: u32,
    /// In words.
    pub text: &'static str,
    /// What we expect.
    pub expected: &'static str,
    /// What follows.
    pub meaning: &'static str,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// In words.
    pub text: String,
    /// Whether it is what was expected; `None` if nothing was.
    pub as_expected: Option<bool>,
    /// Where it comes from.
    pub origin: Origin,
    /// What was measured, for whoever wants to look closer.
    pub details: Value,
}

/// A question with its answer. An error: why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// What came out.
    pub finding: Result<Finding, String>,
}

/// How a question is answered.
type Find = fn(&Laboratory<'_>) -> Result<Finding, String>;

/// All questions, in order.
const QUESTIONS: [(Question, Find); 12] = [
    (arithmetic::CONTRACTION, arithmetic::contraction),
    (arithmetic::DIVISION, arithmetic::division),
    (arithmetic::SUBNORMALS, arithmetic::subnormals),
    (generator::OUTPUTS, generator::outputs),
    (generator::HALVES, generator::halves_of_outputs),
    (generator::SYMMETRIC, generator::symmetric),
    (generator::NORMAL, generator::normal),
    (arithmetic::ACCUMULATION, arithmetic::accumulation),
    (arithmetic::INVERSE_ROOT, arithmetic::inverse_root),
    (machine::CONTROL, machine::control),
    (machine::CLOCK, machine::clock),
    (machine::COMPILER, machine::compiler),
];

/// Asks all questions, in order.
#[must_use]
pub fn ask(laboratory: &Laboratory<'_>) -> Vec<Answer> {
    QUESTIONS.map(|(question, find)| Answer { question, finding: find(laboratory) }).into()
}

/// Asks one question; `None` if there is none of this number.
#[must_use]
pub fn ask_about(laboratory: &Laboratory<'_>, number: u32) -> Option<Answer> {
    let (question, find) = QUESTIONS.into_iter().find(|(question, _)| question.number == number)?;
    Some(Answer { question, finding: find(laboratory) })
}

impl Answer {
    /// As a member of a report.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Question { number, text, expected, meaning } = self.question;
        let mut object =
            json!({ "number": number, "question": text, "expected": expected, "meaning": meaning });
        match &self.finding {
            Ok(finding) => {
                object["answer"] = json!(finding.text);
                object["as_expected"] = json!(finding.as_expected);
                object["origin"] = json!(finding.origin.words());
                object["details"] = finding.details.clone();
            }
            Err(why) => object["no_answer"] = json!(why),
        }
        object
    }

    /// What came out, and where it comes from.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.finding {
            Ok(finding) => format!("{} ({})", finding.text, finding.origin.words()),
            Err(why) => format!("no answer: {why}"),
        }
    }
}

/// Random words, the same at every run: splitmix64, the upper halves.
fn words(mut state: u64) -> impl Iterator<Item = u32> {
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 32) as u32
    })
}

/// Words as people write them.
fn hexadecimal(words: &[u32]) -> Value {
    json!(words.iter().map(|word| format!("{word:08x}")).collect::<Vec<_>>())
}
