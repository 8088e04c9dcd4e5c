//! The table of sizes.

use std::fmt::Write as _;
use std::path::Path;

use crate::device::{Machine, Said};
use crate::expected::Program;
use crate::image::Image;
use crate::{Checked, Trouble};

/// RAM that all programs have to do with, the stack included.
const RAM: u64 = 128 << 10;

/// One program's sizes, in bytes.
pub struct Row {
    program: Program,
    flash: u64,
    records: u64,
    variables: u64,
    stack: u64,
    checks: u64,
    /// Instructions of a call of exp, and of ln.
    calls: Option<[u64; 2]>,
}

impl Row {
    /// Of a program that ran, once or more. The example does not say how deep its stack goes; all others have to.
    pub fn of(program: Program, image: &Image, runs: &[&Said]) -> Checked<Self> {
        let depths = runs.iter().map(|said| match said.fact("stack") {
            Some(&[stack]) => Some(stack),
            _ => None,
        });
        let stack = match depths.collect::<Option<Vec<_>>>().and_then(|depths| depths.into_iter().max()) {
            Some(stack) => stack,
            None if program == Program::Example => 0,
            None => {
                return Err(Trouble::Differs(format!(
                    "{} does not say how deep its stack went",
                    program.name()
                )));
            }
        };
        // A stack that went on into the variables has used all that is left, so the sum is all of RAM.
        let ram = image.variables + stack;
        if ram >= RAM {
            let what = format!("{} takes {ram} bytes of RAM of {RAM}", program.name());
            return Err(Trouble::Differs(what));
        }
        let calls = match runs.first().and_then(|said| said.fact("ticks")) {
            Some(&[exp, ln]) => Some([exp, ln].map(per_call)),
            _ => None,
        };
        Ok(Self {
            program,
            flash: image.flash,
            records: program.records().iter().map(|(_, bytes)| bytes.len() as u64).sum(),
            variables: image.variables,
            stack,
            checks: image.checks,
            calls,
        })
    }
}

/// Instructions of a call, rounded, from ticks of a thousand. QEMU lets each instruction take 2^6 ns, and the board's clock
/// ticks every 40.
const fn per_call(ticks: u64) -> u64 {
    (ticks * 40 / 64 + 500) / 1000
}

fn table(machine: Machine, rows: &[Row], compiler: &str) -> String {
    let mut text = format!(
        "# Sizes on {}\n\n\
         In bytes. Written by `.ci/cortex-m --record`, compared by `.ci/cortex-m`. Compiler: {compiler}.\n\n\
         | program | flash | of it records | variables | deepest stack | RAM in all | checks left |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        machine.title()
    );
    for row in rows.iter().filter(|row| row.program != Program::Example) {
        let Row { program, flash, records, variables, stack, checks, .. } = row;
        let ram = variables + stack;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {flash} | {records} | {variables} | {stack} | {ram} | {checks} |",
            program.name()
        );
    }
    text += "\n*Checks left* are places where a failed check of an index or a length stops the processor with an undefined \
             instruction.\nNo image has code that panics, allocates or computes with f64: its symbols are looked through.\n\n\
             Instructions of a call, as QEMU counts them, the loop around it included; what they cost in flash is the difference \
             above:\n\n| | `exp` | `ln` |\n| --- | --- | --- |\n";
    for row in rows {
        if let Some([exp, ln]) = row.calls {
            let _ = writeln!(text, "| `{}` | {exp} | {ln} |", row.program.name());
        }
    }
    text
}

/// The last column of a program's line.
fn recorded_checks(table: &str, program: Program) -> Option<u64> {
    let start = format!("| `{}` |", program.name());
    let line = table.lines().find(|line| line.starts_with(&start))?;
    line.trim_end_matches([' ', '|']).rsplit('|').next()?.trim().parse().ok()
}

/// Shows the table, and where it differs from the file; or writes it. More checks than there were are an error. One that another
/// compiler made is not compared.
pub fn compare(machine: Machine, rows: &[Row], path: &Path, compiler: &str, record: bool) -> Checked<()> {
    let text = table(machine, rows, compiler);
    let broken = |error| Trouble::Broken(format!("{}: {error}", path.display()));
    if record {
        return std::fs::write(path, text).map_err(broken);
    }
    let recorded = std::fs::read_to_string(path).map_err(broken)?;
    print!("{text}");
    if recorded == text {
        return Ok(());
    }
    if !recorded.contains(&format!("Compiler: {compiler}.")) {
        println!("({} is of another compiler: not compared)", path.display());
        return Ok(());
    }
    for row in rows {
        if let Some(checks) = recorded_checks(&recorded, row.program)
            && row.checks > checks
        {
            let (name, now, path) = (row.program.name(), row.checks, path.display());
            let what = format!("{name} has {now} checks that stop the processor, and {path} has {checks}");
            return Err(Trouble::Differs(what));
        }
    }
    let differs = recorded.lines().zip(text.lines()).find(|(a, b)| a != b);
    let (want, got) = differs.unwrap_or(("its length", ""));
    // No bit is at stake: what would not fit has failed before.
    println!(
        "sizes have changed since {} was written (.ci/cortex-m --record):\n  recorded: {want}\n  now:      {got}",
        path.display()
    );
    Ok(())
}
