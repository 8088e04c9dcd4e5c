//! Runs the programs of the board under QEMU, or a browser's in Node: their lines must be this machine's, their images hold no panic and no
//! f64, and their sizes be those that a table tracks.
//!
//! ```text
//! firmware-check m4f|m0|wasm PROGRAMS [--only PROGRAM] [--sizes TABLE COMPILER] [--record]
//! firmware-check here [--only PROGRAM]
//! ```
//!
//! `here` does the same jobs on this machine alone, in all ways of working, for builds for other processors than the usual one: another
//! machine's Linux, too.
//!
//! `m4f` is a Cortex-M4F, `m0` a machine without an FPU, `wasm` WebAssembly in Node. `PROGRAMS` is the folder where Cargo put them. `--sizes` also checks the
//! images, which takes a build without panics, and compares the table if it was made by the same compiler. `--record` writes
//! the table, and what the large network computes here, instead of comparing them.
//!
//! Code 0 if all is equal, 1 if something differs, 2 if it cannot be run.

mod device;
mod expected;
mod image;
mod journals;
mod parallel;
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
    /// Which machine, and where its programs are; none is this machine alone.
    other: Option<(Machine, PathBuf)>,
    /// The one program to look at, if it is not all.
    only: Option<Program>,
    /// The table, and which compiler made the programs.
    sizes: Option<(PathBuf, String)>,
    record: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = parse(&arguments).map_err(Trouble::Broken);
    conclude(result.and_then(|request| match &request.other {
        Some((machine, programs)) => check(&request, *machine, programs),
        None => here(&request),
    }))
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
    const USAGE: &str = "usage: firmware-check m4f|m0|wasm PROGRAMS [--only PROGRAM] [--sizes TABLE COMPILER] [--record], or \
                         firmware-check here [--only PROGRAM]";
    let (other, rest) = match arguments {
        [machine, rest @ ..] if machine == "here" => (None, rest),
        [machine, programs, rest @ ..] => {
            let machine = Machine::named(machine).ok_or_else(|| format!("machine {machine}? {USAGE}"))?;
            (Some((machine, PathBuf::from(programs))), rest)
        }
        _ => return Err(USAGE.into()),
    };
    let (mut only, mut sizes, mut record, mut rest) = (None, None, false, rest.iter());
    while let Some(flag) = rest.next() {
        match (flag.as_str(), rest.as_slice()) {
            ("--only", [name, ..]) => {
                let named = Program::ALL.into_iter().find(|program| program.name() == name);
                only = Some(named.ok_or_else(|| format!("program {name}? {USAGE}"))?);
                rest.next();
            }
            ("--sizes", [table, compiler, ..]) if other.is_some() => {
                sizes = Some((table.into(), compiler.clone()));
                rest.nth(1);
            }
            ("--record", _) if other.is_some() => record = true,
            _ => return Err(format!("{flag}? {USAGE}")),
        }
    }
    if only.is_some() && sizes.is_some() {
        return Err(format!("a table is of all programs: {USAGE}"));
    }
    Ok(Request { other, only, sizes, record })
}

impl Request {
    /// The programs that were asked for.
    fn programs(&self) -> impl Iterator<Item = Program> {
        Program::ALL.into_iter().filter(|program| self.only.is_none_or(|only| only == *program))
    }
}

fn check(request: &Request, machine: Machine, programs: &Path) -> Checked<()> {
    let journals = journals::all()?;
    let folder = programs.join("journals");
    journals::store(&journals, &folder)?;
    let programs: Vec<_> = request
        .programs()
        .filter(|program| program.runs_on(machine))
        .map(|program| (program, machine.file(programs, program)))
        .collect();
    let runs: Vec<_> = programs
        .iter()
        .flat_map(|(program, path)| {
            program.journals(&journals).into_iter().map(move |journal| (*program, path, journal))
        })
        .collect();
    let said = parallel::each(&runs, |&(program, path, journal)| {
        let name = journal.map(|journal| &*journal.name);
        let said = device::run(machine, program, path, &folder, name)?;
        let want = program.lines(journal)?;
        compare(path, &want, &said.lines)?;
        if said.succeeded == journal.is_none_or(|journal| journal.whole) {
            return Ok((program, said));
        }
        let ends = if said.succeeded { "without a failure" } else { "with a failure" };
        let of = name.map_or(String::new(), |name| format!(" of {name}"));
        Err(Trouble::Differs(format!("{}{of}: ends {ends}", path.display())))
    })?;
    said.iter().flat_map(|(_, said)| &said.lines).for_each(|line| println!("{line}"));
    if let Some((_, large)) =
        said.iter().find(|(program, _)| (*program, machine) == (Program::Large, Machine::M4f))
    {
        expected::pinned(&large.lines, request.record)?;
    }
    let mut rows = Vec::new();
    for (program, path) in programs.iter().filter(|_| request.sizes.is_some()) {
        let runs: Vec<_> = said.iter().filter(|(own, _)| own == program).map(|(_, said)| said).collect();
        rows.push(sizes::Row::of(*program, &image::read(path)?, &runs)?);
    }
    match &request.sizes {
        Some((table, compiler)) => sizes::compare(machine, &rows, table, compiler, request.record),
        None => Ok(()),
    }
}

/// All jobs on this machine, as a host and as a board does them. The jobs compare with the fixtures; here their lines are compared with one another.
fn here(request: &Request) -> Checked<()> {
    let jobs: Vec<_> = request.programs().filter(|program| program.has_lines()).collect();
    let journals = journals::all()?;
    let runs: Vec<_> = jobs
        .iter()
        .flat_map(|program| program.journals(&journals).into_iter().map(move |journal| (*program, journal)))
        .collect();
    parallel::each(&runs, |&(program, journal)| {
        let (wide, small) = (program.lines(journal)?, program.lines_of_a_board(journal)?);
        compare(Path::new(program.name()), &wide, &small)?;
        if program == Program::Large { expected::pinned(&wide, false) } else { Ok(()) }
    })?;
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
