//! Runs of the program, and their measures computed again with the core alone.

use random_bases::dataset::SYNTHETIC_SEED;
use random_bases_core::data::synthetic::{Part, digit};
use random_bases_core::data::{Images, View};
use random_bases_core::nn::{Layer, Network, forward, metrics, tensors};
use random_bases_core::numerics::{Array, Libm};
use random_bases_core::record::{Frames, Record, Run, Step};
use random_bases_core::step::Serial;
use safetensors::SafeTensors;
use serde_json::Value;

use super::support::Place;

/// Labelled images.
pub struct Set {
    pub pixels: Vec<u8>,
    pub labels: Vec<u8>,
}

impl Set {
    /// The first `count` synthetic digits of a part.
    pub fn drawn<const SIDE: usize>(part: Part, count: u32) -> Self {
        let mut pixels = vec![0; count as usize * SIDE * SIDE];
        let images = pixels.chunks_exact_mut(SIDE * SIDE).zip(0..);
        let labels = images.map(|(image, i)| digit::<SIDE>(SYNTHETIC_SEED, part, i, image)).collect();
        Self { pixels, labels }
    }

    /// Writes them as IDX files: `head` is `train` or `t10k`.
    pub fn write(&self, place: &Place, folder: &str, head: &str) {
        let count = self.labels.len() as u32;
        let idx = |words: &[u32], body: &[u8]| {
            let words = words.iter().flat_map(|word| word.to_be_bytes());
            words.chain(body.iter().copied()).collect::<Vec<u8>>()
        };
        place
            .write(&format!("{folder}/{head}-images-idx3-ubyte"), idx(&[0x803, count, 28, 28], &self.pixels));
        place.write(&format!("{folder}/{head}-labels-idx1-ubyte"), idx(&[0x801, count], &self.labels));
    }

    /// The core's view of them.
    fn images(&self) -> Images<'_> {
        let side = if self.pixels.len() == 64 * self.labels.len() { 8 } else { 28 };
        Images { shape: [side, side, 1], pixels: &self.pixels, labels: &self.labels }
    }
}

/// The measures of some images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// f64 mean of the images' losses, added in order.
    pub loss: f64,
    /// Images classified right.
    pub right: u32,
    /// Images with the label among the first three classes.
    pub top_3: u32,
    /// Images.
    pub count: u32,
}

impl Measures {
    /// Of the images of a set at these places, as they are: one image at a time, one lane.
    pub fn of<N: Network>(weights: &[f32], set: &Set, places: impl Iterator<Item = usize>) -> Self {
        Self::of_views::<N>(weights, set, places.map(|place| (place, View::plain(N::SHAPE))))
    }

    /// Of the images of a set at these places, seen so, in this order.
    pub fn of_views<N: Network>(
        weights: &[f32],
        set: &Set,
        places: impl Iterator<Item = (usize, View)>,
    ) -> Self {
        let mut executor = Serial::<Array<1>>::new();
        let mut input = vec![0.0; N::Layers::INPUT];
        let mut activations = vec![0.0; N::Layers::ACTIVATIONS];
        let mut measures = Self { loss: 0.0, right: 0, top_3: 0, count: 0 };
        for (place, view) in places {
            let label = set.images().write(place, view, &mut input);
            forward::<N, _>(&mut executor, weights, &input, 1, &mut activations);
            let logits = N::Layers::output(&activations, 1);
            let mut scratch = [0.0; 2];
            metrics::<Libm, _>(&mut executor, N::Layers::OUTPUT, logits, &[label], &mut scratch, |image| {
                measures.loss += f64::from(image.loss);
                measures.right += u32::from(image.rank == 0);
                measures.top_3 += u32::from(image.rank < 3);
                measures.count += 1;
            });
        }
        measures.loss /= f64::from(measures.count);
        measures
    }

    /// Compares with an object of `metrics.jsonl` or `summary.json`.
    #[track_caller]
    pub fn check(&self, reported: &Value, about: &str) {
        check_loss(self.loss, reported, about);
        check_share(self.right, self.count, &reported["accuracy"], &format!("{about}, accuracy"));
        check_share(self.top_3, self.count, &reported["top_3_accuracy"], &format!("{about}, top 3"));
    }
}

/// A loss: its bits, and the same as a number.
#[track_caller]
pub fn check_loss(want: f64, reported: &Value, about: &str) {
    assert_eq!(reported["loss_bits"], format!("{:016x}", want.to_bits()), "{about}: {want} in {reported}");
    check_number(want, &reported["loss"], &format!("{about}, loss"));
}

/// So many of so many images.
#[track_caller]
pub fn check_share(part: u32, count: u32, reported: &Value, about: &str) {
    check_number(f64::from(part) / f64::from(count), reported, about);
}

/// A number, but for the last bit: `serde_json` reads some one off.
#[track_caller]
fn check_number(want: f64, reported: &Value, about: &str) {
    let got = reported.as_f64().unwrap_or_else(|| panic!("{about}: no number: {reported}"));
    assert!((want - got).abs() <= 1e-12 * want.abs(), "{about}: {want} is reported as {got}");
}

/// The folder of a run, read.
pub struct Report {
    pub summary: Value,
    /// An object per epoch.
    pub epochs: Vec<Value>,
    pub journal: Vec<u8>,
    weights: Vec<u8>,
}

impl Report {
    /// Trains into the folder `run`, and reads what lies there then.
    pub fn of(place: &Place, line: &str) -> Self {
        place.run(&format!("train {line} --progress never --output run")).ok();
        let read = |text: &str| serde_json::from_str(text).unwrap();
        Self {
            summary: read(&place.text("run/summary.json")),
            epochs: place.text("run/metrics.jsonl").lines().map(read).collect(),
            journal: place.read("run/journal.rbases"),
            weights: place.read("run/weights.safetensors"),
        }
    }

    /// The final weights, in the order in which the network has them.
    pub fn weights<N: Network>(&self) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.weights).unwrap();
        let mut weights = vec![f32::NAN; N::PARAMS];
        for tensor in &tensors::<N>() {
            let data = file.tensor(&tensor.name).unwrap().data().chunks_exact(4);
            assert_eq!(data.len(), tensor.len, "{}", tensor.name);
            for (slot, bytes) in weights[tensor.start..].iter_mut().zip(data) {
                *slot = f32::from_le_bytes(bytes.try_into().unwrap());
            }
        }
        weights
    }
}

/// The head of a journal.
pub fn head(journal: &[u8]) -> Run<'_> {
    match Frames::new(journal).unwrap().next().unwrap().unwrap().record {
        Record::Run(run) => run,
        other => panic!("a journal begins with {other:?}"),
    }
}

/// The steps of a journal.
pub fn steps(journal: &[u8]) -> Vec<Step<'_>> {
    let records = Frames::new(journal).unwrap().map(|frame| frame.unwrap().record);
    let steps = records.filter_map(|record| match record {
        Record::Step(step) => Some(step),
        _ => None,
    });
    steps.collect()
}
