//! Every executor passes the core's suite, bit for bit.

use libtest_mimic::{Failed, Trial};
use random_bases::vector::Level;
use random_bases_core::conformance::{MEMORY, run};
use random_bases_core::numerics::Array;
use random_bases_core::step::{Executor, Serial};
use random_bases_tests::{THREADS, able, conclude, threads, trial};

fn main() {
    let mut trials = vec![serial::<1>(), serial::<2>(), serial::<4>(), serial::<8>(), serial::<16>()];
    for level in Level::ALL {
        for count in THREADS {
            let name = format!("threads::{level}::{count}");
            trials.push(trial(&name, able(level), move || passes(&mut threads(count, level))));
        }
    }
    conclude(trials);
}

fn serial<const W: usize>() -> Trial {
    Trial::test(format!("serial::array_{W}"), || passes(&mut Serial::<Array<W>>::new()))
}

fn passes(executor: &mut impl Executor) -> Result<(), Failed> {
    let report = run(executor, &mut vec![0.0; MEMORY])?;
    // The suite must not have become empty.
    if report.comparisons < 2_000 {
        return Err(format!("only {} comparisons", report.comparisons).into());
    }
    Ok(())
}
