//! Runs the programs of the board under QEMU: their lines must be this machine's, their images hold no panic and no f64, and their
//! sizes be those that a table tracks.
//!
//! ```text
//! firmware-check m4f|m0 PROGRAMS [--sizes TABLE COMPILER] [--record]
//! firmware-check here
//! ```
//!
//! `here` does the same jobs on this machine alone, in all ways of working, for builds for other processors than the usual one.
//!
//! `m4f` is a Cortex-M4F, `m0` a machine without an FPU. `PROGRAMS` is the folder where Cargo put them. `--sizes` also checks the
//! images, which takes a build without panics, and compares the table if it was made by the same compiler. `--record` writes
//! the table, and what the large network computes here, instead of comparing them.
//!
//! Code 0 if all is equal, 1 if something differs, 2 if it cannot be run.

mod device;
mod expected;
mod image;
mod sizes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use device::Machine;
use expected::Program;

/// What can go wrong.
#[derive(Debug)]
pub enum Trouble {
    /// Other bits, lines, symbols or sizes than there should be.
    Differs(String),
    /// It cannot be run.
    Broken(String),
}

/// A result of this program.
pub type Checked<T> = Result<T, Trouble>;

/// What was asked for.
struct Request {
    machine: Machine,
    programs: PathBuf,
    /// The table, and which compiler made the programs.
    sizes: Option<(PathBuf, String)>,
    record: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["here"] {
        return conclude(here());
    }
    let result = parse(&arguments).map_err(Trouble::Broken).and_then(|request| check(&request));
    conclude(result)
}

fn conclude(result: Checked<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Differs(what)) => {
            eprintln!("differs: {what}");
            ExitCode::from(1)
        }
        Err(Trouble::Broken(why)) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Request, String> {
    const USAGE: &str =
        "usage: firmware-check m4f|m0 PROGRAMS [--sizes TABLE COMPILER] [--record], or firmware-check here";
    let [machine, programs, rest @ ..] = arguments else { return Err(USAGE.into()) };
    let machine = Machine::named(machine).ok_or_else(|| format!("machine {machine}? {USAGE}"))?;
    let (mut sizes, mut record, mut rest) = (None, false, rest.iter());
    while let Some(flag) = rest.next() {
        match (flag.as_str(), rest.as_slice()) {
            ("--sizes", [table, compiler, ..]) => {
                sizes = Some((table.into(), compiler.clone()));
                rest.nth(1);
            }
            ("--record", _) => record = true,
            _ => return Err(format!("{flag}? {USAGE}")),
        }
    }
    Ok(Request { machine, programs: programs.into(), sizes, record })
}

fn check(request: &Request) -> Checked<()> {
    let mut rows = Vec::new();
    for program in Program::ALL.into_iter().filter(|program| program.runs_on(request.machine)) {
        let path = request.programs.join(program.path());
        let said = device::run(request.machine, program, &path)?;
        let want = program.lines()?;
        compare(&path, &want, &said.lines)?;
        said.lines.iter().for_each(|line| println!("{line}"));
        if let (Program::Large, Machine::M4f) = (program, request.machine) {
            expected::pinned(&want, request.record)?;
        }
        if request.sizes.is_some() {
            rows.push(sizes::Row::of(program, &image::read(&path)?, &said)?);
        }
    }
    match &request.sizes {
        Some((table, compiler)) => sizes::compare(request.machine, &rows, table, compiler, request.record),
        None => Ok(()),
    }
}

/// All jobs on this machine, as a host and as a board does them. The jobs compare with the fixtures; here their lines are compared with one another.
fn here() -> Checked<()> {
    let jobs: Vec<_> = Program::ALL.into_iter().filter(|program| program.has_lines()).collect();
    for program in &jobs {
        let (wide, small) = (program.lines()?, program.lines_of_a_board()?);
        compare(Path::new(program.name()), &wide, &small)?;
        if *program == Program::Large {
            expected::pinned(&wide, false)?;
        }
    }
    println!("{} jobs equal", jobs.len());
    Ok(())
}

/// The first line that is not this machine's.
fn compare(path: &Path, want: &[String], got: &[String]) -> Checked<()> {
    for i in 0..want.len().max(got.len()) {
        let (want, got) = (want.get(i), got.get(i));
        if want != got {
            let none = String::from("nothing");
            let (want, got) = (want.unwrap_or(&none), got.unwrap_or(&none));
            return Err(Trouble::Differs(format!("{}:\n  here:  {want}\n  there: {got}", path.display())));
        }
    }
    Ok(())
}
