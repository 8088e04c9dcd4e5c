//! The serial executor passes the core's suite with arrays of any width, bit for bit. A program of its own, apart from `conformance`: other machines
//! build that one alone.

use libtest_mimic::Trial;
use random_bases_core::conformance::Part;
use random_bases_core::numerics::Array;
use random_bases_core::step::Serial;
use random_bases_tests::{conclude, passes};

fn main() {
    let parts = Part::ALL.into_iter();
    conclude(
        parts
            .flat_map(|part| {
                [
                    serial::<1>(part),
                    serial::<2>(part),
                    serial::<4>(part),
                    serial::<8>(part),
                    serial::<16>(part),
                ]
            })
            .collect(),
    );
}

fn serial<const W: usize>(part: Part) -> Trial {
    let name = format!("{}::serial::array_{W}", part.name());
    Trial::test(name, move || passes(part, &mut Serial::<Array<W>>::new()))
}
