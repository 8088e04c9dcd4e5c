//! The contract's constants by name, for implementations in other languages.

use crate::basis::{bernoulli, hadamard_normal, log_normal, normal, rademacher, rotation};
use crate::numerics::{BLOCK, TILE};
use crate::random::{FMIX, GOLDEN, LANES};

/// Each constant, or table of constants, as words; floats as their bits. `NUMERICS.md`, sections 1 to 4, says what they are.
pub const CONSTANTS: &[(&str, &[u32])] = &[
    ("TILE", &[TILE as u32]),
    ("LANES", &[LANES as u32]),
    ("VECTORS", &[(TILE / LANES) as u32]),
    ("BLOCK", &[BLOCK as u32]),
    ("LANE_OFFSET", &[GOLDEN]),
    ("FMIX", &FMIX),
    ("ONE", &[rademacher::ONE]),
    ("TWO_POW_MINUS_31", &bits([normal::TWO_POW_MINUS_31])),
    ("TWO_POW_MINUS_15", &bits([bernoulli::TWO_POW_MINUS_15])),
    ("LOG", &bits(normal::LOG)),
    ("TWO_LN_2", &bits([normal::TWO_LN_2])),
    ("SINE", &bits(normal::SINE)),
    ("SQRT_HALF", &[normal::SQRT_HALF]),
    ("PER_LN_2", &bits([log_normal::PER_LN_2])),
    ("ROUND", &bits([log_normal::ROUND])),
    ("LN_2_HIGH", &bits([log_normal::LN_2_HIGH])),
    ("LN_2_LOW", &bits([log_normal::LN_2_LOW])),
    ("EXP", &bits(log_normal::EXP)),
    ("MEAN", &bits([log_normal::MEAN])),
    ("CUBIC_SQUARE", &[hadamard_normal::SQUARE]),
    ("CUBIC_CONSTANT", &[hadamard_normal::CONSTANT]),
    ("ROTATION_SCALE", &bits([rotation::SCALE])),
];

const fn bits<const N: usize>(floats: [f32; N]) -> [u32; N] {
    let mut words = [0; N];
    let mut i = 0;
    while i < N {
        words[i] = floats[i].to_bits();
        i += 1;
    }
    words
}
