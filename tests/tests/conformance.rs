//! Every executor passes the core's suite, bit for bit.

use libtest_mimic::{Failed, Trial};
use random_bases::vector::Level;
use random_bases_core::conformance::{MEMORY, Part};
use random_bases_core::numerics::Array;
use random_bases_core::step::{Executor, Serial};
use random_bases_tests::{THREADS, able, conclude, threads, trial};

fn main() {
    let mut trials = vec![];
    for part in Part::ALL {
        trials.extend([
            serial::<1>(part),
            serial::<2>(part),
            serial::<4>(part),
            serial::<8>(part),
            serial::<16>(part),
        ]);
        for level in Level::ALL {
            for count in THREADS {
                let name = format!("{}::threads::{level}::{count}", part.name());
                trials.push(trial(&name, able(level), move || passes(part, &mut threads(count, level))));
            }
        }
    }
    conclude(trials);
}

fn serial<const W: usize>(part: Part) -> Trial {
    let name = format!("{}::serial::array_{W}", part.name());
    Trial::test(name, move || passes(part, &mut Serial::<Array<W>>::new()))
}

fn passes(part: Part, executor: &mut impl Executor) -> Result<(), Failed> {
    let report = part.run(executor, &mut vec![0.0; MEMORY])?;
    // The suite must not have become empty.
    let least = match part {
        Part::Subspaces => 10_000,
        Part::Networks => 500,
        Part::Images => 50,
        Part::Methods => 1_000,
        Part::Options => 2_000,
    };
    if report.comparisons < least {
        return Err(format!("only {} comparisons", report.comparisons).into());
    }
    Ok(())
}
