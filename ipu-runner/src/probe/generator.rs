//! The hardware's generator of random bits, and what makes floats of them.

use serde_json::json;

use super::experiment::{Laboratory, Layout};
use super::{Finding, Origin, Question, hexadecimal, words};

/// A worker's generator, xoroshiro128aox (Hanlon and Felix, arXiv 2203.04058).
#[derive(Clone, Copy, Debug)]
struct Generator {
    s0: u64,
    s1: u64,
}

impl Generator {
    /// From the registers PRNG_0_0, PRNG_0_1, PRNG_1_0 and PRNG_1_1.
    fn of([s00, s01, s10, s11]: [u32; 4]) -> Self {
        let join = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        Self { s0: join(s00, s01), s1: join(s10, s11) }
    }

    /// What writing to PRNG_SEED leaves in these registers.
    const fn seeded(seed: u32) -> [u32; 4] {
        let other = !seed;
        [seed, other, seed << 13 | other >> 19, other << 13 | seed >> 19]
    }

    const fn next(&mut self) -> u64 {
        let (sx, sa) = (self.s0 ^ self.s1, self.s0 & self.s1);
        self.s0 = self.s0.rotate_left(55) ^ sx ^ sx << 14;
        self.s1 = sx.rotate_left(36);
        sx ^ (sa.rotate_left(1) | sa.rotate_left(2))
    }
}

const fn halves(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

/// Question 4.
pub(super) const OUTPUTS: Question = Question {
    number: 4,
    text: "Is the generator of workers xoroshiro128aox, with registers and seeds as documented?",
    expected: "yes",
    meaning: "if so, hardware can draw the bits of directions, in a distribution of their own; nothing draws so today",
};

/// What a generator starts from: how it is said, the registers, and how many outputs are passed over.
fn starts() -> Vec<(String, [u32; 5], [u32; 4], u32)> {
    let state = |words: [u32; 4]| [0, words[0], words[1], words[2], words[3]];
    let mut starts = vec![("state 1, 2".into(), state([1, 0, 2, 0]), [1, 0, 2, 0], 0)];
    for seed in [0, 1, 42] {
        starts.push((format!("seed {seed}"), [1, seed, 0, 0, 0], Generator::seeded(seed), 0));
    }
    // What the vendor's setSeed leaves on a tile, for a seed of 1 and a modifier of 0.
    for (tile, worker) in [(0, 0), (0, 1), (1, 0)] {
        let words = [1, 0, (tile << 4 ^ 0xaaaa_aaa0) | worker, 0x5555_5555];
        starts.push((format!("tile {tile}, worker {worker}"), state(words), words, 15));
    }
    starts
}

/// The first four outputs.
fn first_four(words: [u32; 4], skipped: u32) -> [u64; 4] {
    let mut generator = Generator::of(words);
    (0..skipped).for_each(|_| {
        generator.next();
    });
    std::array::from_fn(|_| generator.next())
}

pub(super) fn outputs(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let starts = starts();
    let rows: Vec<_> = starts.iter().flat_map(|(_, row, ..)| *row).collect();
    let skipped: Vec<_> = starts.iter().map(|(.., skipped)| *skipped).collect();
    let sizes = [rows.len(), skipped.len()];
    let mut experiment = laboratory.load(4, "GeneratorOutputs", Layout::One, &sizes, &[8 * starts.len()])?;
    let (outputs, measured) = experiment.run(&[&rows, &skipped]).map_err(|fault| fault.to_string())?;
    let mut details = serde_json::Map::new();
    let mut wrong = Vec::new();
    for ((name, _, words, skipped), got) in starts.iter().zip(outputs[0].chunks_exact(8)) {
        let want: Vec<_> = first_four(*words, *skipped).into_iter().flat_map(halves).collect();
        if want != got {
            wrong.push(name.clone());
        }
        details.insert(name.clone(), json!({ "want": hexadecimal(&want), "got": hexadecimal(got) }));
    }
    let text = if wrong.is_empty() {
        format!("yes: four outputs each from {} starts", starts.len())
    } else {
        format!("no: other outputs from {}", wrong.join("; "))
    };
    let as_expected = Some(wrong.is_empty());
    Ok(Finding { text, as_expected, origin: Origin::assumed(measured), details: details.into() })
}

/// Question 5.
pub(super) const HALVES: Question = Question {
    number: 5,
    text: "Which half of an output is urand32, and does it take one step?",
    expected: "the low half, one step",
    meaning: "whoever draws 32 bits at a time needs to know; urand64 is safe either way",
};

/// States to draw from.
const STATES: usize = 8;

fn states() -> Vec<u32> {
    words(5).take(4 * STATES).collect()
}

fn generators(states: &[u32]) -> impl Iterator<Item = Generator> + '_ {
    states.as_chunks::<4>().0.iter().map(|words| Generator::of(*words))
}

/// How many outputs were taken before one that is found, of the first few.
fn steps_before(mut generator: Generator, found: u64) -> Option<usize> {
    (0..16).position(|_| generator.next() == found)
}

fn join(words: &[u32]) -> u64 {
    u64::from(words[1]) << 32 | u64::from(words[0])
}

/// What all agree on.
fn common<T: PartialEq>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|one| one.as_ref() == Some(&first)).then_some(first)
}

fn steps_in_words(steps: Option<usize>) -> String {
    match steps {
        Some(1) => "one step".into(),
        Some(steps) => format!("{steps} steps"),
        None => "no number of steps up to 15".into(),
    }
}

pub(super) fn halves_of_outputs(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let states = states();
    let mut experiment =
        laboratory.load(5, "GeneratorHalves", Layout::One, &[states.len()], &[3 * STATES])?;
    let (outputs, measured) = experiment.run(&[&states]).map_err(|fault| fault.to_string())?;
    let rows = || generators(&states).zip(outputs[0].chunks_exact(3));
    let half = common(rows().map(|(mut generator, got)| {
        let place = halves(generator.next()).iter().position(|half| *half == got[0])?;
        Some(["the low half", "the high half"][place])
    }));
    let steps = common(rows().map(|(generator, got)| steps_before(generator, join(&got[1..]))));
    let text = format!("{}, {}", half.unwrap_or("neither half of the first output"), steps_in_words(steps));
    let as_expected = Some(half == Some("the low half") && steps == Some(1));
    let details = json!({ "states": hexadecimal(&states), "outputs": hexadecimal(&outputs[0]) });
    Ok(Finding { text, as_expected, origin: Origin::assumed(measured), details })
}

/// Question 6.
pub(super) const SYMMETRIC: Question = Question {
    number: 6,
    text: "Is f32sufromui(u) the float next to (2 u + 1) / 2^33 - 1/2?",
    expected: "yes",
    meaning: "if so, the host can repeat uniform numbers that hardware draws",
};

/// Words that are converted, besides the extreme ones.
const WORDS: usize = 1024;

/// Exact but for the last conversion, which rounds to the nearest.
fn symmetric_float(word: u32) -> f32 {
    ((2.0 * f64::from(word) + 1.0) / f64::from(1u32 << 31) / 4.0 - 0.5) as f32
}

pub(super) fn symmetric(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let extreme = [0, 1, i32::MAX as u32, 1 << 31, u32::MAX];
    let asked: Vec<_> = extreme.into_iter().chain(words(6).take(WORDS)).collect();
    let mut experiment =
        laboratory.load(6, "SymmetricFloats", Layout::One, &[asked.len()], &[asked.len()])?;
    let (outputs, measured) = experiment.run(&[&asked]).map_err(|fault| fault.to_string())?;
    let equal =
        asked.iter().zip(&outputs[0]).filter(|(word, got)| symmetric_float(**word).to_bits() == **got);
    let equal = equal.count();
    let shown: Vec<_> = extreme
        .iter()
        .zip(&outputs[0])
        .map(|(word, got)| format!("{word:08x} {:e}", f32::from_bits(*got)))
        .collect();
    let text = format!(
        "{}: {equal} of {} equal; {}",
        if equal == asked.len() { "yes" } else { "no" },
        asked.len(),
        shown.join(", ")
    );
    let details = json!({ "words": hexadecimal(&asked), "floats": hexadecimal(&outputs[0]) });
    let as_expected = Some(equal == asked.len());
    Ok(Finding { text, as_expected, origin: Origin::assumed(measured), details })
}

/// Question 7.
pub(super) const NORMAL: Question = Question {
    number: 7,
    text: "Which bits make the numbers of f32v2grand?",
    expected: "nothing is known",
    meaning: "if a rule is found (the report has states and numbers), normal directions could be drawn by hardware and repeated by the host",
};

/// States from which pairs are drawn.
const PAIRS: usize = 4096;

pub(super) fn normal(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let states: Vec<_> = words(7).take(4 * PAIRS).collect();
    let mut experiment =
        laboratory.load(7, "NormalFloats", Layout::One, &[states.len()], &[2 * PAIRS, 2 * PAIRS])?;
    let (outputs, measured) = experiment.run(&[&states]).map_err(|fault| fault.to_string())?;
    let [pairs, next] = &outputs[..] else { return Err("not two outputs".into()) };
    let after = generators(&states).zip(next.chunks_exact(2));
    let steps = common(after.map(|(generator, got)| steps_before(generator, join(got))));
    let numbers = || pairs.iter().map(|bits| f64::from(f32::from_bits(*bits)));
    let count = pairs.len() as f64;
    let mean = numbers().sum::<f64>() / count;
    let deviation = (numbers().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt();
    let largest = numbers().map(f64::abs).fold(0.0, f64::max);
    // All are multiples of the largest power of two that divides each.
    let grain = numbers().filter(|x| *x != 0.0).map(grain).min();
    let text = if measured {
        format!(
            "a pair takes {}; {} numbers have mean {mean:.4}, deviation {deviation:.4}, magnitudes up to {largest}, and are multiples of 2^{}",
            steps_in_words(steps),
            pairs.len(),
            grain.unwrap_or(0)
        )
    } else {
        "nothing is assumed, and nothing uses it".into()
    };
    let details = json!({
        "states": hexadecimal(&states),
        "pairs": hexadecimal(pairs),
        "next": hexadecimal(next),
        "steps": steps,
        "mean": mean,
        "deviation": deviation,
        "largest": largest,
        "grain": grain
    });
    Ok(Finding { text, as_expected: None, origin: Origin::assumed(measured), details })
}

/// The largest k such that 2^k divides a number that is a float and not 0.
fn grain(x: f64) -> i32 {
    let bits = x.to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    ((bits >> 52 & 0x7ff) as i32) - 1023 - 52 + mantissa.trailing_zeros() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that were computed outside this program, from the published formula.
    #[test]
    fn the_generator_has_the_published_formulas_outputs() {
        let outputs = [
            (
                Generator::of([1, 0, 2, 0]),
                [3, 0x0080_0030_0000_c003, 0x0138_40e0_3800_0363, 0xa080_fed0_30c4_c36e],
            ),
            (
                Generator::of(Generator::seeded(0)),
                [0xffff_dfff_0000_1ffc, 0x0781_1ff0_f879_dfef, 0x17d0_22ee_e81b_deec, 0x71da_2a8b_7951_f0f3],
            ),
            (
                Generator::of(Generator::seeded(1)),
                [0xffff_bffe_0000_3ff9, 0x0f02_3fe1_f0f3_bfde, 0x2fa0_45dd_d037_bdd8, 0xe3b4_5516_f2a3_e1e6],
            ),
            (
                Generator::of(Generator::seeded(42)),
                [0xfffa_9fd5_0005_5f2a, 0x42c5_dd7b_bcc5_9d65, 0xf163_5c16_fdfb_a20d, 0x7e86_0342_a711_79aa],
            ),
        ];
        for (mut generator, want) in outputs {
            assert_eq!([(); 4].map(|()| generator.next()), want);
        }
        let warmed = [
            ("tile 0, worker 0", [0x663a_e2fc_b7c7_12ae, 0x4bbe_6c5b_e306_7230]),
            ("tile 0, worker 1", [0x77ac_8c1f_7f8e_8cc7, 0xc581_bf67_7fab_2712]),
            ("tile 1, worker 0", [0x39c0_28fd_2823_c790, 0x3854_d7d6_801c_1fb2]),
        ];
        for (name, want) in warmed {
            let starts = starts();
            let (.., words, skipped) = starts.iter().find(|start| start.0 == name).expect("it is there");
            assert_eq!(first_four(*words, *skipped)[..2], want, "{name}");
        }
    }

    #[test]
    fn symmetric_floats_have_their_range() {
        assert_eq!(symmetric_float(0), -0.5);
        assert_eq!(symmetric_float(u32::MAX), 0.5);
        assert_eq!(symmetric_float(1 << 31), f32::from_bits((127 - 33) << 23));
        assert_eq!(symmetric_float((1 << 31) - 1), -f32::from_bits((127 - 33) << 23));
    }

    #[test]
    fn grains_are_powers_of_two() {
        assert_eq!([1.0, 1.5, -0.375, 6.0].map(grain), [0, -1, -3, 1]);
    }
}
