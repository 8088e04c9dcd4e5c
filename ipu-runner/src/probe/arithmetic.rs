//! Floats: what is rounded, and how often.

use serde_json::json;

use super::experiment::{Laboratory, Layout};
use super::{Finding, Origin, Question, hexadecimal, words};

/// Question 1.
pub(super) const CONTRACTION: Question = Question {
    number: 1,
    text: "Is a * b + c rounded twice, with the flags of the codelets?",
    expected: "yes: the compiler does not fuse",
    meaning: "if not, -ffp-contract=off does not reach the compiler, and no sum of a training has the contract's bits",
};

/// Triples of floats.
const TRIPLES: usize = 1 << 16;

/// A number whose exponent is between those given, with a sign.
fn float(word: u32, exponents: (u32, u32), random: u32) -> u32 {
    let exponent = exponents.0 + random % (exponents.1 - exponents.0 + 1);
    word & 0x807f_ffff | exponent << 23
}

fn f(bits: u32) -> f32 {
    f32::from_bits(bits)
}

/// What a compiler that fuses would compute.
#[expect(clippy::disallowed_methods, reason = "to recognise what the contract forbids")]
fn fused(a: u32, b: u32, c: u32) -> u32 {
    f(a).mul_add(f(b), f(c)).to_bits()
}

pub(super) fn contraction(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let mut random = words(1);
    let mut next = || random.next().expect("it has no end");
    let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..TRIPLES {
        a.push(float(next(), (110, 144), next()));
        b.push(float(next(), (110, 144), next()));
        // Every other time the product, which leaves nothing or, if fused, what rounding took away.
        let product = (f(a[i]) * f(b[i])).to_bits() ^ 1 << 31;
        c.push(if i % 2 == 0 { product } else { float(next(), (110, 144), next()) });
    }
    let mut experiment = laboratory.load(1, "ProductAndSum", Layout::Spread, &[TRIPLES; 3], &[TRIPLES])?;
    let (outputs, measured) = experiment.run(&[&a, &b, &c]).map_err(|fault| fault.to_string())?;
    let (mut telling, mut twice, mut once) = (0, 0, 0);
    for (i, &got) in outputs[0].iter().enumerate() {
        let want = (f(a[i]) * f(b[i]) + f(c[i])).to_bits();
        let other = fused(a[i], b[i], c[i]);
        telling += usize::from(want != other);
        twice += usize::from(got == want);
        once += usize::from(got == other && want != other);
    }
    let text = match (twice, once) {
        (TRIPLES, _) => format!("yes: {TRIPLES} of {TRIPLES}, of which {telling} would differ if fused"),
        _ if once == telling => format!("no, it is fused: all {telling} that would show it do"),
        _ => format!("neither: {twice} of {TRIPLES} rounded twice, {once} of {telling} as if fused"),
    };
    let details = json!({ "triples": TRIPLES, "telling": telling, "rounded twice": twice, "fused": once });
    Ok(Finding { text, as_expected: Some(twice == TRIPLES), origin: Origin::computed(measured), details })
}

/// Question 2.
pub(super) const DIVISION: Question = Question {
    number: 2,
    text: "Are division and square root of floats rounded to the nearest?",
    expected: "yes, at least where operands and results are normal numbers",
    meaning: "if not, norms of rows, coefficients, exp and ln need divisions and roots made of integers",
};

/// Pairs of random bits.
const PAIRS: usize = 1_000_000;

pub(super) fn division(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let sizes = [PAIRS; 2];
    let mut experiment = laboratory.load(2, "DivisionAndRoot", Layout::Spread, &sizes, &sizes)?;
    let random: Vec<_> = words(2).take(4 * PAIRS).collect();
    // First what training needs: normal numbers with normal quotients, and roots of positive ones.
    let exponents = (65, 190);
    let normal = |i: usize| float(random[2 * i], exponents, random[2 * i + 1]);
    let a: Vec<_> = (0..PAIRS).map(|i| normal(i) & i32::MAX as u32).collect();
    let b: Vec<_> = (PAIRS..2 * PAIRS).map(normal).collect();
    let (outputs, measured) = experiment.run(&[&a, &b]).map_err(|fault| fault.to_string())?;
    let normal = [compare(&outputs[0], |i| f(a[i]) / f(b[i])), compare(&outputs[1], |i| f(a[i]).sqrt())];
    // Then anything: here an exception may end the program, which is an answer, too.
    let (a, b) = random.split_at(PAIRS);
    let b = &b[..PAIRS];
    let any = experiment.run(&[a, b]).map(|(outputs, _)| {
        [compare(&outputs[0], |i| f(a[i]) / f(b[i])), compare(&outputs[1], |i| f(a[i]).sqrt())]
    });
    let words = |[quotients, roots]: &[Compared; 2]| {
        format!("quotients: {}; roots: {}", quotients.words(), roots.words())
    };
    let text = format!(
        "of {PAIRS} normal numbers {}. Of {PAIRS} patterns of any kind {}",
        words(&normal),
        any.as_ref().map_or_else(|fault| format!("nothing is known: {fault}"), words)
    );
    let list = |all: &[Compared; 2]| json!({ "quotients": all[0].to_json(), "roots": all[1].to_json() });
    let details = json!({ "normal": list(&normal), "any": any.as_ref().map(list).ok() });
    let as_expected = Some(normal.iter().all(|compared| compared.wrong == 0));
    Ok(Finding { text, as_expected, origin: Origin::computed(measured), details })
}

/// Results beside those of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Compared {
    count: usize,
    /// Of those that are no NaN on both sides.
    wrong: usize,
    /// How many floats lie between, at most.
    furthest: u32,
    /// The first: which, wanted, got.
    first: Option<(usize, u32, u32)>,
    /// NaN as expected, with other bits.
    payloads: usize,
}

fn compare(got: &[u32], want: impl Fn(usize) -> f32) -> Compared {
    let mut compared = Compared { count: got.len(), ..Compared::default() };
    for (i, &bits) in got.iter().enumerate() {
        let wanted = want(i);
        if wanted.is_nan() && f(bits).is_nan() {
            compared.payloads += usize::from(bits != wanted.to_bits());
        } else if wanted.to_bits() != bits {
            compared.wrong += 1;
            compared.furthest = compared.furthest.max(place(wanted.to_bits()).abs_diff(place(bits)));
            compared.first.get_or_insert((i, wanted.to_bits(), bits));
        }
    }
    compared
}

/// Floats in order, as integers.
const fn place(bits: u32) -> i32 {
    let magnitude = (bits & i32::MAX as u32) as i32;
    if bits >> 31 == 0 { magnitude } else { -magnitude }
}

impl Compared {
    fn words(&self) -> String {
        let Some((_, want, got)) = self.first else {
            return if self.payloads == 0 {
                "all equal".into()
            } else {
                format!("all equal, but for the bits of {} NaN", self.payloads)
            };
        };
        format!(
            "{} differ, by up to {} units in the last place; the first: {got:08x} instead of {want:08x}",
            self.wrong, self.furthest
        )
    }

    fn to_json(&self) -> serde_json::Value {
        let first = self.first.map(
            |(i, want, got)| json!({ "index": i, "want": hexadecimal(&[want]), "got": hexadecimal(&[got]) }),
        );
        json!({
            "count": self.count,
            "wrong": self.wrong,
            "units in the last place": self.furthest,
            "NaN with other bits": self.payloads,
            "first": first
        })
    }
}

/// Question 3.
pub(super) const SUBNORMALS: Question = Question {
    number: 3,
    text: "Are numbers below 2^-126 kept, by additions and multiplications?",
    expected: "yes",
    meaning: "if not, exp of less than -87.3, and products of tiny gradients, have other bits than the contract's",
};

/// Pairs of each kind.
const OF_A_KIND: usize = 1 << 10;

pub(super) fn subnormals(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let mut random = words(3);
    let mut next = || random.next().expect("it has no end");
    let (mut a, mut b) = (Vec::new(), Vec::new());
    // Whether sums or products are looked at, and what shows in them.
    const KINDS: [(&str, usize); 4] = [
        ("sums of subnormal numbers", 0),
        ("differences of normal numbers", 0),
        ("products of normal numbers", 1),
        ("products with subnormal numbers", 1),
    ];
    for (kind, _) in KINDS.iter().enumerate() {
        for _ in 0..OF_A_KIND {
            let (first, second) = match kind {
                // Below 2^-127 each, neither of them 0.
                0 => (next() & 0x803f_ffff | 1, next() & 0x803f_ffff | 2),
                // Neighbours with opposite signs: between 2^-126 and 2^-125.
                1 => {
                    let x = 1 << 23 | next() & 0x007f_fff0;
                    (x | next() & 1 << 31, x + 1 + next() % 15)
                }
                // 2^-75 times 2^-70 or so.
                2 => (float(next(), (51, 53), next()), float(next(), (56, 58), next())),
                // Subnormal times 2^40 or so.
                _ => (next() & 0x807f_ffff | 1 << 20, float(next(), (160, 180), next())),
            };
            let opposite = if kind == 1 { second | !first & 1 << 31 } else { second };
            a.push(first);
            b.push(opposite);
        }
    }
    let len = a.len();
    let mut experiment = laboratory.load(3, "Subnormals", Layout::Spread, &[len; 2], &[len; 2])?;
    let (outputs, measured) = experiment.run(&[&a, &b]).map_err(|fault| fault.to_string())?;
    let flush = |x: u32| if f(x).is_subnormal() { x & 1 << 31 } else { x };
    let mut texts = Vec::new();
    let (mut details, mut all_kept) = (serde_json::Map::new(), true);
    for (kind, (name, output)) in KINDS.into_iter().enumerate() {
        let (mut kept, mut flushed, mut other) = (0, 0, 0);
        for i in kind * OF_A_KIND..(kind + 1) * OF_A_KIND {
            let result = |x: u32, y: u32| if output == 0 { f(x) + f(y) } else { f(x) * f(y) }.to_bits();
            let (want, got) = (result(a[i], b[i]), outputs[output][i]);
            // Operands are taken for 0, or results made 0, perhaps without their sign.
            let lost = [result(flush(a[i]), flush(b[i])), flush(want)];
            if got == want {
                kept += 1;
            } else if lost.iter().any(|lost| got == *lost || (got | lost) << 1 == 0) {
                flushed += 1;
            } else {
                other += 1;
            }
        }
        all_kept &= kept == OF_A_KIND;
        let verdict = match (kept, flushed, other) {
            (OF_A_KIND, ..) => "kept".into(),
            (_, OF_A_KIND, _) => "taken for 0".into(),
            _ => format!("{kept} kept, {flushed} taken for 0, {other} neither"),
        };
        texts.push(format!("{name}: {verdict}"));
        details.insert(name.into(), json!({ "kept": kept, "taken for 0": flushed, "neither": other }));
    }
    let text = format!("{}. {}", if all_kept { "yes" } else { "no" }, texts.join("; "));
    Ok(Finding {
        text,
        as_expected: Some(all_kept),
        origin: Origin::computed(measured),
        details: details.into(),
    })
}

/// Question 8.
pub(super) const ACCUMULATION: Question = Question {
    number: 8,
    text: "Does f32v2mac round a product before it is added, and the sum to 32 bits?",
    expected: "nothing is known; codelets do not use it",
    meaning: "if both, sums over pairs of floats could use it at twice the speed, with the contract's bits",
};

pub(super) fn accumulation(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    // -(1 + 2^-11) + (1 + 2^-12)^2 is 2^-24, or nothing if the product is rounded; 2^24 + 1 ends in 1 only with more bits than a
    // float has, which are seen by taking 2^24 away; and a sum of plain numbers, to see that it is one at all.
    let (x, big) = (1.0_f32 + power_of_two(-12), power_of_two(24));
    let factors = [[-(1.0 + power_of_two(-11)), 1.0, x, x], [big, 1.0, 1.0, 1.0], [3.0, 5.0, 7.0, 11.0]];
    let factors: Vec<_> = factors.iter().flatten().map(|x: &f32| x.to_bits()).collect();
    let mut experiment = laboratory.load(8, "Accumulation", Layout::One, &[12], &[3])?;
    let (outputs, measured) = experiment.run(&[&factors]).map_err(|fault| fault.to_string())?;
    let [product, sum, plain] = outputs[0][..] else { return Err("not three sums".into()) };
    let details = json!({ "sums": hexadecimal(&outputs[0]) });
    let text = if f(plain) != 92.0 {
        format!("3 * 5 + 7 * 11 is {}, so this is not a sum of products", f(plain))
    } else {
        let rounded = match f(product) {
            0.0 => "the product is rounded".to_string(),
            x if x == power_of_two(-24) => "the product is not rounded".into(),
            x => format!("(1 + 2^-12)^2 - 1 - 2^-11 is {x:e}"),
        };
        format!("{rounded}; 2^24 + 1 is {}", f(sum))
    };
    Ok(Finding { text, as_expected: None, origin: Origin::assumed(measured), details })
}

/// 2^k, of a normal number.
const fn power_of_two(k: i32) -> f32 {
    f32::from_bits(((k + 127) as u32) << 23)
}

/// Question 9.
pub(super) const INVERSE_ROOT: Question = Question {
    number: 9,
    text: "Is 1 / sqrt(x), one instruction on an IPU, rounded to the nearest?",
    expected: "nothing is known; codelets do not write it",
    meaning: "whatever it is: if it is not what two roundings give, 1 / sqrt(x) must stay out of codelets",
};

/// Numbers whose roots are inverted.
const INVERTED: usize = 1 << 16;

pub(super) fn inverse_root(laboratory: &Laboratory<'_>) -> Result<Finding, String> {
    let random: Vec<_> = words(9).take(2 * INVERTED).collect();
    let x: Vec<_> =
        random.chunks_exact(2).map(|pair| float(pair[0] & i32::MAX as u32, (1, 254), pair[1])).collect();
    let mut experiment = laboratory.load(9, "InverseRoot", Layout::Spread, &[INVERTED], &[INVERTED])?;
    let (outputs, measured) = experiment.run(&[&x]).map_err(|fault| fault.to_string())?;
    let nearest = compare(&outputs[0], |i| nearest_inverse_root(f(x[i])));
    let twice = compare(&outputs[0], |i| 1.0 / f(x[i]).sqrt());
    let text =
        format!("beside the nearest float: {}. Beside root and division: {}", nearest.words(), twice.words());
    let details = json!({ "nearest": nearest.to_json(), "rounded twice": twice.to_json() });
    Ok(Finding { text, as_expected: None, origin: Origin::computed(measured), details })
}

/// The float next to 1 / sqrt(x), of a normal number. There are no ties: what lies halfway has one bit more than a float, and so has no such
/// square.
fn nearest_inverse_root(x: f32) -> f32 {
    let mut y = (1.0 / f64::from(x).sqrt()) as f32;
    let half = |a: f32, b: f32| (f64::from(a) + f64::from(b)) / 2.0;
    while lies_below(half(y, y.next_up()), x) {
        y = y.next_up();
    }
    while !lies_below(half(y.next_down(), y), x) {
        y = y.next_down();
    }
    y
}

/// Whether y < 1 / sqrt(x), that is y^2 x < 1. Exact: y has 25 bits, x has 24.
fn lies_below(y: f64, x: f32) -> bool {
    let split = |bits: u64, fraction: u32, bias: i32| {
        let mantissa = bits & ((1 << fraction) - 1) | 1 << fraction;
        let zeros = mantissa.trailing_zeros();
        let exponent = (bits >> fraction) as i32 - bias - fraction as i32 + zeros as i32;
        (u128::from(mantissa >> zeros), exponent)
    };
    let (y, y_exponent) = split(y.to_bits(), 52, 1023);
    let (x, x_exponent) = split(x.to_bits().into(), 23, 127);
    let exponent = 2 * y_exponent + x_exponent;
    // The product has at most 74 bits.
    exponent < 0 && (exponent <= -100 || y * y * x < 1 << -exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_roots_are_the_nearest() {
        for x in [1.0_f32, 4.0, 0.25, 2.0, 3.0, 1.5e-38, 3.4e38, 0.1] {
            let y = nearest_inverse_root(x);
            let error = |y: f32| (f64::from(y) * f64::from(x).sqrt() - 1.0).abs();
            assert!(error(y) <= error(y.next_up()) && error(y) <= error(y.next_down()), "{x}: {y}");
        }
        assert_eq!(nearest_inverse_root(4.0), 0.5);
        assert!(lies_below(0.5f64.next_down(), 4.0) && !lies_below(0.5, 4.0));
    }

    #[test]
    fn floats_have_places() {
        let bits = |x: f32| x.to_bits();
        assert_eq!(place(bits(1.0)) + 1, place(bits(1.0f32.next_up())));
        assert_eq!(place(bits(-0.0)), place(bits(0.0)));
        assert_eq!(place(bits(f32::from_bits(1))) - place(bits(-f32::from_bits(1))), 2);
    }
}
