//! burn as a contestant.
//!
//! ```sh
//! cargo run --release --locked -- [--backend flex|ndarray] --once update normal
//! cargo run --release --locked -- [--backend flex|ndarray] --check
//! ```
//!
//! Otherwise it serves `../compare.py`, by the protocol in `../protocol.py`.

mod check;
mod work;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use burn::backend::{Autodiff, Flex, NdArray};
use burn::tensor::backend::AutodiffBackend;

use work::{DISTRIBUTIONS, Runner};

fn main() -> ExitCode {
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        // SAFETY: no other thread has been started.
        unsafe { std::env::set_var("RAYON_NUM_THREADS", "2") };
    }
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut backend = String::from("flex");
    if let Some(at) = arguments.iter().position(|argument| argument == "--backend") {
        backend = arguments.drain(at..arguments.len().min(at + 2)).next_back().expect("it was found");
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match backend.as_str() {
        "flex" => run::<Autodiff<Flex>>("burn flex", &arguments),
        "ndarray" => run::<Autodiff<NdArray>>("burn ndarray", &arguments),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: [--backend flex|ndarray] [--check | --once update|step DISTRIBUTION]");
    ExitCode::from(2)
}

fn run<B: AutodiffBackend>(name: &str, arguments: &[&str]) -> ExitCode {
    let mut runner = Runner::<B>::new();
    match *arguments {
        [] => serve(name, &mut runner),
        ["--check"] => {
            let faults = check::faults::<B>();
            faults.iter().for_each(|fault| println!("{fault}"));
            if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        ["--once", kind, distribution] => match runner.times(kind, distribution, 10) {
            Ok(mut times) => {
                times.sort_by(f64::total_cmp);
                println!("{name}: {kind} {distribution}: {:.2} ms (least {:.2})", times[5], times[0]);
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        },
        _ => usage(),
    }
}

fn serve<B: AutodiffBackend>(name: &str, runner: &mut Runner<B>) -> ExitCode {
    for request in std::io::stdin().lock().lines() {
        let Ok(request) = request else { return ExitCode::FAILURE };
        if request.trim() == "quit" {
            break;
        }
        println!("{}", answer(name, runner, &request));
        std::io::stdout().flush().expect("the driver listens");
    }
    ExitCode::SUCCESS
}

/// JSON by hand: strings here are without quotes and backslashes, and `{:?}` of a list of numbers is a list in JSON.
fn answer<B: AutodiffBackend>(name: &str, runner: &mut Runner<B>, request: &str) -> String {
    let words: Vec<&str> = request.split_whitespace().collect();
    let answer = match *words {
        ["describe"] => {
            let of = |kind: &str| DISTRIBUTIONS.map(|d| format!("{kind} {}", d.name));
            let workloads = [of("update"), of("step")].concat();
            let versions = format!(r#"{{"burn": "{}"}}"#, work::BURN);
            return format!(r#"{{"name": "{name}", "versions": {versions}, "workloads": {workloads:?}}}"#);
        }
        ["check"] => return format!(r#"{{"faults": {:?}}}"#, check::faults::<B>()),
        [kind, distribution, count] => match count.parse() {
            Ok(count) => runner.times(kind, distribution, count),
            Err(_) => Err(format!("not a number: {count}")),
        },
        _ => Err(format!("unknown request: {}", words.join(" "))),
    };
    match answer {
        Ok(times) => format!(r#"{{"ms": {times:?}}}"#),
        Err(error) => format!(r#"{{"error": {error:?}}}"#),
    }
}
