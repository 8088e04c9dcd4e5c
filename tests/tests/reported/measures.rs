//! Losses and accuracies of training, validation and test, computed again.

use random_bases::run_spec::RunSpec;
use random_bases::training::begin_replay;
use random_bases::vector::Level;
use random_bases_core::data::synthetic::Part;
use random_bases_core::data::{View, shuffle, training_index};
use random_bases_core::nn::{Fc28, Network, Small8};
use random_bases_core::numerics::digest;
use random_bases_tests::threads;

use super::again::{Measures, Report, Set, check_loss, check_share, head, steps};
use super::support::Place;

/// Compares every reported measure of a run.
fn check<N: Network>(report: &Report, train: &Set, test: &Set) {
    let run = head(&report.journal);
    let (start, validation) = (run.data.validation_start, run.data.validation);
    let weights = report.weights::<N>();
    let places = start as usize..(start + validation) as usize;
    let on_validation = Measures::of::<N>(&weights, train, places);
    let on_test = Measures::of::<N>(&weights, test, 0..test.labels.len());

    // Or a wrong set of images, or a wrong rank, could pass.
    let elsewhere = [0..validation as usize, 0..test.labels.len()];
    let elsewhere = elsewhere.map(|places| Measures::of::<N>(&weights, train, places));
    for (measures, other) in
        [(on_validation, elsewhere[0]), (on_test, elsewhere[1]), (on_validation, on_test)]
    {
        assert_ne!(
            (measures.loss, measures.right),
            (other.loss, other.right),
            "the images make no difference"
        );
        assert!(0 < measures.right && measures.right < measures.top_3, "{measures:?}");
        assert!(measures.top_3 < measures.count, "{measures:?}");
    }

    let last = report.epochs.last().unwrap();
    on_validation.check(&report.summary["validation"], "validation, summary");
    on_validation.check(&last["validation"], "validation, last epoch");
    on_test.check(&report.summary["test"], "test, summary");
    for digests in [&report.summary, last] {
        assert_eq!(digests["weights_digest"], format!("{:016x}", digest(&weights)));
    }
    check_epochs::<N>(report, train);
}

/// Compares the epochs' training losses and accuracies, and their validations, with a replay of the journal.
fn check_epochs<N: Network>(report: &Report, train: &Set) {
    let (run, steps) = (head(&report.journal), steps(&report.journal));
    let (start, validation) = (run.data.validation_start, run.data.validation);
    let mut order = vec![0; (run.data.images - validation) as usize];
    let batch = run.batch as usize;
    let per_epoch = order.len() / batch;
    assert_eq!(report.epochs.len(), steps.len().div_ceil(per_epoch));
    let mut replay = begin_replay(&RunSpec::from_record(&run).unwrap(), threads(2, Level::detect())).unwrap();
    let mut done = 0;
    for (epoch, (steps, reported)) in steps.chunks(per_epoch).zip(&report.epochs).enumerate() {
        let about = format!("epoch {}", epoch + 1);
        shuffle(run.seed, epoch as u32, &mut order);
        let (mut loss, mut right) = (0.0, 0);
        for (step, images) in steps.iter().zip(order.chunks_exact(batch)) {
            // Before the step, on the images that it is about to see.
            let views = images.iter().map(|&i| {
                let index = training_index(i, start, validation);
                let view = if run.data.augmentation {
                    View::draw(N::SHAPE, run.seed, epoch as u32, index)
                } else {
                    View::plain(N::SHAPE)
                };
                (index as usize, view)
            });
            let measures = Measures::of_views::<N>(replay.weights(), train, views);
            assert!((measures.loss - f64::from(step.loss)).abs() < 1e-5, "{about}: {measures:?}, {step:?}");
            right += measures.right;
            loss += f64::from(step.loss);
            replay.step(step.learning_rate.into(), &step.coordinates.iter().collect::<Vec<_>>(), &[]);
        }
        done += steps.len();
        assert_eq!((&reported["epoch"], &reported["steps"]), (&(epoch + 1).into(), &done.into()), "{about}");
        check_loss(loss / steps.len() as f64, reported, &about);
        let count = (steps.len() * batch) as u32;
        check_share(right, count, &reported["accuracy"], &format!("{about}, training accuracy"));
        let places = start as usize..(start + validation) as usize;
        let after = Measures::of::<N>(replay.weights(), train, places);
        after.check(&reported["validation"], &format!("{about}, validation"));
        assert_eq!(reported["weights_digest"], format!("{:016x}", digest(replay.weights())), "{about}");
    }
}

/// Drawn images; three epochs, the last of which is cut short.
#[test]
fn measures_on_drawn_images() {
    let (train, test) = (Set::drawn::<8>(Part::Train, 260), Set::drawn::<8>(Part::Test, 53));
    for method in ["rbd", "fpd --augmentation false"] {
        let line = format!(
            "--preset small --method {method} -d 60 --train-images 260 --test-images 53 --validation-size 41 \
             --validation-offset 7 --batch-size 13 --epochs 3 --max-steps 38 --evaluation-batch-size 17"
        );
        check::<Small8>(&Report::of(&Place::new(), &line), &train, &test);
    }
}

/// Images from files, of which the last ones are not used; one evaluation batch.
#[test]
fn measures_on_images_from_files() {
    let (train, test) = (Set::drawn::<28>(Part::Train, 330), Set::drawn::<28>(Part::Test, 80));
    let place = Place::new();
    train.write(&place, "data", "train");
    test.write(&place, "data", "t10k");
    let line = "--preset fc,mnist --data-dir data -d 50 --train-images 300 --test-images 64 --batch-size 16 \
                --validation-offset 7 --epochs 2 --seed 5";
    let test = Set { pixels: test.pixels[..64 * 784].to_vec(), labels: test.labels[..64].to_vec() };
    check::<Fc28>(&Report::of(&place, line), &train, &test);
}

/// SGD has no coordinates to replay; its losses and its evaluations can be had all the same.
#[test]
fn measures_of_sgd() {
    let (train, test) = (Set::drawn::<8>(Part::Train, 260), Set::drawn::<8>(Part::Test, 53));
    let line = "--preset small,sgd --train-images 260 --test-images 53 --validation-size 41 \
                --validation-offset 200 --batch-size 13 --epochs 2";
    let report = Report::of(&Place::new(), line);
    let weights = report.weights::<Small8>();
    let on_validation = Measures::of::<Small8>(&weights, &train, 200..241);
    on_validation.check(&report.summary["validation"], "validation");
    Measures::of::<Small8>(&weights, &test, 0..53).check(&report.summary["test"], "test");
    assert!(on_validation.right < on_validation.top_3, "{on_validation:?}");
    let steps = steps(&report.journal);
    assert_eq!((steps.len(), report.epochs.len()), (2 * 16, 2));
    for (steps, reported) in steps.chunks(16).zip(&report.epochs) {
        let sum: f64 = steps.iter().fold(0.0, |sum, step| sum + f64::from(step.loss));
        check_loss(sum / 16.0, reported, "epoch");
    }
}

/// What a step would communicate: d numbers, or, without a subspace, every weight.
#[test]
fn compression_is_weights_by_coordinates() {
    let line = "--train-images 100 --test-images 20 --max-steps 1 --preset small";
    for (method, coordinates, compression) in [
        ("--method rbd -d 12", 12, 2410.0 / 12.0),
        ("--method fpd -d 5", 5, 482.0),
        ("--method sgd", 2410, 1.0),
    ] {
        let summary = Report::of(&Place::new(), &format!("{line} {method}")).summary;
        assert_eq!(summary["weights"], 2410, "{method}");
        assert_eq!(summary["coordinates_per_step"], coordinates, "{method}");
        let ratio = summary["compression_ratio"].as_f64().unwrap();
        assert!((ratio - compression).abs() < 1e-9, "{method}: {ratio}");
    }
}
