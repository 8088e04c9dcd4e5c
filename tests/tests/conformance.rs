//! Executors with threads pass the core's suite at every vector level, bit for bit.

use random_bases::vector::Level;
use random_bases_core::conformance::Part;
use random_bases_tests::{THREADS, able, conclude, passes, threads, trial};

fn main() {
    let mut trials = vec![];
    for part in Part::ALL {
        for level in Level::ALL {
            // Who runs a tile knows nothing of how it is computed: all numbers of threads at one level tell as much as at all of them.
            let counts = if level == Level::detect() { &THREADS[..] } else { &THREADS[..1] };
            for &count in counts {
                let name = format!("{}::threads::{level}::{count}", part.name());
                trials.push(trial(&name, able(level), move || passes(part, &mut threads(count, level))));
            }
        }
    }
    conclude(trials);
}
