//! What the synthetic digits are for: the methods rank on them as they do on MNIST.

use random_bases_core::record::Step;

use super::again::{Report, steps};
use super::support::Place;

/// One epoch of 8,000 digits as they are, with everything else at its default: SGD above RBD above FPD, by far more than the 2,000
/// images of each evaluation leave to chance (a standard deviation of about 0.011).
#[test]
fn sgd_is_above_rbd_is_above_fpd() {
    let line =
        "--preset fc,synthetic --train-images 10000 --test-images 2000 --epochs 1 --augmentation false";
    let reports = ["sgd", "rbd", "fpd"].map(|m| Report::of(&Place::new(), &format!("{line} --method {m}")));
    for part in ["validation", "test"] {
        let number = |name| reports.each_ref().map(|report| report.summary[part][name].as_f64().unwrap());
        let [sgd, rbd, fpd] = number("accuracy");
        println!("{part}: sgd {sgd}, rbd {rbd}, fpd {fpd}");
        // Chance is 0.1.
        assert!(fpd > 0.2, "{part}: fpd {fpd}");
        assert!(rbd > fpd + 0.06, "{part}: rbd {rbd}, fpd {fpd}");
        assert!(sgd > rbd + 0.3 && sgd > 0.8, "{part}: sgd {sgd}, rbd {rbd}");
        let [sgd, rbd, fpd] = number("loss");
        assert!(sgd + 1.0 < rbd && rbd + 0.05 < fpd, "{part}: losses {sgd}, {rbd}, {fpd}");
    }
    // The defaults: 250 steps of 32 images, at the published rates.
    for (report, base) in reports.iter().zip([1.0 / 256.0, 1.0 / 32.0, 1.0 / 32.0]) {
        let steps = steps(&report.journal);
        assert_eq!(steps.len(), 250);
        assert!(steps.iter().all(|step: &Step<'_>| step.learning_rate == base * 32.0));
    }
}
