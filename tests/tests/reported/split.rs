//! Which images are held back for validation, as the journal's head says.

use random_bases_core::data::validation_start;

use super::again::{Report, head};
use super::support::Place;

const LINE: &str = "--preset small -d 3 --train-images 200 --test-images 40 --max-steps 1";

#[test]
fn validation_begins_where_it_is_told() {
    for offset in [0, 7, 160] {
        let report = Report::of(&Place::new(), &format!("{LINE} --validation-offset {offset}"));
        let data = head(&report.journal).data;
        assert_eq!((data.validation_start, data.validation, data.images), (offset, 40, 200));
    }
}

#[test]
fn validation_begins_where_the_seed_says() {
    let mut starts = Vec::new();
    for (seed, size) in [(1, 40), (2, 40), (99, 40), (3, 11)] {
        let flags = format!("--seed {seed} --validation-size {size} --validation-offset random");
        let report = Report::of(&Place::new(), &format!("{LINE} {flags}"));
        let data = head(&report.journal).data;
        assert_eq!((data.validation_start, data.validation), (validation_start(seed, 200, size), size));
        starts.push(data.validation_start);
    }
    assert!(starts.windows(2).all(|pair| pair[0] != pair[1]), "{starts:?}");
    // Random is also what happens without the flag.
    let report = Report::of(&Place::new(), &format!("{LINE} --seed 2"));
    assert_eq!(head(&report.journal).data.validation_start, starts[1]);
}
