//! What `verify` compares: everything that it can compute, and nothing less.

use random_bases::executor::Threads;
use random_bases::records::RecordFile;
use random_bases::records::verify::{Options, Verdict, verify};
use random_bases::run_spec::RunSpec;
use random_bases::settings::Strategy;
use random_bases::training::begin_replay;
use random_bases::vector::Level;
use random_bases_core::data::synthetic::Part;
use random_bases_core::numerics::digest;
use random_bases_core::record::{Floats, Frames, Record, Step};
use random_bases_tests::threads;

use super::again::{Set, head, steps};
use super::support::{Place, edited, encoded, encoded_with, values};

/// A journal of three steps on images from the folder `files`, and its bytes.
fn on_files() -> (Place, Vec<u8>) {
    let place = Place::new();
    Set::drawn::<28>(Part::Train, 120).write(&place, "files", "train");
    Set::drawn::<28>(Part::Test, 20).write(&place, "files", "t10k");
    let flags = "--preset fc,mnist --data-dir files -d 9 --batch-size 16 --max-steps 3";
    place.run(&format!("train {flags} --progress never --output run")).ok();
    let bytes = place.read("run/journal.rbases");
    (place, bytes)
}

/// `bytes` with each step replaced by what `edit` makes of it and its coordinates; checksums fit.
fn with_steps(bytes: &[u8], mut edit: impl FnMut(&mut Step<'_>, &mut Vec<f32>)) -> Vec<u8> {
    edited(bytes, |record| match *record {
        Record::Step(mut step) => {
            let mut coordinates = values(record);
            edit(&mut step, &mut coordinates);
            encoded(&Record::Step(Step { coordinates: Floats::from(&coordinates[..]), ..step }))
        }
        _ => encoded(record),
    })
}

fn flip(x: &mut f32, bit: u32) {
    *x = f32::from_bits(x.to_bits() ^ (1 << bit));
}

/// Without the images there is the replay, and it has to be made: nothing else looks at the steps.
///
/// The bit is not a coordinate's lowest. That one can vanish when the coordinate is divided by the norm, or when the
/// update is added to weights that are much larger; then the changed coordinates do give the recorded weights.
#[test]
fn a_changed_step_is_found_without_the_images() {
    let (place, bytes) = on_files();
    let output = place.run("verify run/journal.rbases").ok();
    assert!(output.contains("0 equal, 1 only replayed"), "{output}");
    for at in 0..3 {
        let coordinates = [0, 4, 8].map(|i| {
            with_steps(&bytes, |step, coordinates| {
                if step.step == at {
                    flip(&mut coordinates[i], 12);
                }
            })
        });
        let digest = with_steps(&bytes, |step, _| step.digest ^= u64::from(step.step == at));
        let rate = with_steps(&bytes, |step, _| {
            if step.step == at {
                step.learning_rate *= 1.25;
            }
        });
        for file in coordinates.into_iter().chain([digest, rate]) {
            assert_ne!(file, bytes);
            place.write("changed.rbases", file);
            let place_of_difference = format!("replay of step {at}: digest of the weights");
            place.run("verify changed.rbases").fails_with(6, &["changed.rbases", &place_of_difference]);
        }
    }
}

/// A journal with other coordinates, and the digests that belong to them.
fn forged(bytes: &[u8]) -> Vec<u8> {
    let spec = RunSpec::from_record(&head(bytes)).unwrap();
    let mut replay = begin_replay(&spec, threads(1, Level::Portable)).unwrap();
    with_steps(bytes, |step, coordinates| {
        if step.step == 1 {
            coordinates[2] *= 1.5;
        }
        replay.step(step.learning_rate.into(), coordinates, &[]);
        step.digest = digest(replay.weights());
    })
}

/// A journal that is consistent in itself is still not that of a training on these images.
#[test]
fn a_consistent_forgery_does_not_pass_for_a_training() {
    let (place, bytes) = on_files();
    place.write("forged.rbases", forged(&bytes));
    // A replay cannot tell. It shows that the forgery is consistent.
    place.run("replay forged.rbases").ok();
    let output = place.run("verify forged.rbases").ok();
    assert!(output.contains("0 equal, 1 only replayed"), "{output}");
    place
        .run("verify forged.rbases --data-dir files")
        .fails_with(6, &["forged.rbases: step 1: coordinates[2]"]);

    let place = Place::new();
    for method in ["rbd", "fpd"] {
        let line = "record run --preset small --train-images 200 --test-images 40 -d 12 --steps 4 --output";
        place.run(&format!("{line} {method}.rbases --method {method}")).ok();
        let bytes = place.read(&format!("{method}.rbases"));
        place.write("forged.rbases", forged(&bytes));
        place.run("replay forged.rbases").ok();
        place.run("verify forged.rbases").fails_with(6, &["step 1: coordinates[2]"]);
    }
}

/// With the images a run is both trained again and replayed: the number of values compared tells.
#[test]
fn every_value_is_compared() {
    let (place, bytes) = on_files();
    let spec = RunSpec::from_record(&head(&bytes)).unwrap();
    let (count, d) = (steps(&bytes).len() as u64, u64::from(spec.dimensions));
    assert_eq!((count, d), (3, 9));
    let file = RecordFile::open(&place.path("run/journal.rbases")).unwrap();
    let folder = place.path("files");
    let verdict = |data_dir| {
        let options = Options { strategy: Strategy::Auto, data_dir };
        verify(&file, options, || Ok(Threads::new(2, None).unwrap())).unwrap()
    };
    // Training: loss, right answers, whether it followed the gradient, coordinates and digest of each step. Replay: its digest.
    match verdict(Some(&folder)) {
        Verdict::Equal { steps, compared, .. } => assert_eq!((steps, compared), (3, 3 * (3 + d + 1 + 1))),
        other => panic!("{other:?}"),
    }
    match verdict(None) {
        Verdict::Replayed { steps, compared } => assert_eq!((steps, compared), (3, 3)),
        other => panic!("{other:?}"),
    }
}

/// SGD is not replayed: what training again finds is all there is to find.
#[test]
fn a_changed_record_of_sgd_is_found() {
    let place = Place::new();
    let line = "record run --preset small,sgd --train-images 200 --test-images 40 --steps 4";
    place.run(&format!("{line} --output sound.rbases")).ok();
    let bytes = place.read("sound.rbases");
    assert!(place.run("verify sound.rbases").ok().contains("4 steps trained again; "));
    let fails = |file: Vec<u8>, what: &str| {
        assert_ne!(file, bytes, "{what}");
        place.write("changed.rbases", file);
        place.run("verify changed.rbases").fails_with(6, &["changed.rbases", what]);
    };
    for at in 0..4 {
        let loss = with_steps(&bytes, |step, _| {
            if step.step == at {
                flip(&mut step.loss, 0);
            }
        });
        fails(loss, &format!("step {at}: loss[0]"));
        let digest = with_steps(&bytes, |step, _| step.digest ^= u64::from(step.step == at) << 40);
        fails(digest, &format!("step {at}: digest of the weights"));
    }
    let mut tensors = 0;
    for frame in Frames::new(&bytes).unwrap() {
        let Record::Tensor(changed) = frame.unwrap().record else { continue };
        tensors += 1;
        for index in [0, changed.values.len() / 2, changed.values.len() - 1] {
            let file = edited(&bytes, |record| match record {
                Record::Tensor(tensor) if *tensor == changed => {
                    let mut values = values(record);
                    flip(&mut values[index], 0);
                    encoded_with(record, &values)
                }
                _ => encoded(record),
            });
            let index = index * changed.stride as usize;
            fails(file, &format!("{}[{index}]", changed.name));
        }
    }
    assert!(tensors > 0, "the record holds no tensor");
}
