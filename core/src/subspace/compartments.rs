//! Compartments: weights that share directions (`NUMERICS.md`, section 9.1; the paper's section 4.4).
//!
//! Each compartment is a small basis of its own: its own rows, as long as it has elements, and its own coordinates. A
//! [`Plan`] is a function: nothing is stored per compartment, however many there are.

use core::ops::Range;

use crate::nn::{Network, Tensor, tensors};

/// How the weights are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Compartments {
    /// Not at all.
    Whole,
    /// At most so many weights each; positive. (`weights_per_compartment` = n)
    Weights(u32),
    /// So many layers each; positive. (`weights_per_compartment` = -n)
    Layers(u32),
    /// Each kernel by itself, all biases together. (`group_weights_by_type`)
    Type,
    /// Each tensor by itself, with directions in proportion to its size. (`dynamic_compartments`)
    Proportional,
    /// Each tensor by itself, with directions in proportion to its size to the power of 1.2. (`dynamic_allocation_mode` =
    /// `exp`)
    Exponential,
}

impl Compartments {
    /// Whether its number is positive, if it has one.
    #[must_use]
    pub const fn is_in_range(self) -> bool {
        !matches!(self, Self::Weights(0) | Self::Layers(0))
    }

    /// Whether each compartment's directions follow from its size.
    #[must_use]
    pub const fn is_dynamic(self) -> bool {
        matches!(self, Self::Proportional | Self::Exponential)
    }
}

/// The least number of directions of a tensor whose directions follow from its size.
pub const DYNAMIC_LEAST: usize = 10;

/// Tensors that a network can have.
const PARTS: usize = 64;

/// A tensor of the space.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: usize,
    len: usize,
    layer: u32,
    is_kernel: bool,
}

/// The space that random directions move, and how it is divided.
#[derive(Clone, Debug)]
pub struct Plan {
    parts: heapless::Vec<Part, PARTS>,
    compartments: Compartments,
    split: bool,
    dimensions: usize,
    /// Numbers of the space: D'.
    elements: usize,
    /// How many compartments.
    count: usize,
    /// The sum of the sizes that dynamic directions are in proportion to.
    shares: u64,
}

/// The tensors of the space.
// Not inlined: a plan without compartments would have the list on its stack.
#[inline(never)]
fn list_parts<N: Network>(follows: Option<&dyn Fn(u32) -> bool>, parts: &mut heapless::Vec<Part, PARTS>) {
    let belongs = |tensor: &&Tensor| !follows.is_some_and(|follows| follows(tensor.layer));
    parts.extend(tensors::<N>().iter().filter(belongs).map(|tensor| Part {
        start: tensor.start,
        len: tensor.len,
        layer: tensor.layer,
        is_kernel: tensor.is_kernel(),
    }));
}

/// One compartment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compartment {
    /// Its number, as in keys.
    pub index: u32,
    /// Its directions: d_k.
    pub dimensions: usize,
    /// Coordinates of all compartments before it.
    pub first: usize,
    /// Its elements: n_k.
    pub elements: usize,
    /// Where they lie in the array of parameters, in order.
    pub segments: heapless::Vec<Range<usize>, PARTS>,
}

impl Plan {
    /// The plan of a network whose layers with `follows(layer)` do not belong to the space. `dimensions`: d. `split`: whether d
    /// is divided among the compartments.
    #[must_use]
    pub fn of<N: Network>(
        compartments: Compartments,
        split: bool,
        dimensions: usize,
        follows: Option<&dyn Fn(u32) -> bool>,
    ) -> Self {
        let mut parts = heapless::Vec::new();
        if compartments == Compartments::Whole && follows.is_none() {
            // Without a list of tensors, for small stacks.
            let whole = Part { start: 0, len: N::PARAMS, layer: 1, is_kernel: true };
            parts.push(whole).expect("one part fits");
        } else {
            list_parts::<N>(follows, &mut parts);
        }
        let mut plan = Self { parts, compartments, split, dimensions, elements: 0, count: 0, shares: 0 };
        plan.elements = plan.parts.iter().map(|part| part.len).sum();
        plan.shares = plan.parts.iter().map(|part| plan.share(part.len)).sum();
        plan.count = plan.count_compartments();
        plan
    }

    /// How many compartments there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none: the space is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Numbers of the space: D'.
    #[must_use]
    pub const fn elements(&self) -> usize {
        self.elements
    }

    /// Coordinates of all compartments.
    #[must_use]
    pub fn coordinates(&self) -> usize {
        self.first(self.count)
    }

    /// Compartment `k`.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn compartment(&self, k: usize) -> Compartment {
        assert!(k < self.count, "there are {} compartments", self.count);
        let mut segments = heapless::Vec::<Range<usize>, PARTS>::new();
        let mut at = 0;
        for part in &self.parts {
            let taken = self.taken(k, part, at);
            at += part.len;
            if taken.is_empty() {
                continue;
            }
            match segments.last_mut() {
                Some(last) if last.end == taken.start => last.end = taken.end,
                _ => segments.push(taken).expect("as many segments as tensors, at most"),
            }
        }
        Compartment {
            index: k as u32,
            dimensions: self.dimensions_of(k),
            first: self.first(k),
            elements: segments.iter().map(ExactSizeIterator::len).sum(),
            segments,
        }
    }

    /// All compartments, in order.
    pub fn iter(&self) -> impl Iterator<Item = Compartment> + '_ {
        (0..self.count).map(|k| self.compartment(k))
    }

    fn count_compartments(&self) -> usize {
        let kernels = self.parts.iter().filter(|part| part.is_kernel).count();
        match self.compartments {
            _ if self.elements == 0 => 0,
            Compartments::Whole => 1,
            Compartments::Weights(n) => self.elements.div_ceil(n as usize),
            Compartments::Layers(n) => self.layers().div_ceil(n as usize),
            Compartments::Type => kernels + usize::from(kernels < self.parts.len()),
            Compartments::Proportional | Compartments::Exponential => self.parts.len(),
        }
    }

    /// Layers of the space.
    fn layers(&self) -> usize {
        self.parts.iter().filter(|part| part.is_kernel).count()
    }

    /// What compartment `k` has of a tensor whose first element is number `at` of the space.
    fn taken(&self, k: usize, part: &Part, at: usize) -> Range<usize> {
        let whole = part.start..part.start + part.len;
        let nothing = part.start..part.start;
        let before = |belongs: &dyn Fn(&Part) -> bool| {
            self.parts.iter().filter(|other| other.start < part.start && belongs(other)).count()
        };
        let number = match self.compartments {
            Compartments::Whole => 0,
            Compartments::Weights(n) => {
                let (first, end) = (k * n as usize, (k + 1) * n as usize);
                let (from, to) = (first.max(at), end.min(at + part.len));
                return if from < to { part.start + from - at..part.start + to - at } else { nothing };
            }
            // A layer begins with its kernel.
            Compartments::Layers(n) => {
                (before(&|other| other.is_kernel && other.layer < part.layer)) / n as usize
            }
            Compartments::Type if part.is_kernel => before(&|other| other.is_kernel),
            Compartments::Type => self.layers(),
            Compartments::Proportional | Compartments::Exponential => before(&|_| true),
        };
        if number == k { whole } else { nothing }
    }

    /// What a tensor's directions are in proportion to.
    fn share(&self, len: usize) -> u64 {
        match self.compartments {
            Compartments::Exponential => len as u64 * fifth_root((len as u128) << 40),
            _ => len as u64,
        }
    }

    fn dimensions_of(&self, k: usize) -> usize {
        let (d, n) = (self.dimensions, self.count);
        if self.compartments.is_dynamic() {
            let share = u128::from(self.share(self.parts[k].len));
            let proportional = d as u128 * share / u128::from(self.shares);
            return DYNAMIC_LEAST.max(proportional as usize);
        }
        if self.split { d / n + usize::from(k < d % n) } else { d }
    }

    fn first(&self, k: usize) -> usize {
        let (d, n) = (self.dimensions, self.count);
        if self.compartments.is_dynamic() {
            return (0..k).map(|before| self.dimensions_of(before)).sum();
        }
        if self.split && n > 0 { k * (d / n) + k.min(d % n) } else { k * d }
    }
}

/// The largest whole number whose fifth power is not above `x`, for `x < 2^80`.
fn fifth_root(x: u128) -> u64 {
    let mut root = 0;
    for bit in (0..16).rev() {
        let tried = root + (1 << bit);
        if (tried as u128).pow(5) <= x {
            root = tried;
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Cnn28, Fc28, Small8};

    fn plan<N: Network>(compartments: Compartments, split: bool, d: usize) -> Plan {
        Plan::of::<N>(compartments, split, d, None)
    }

    /// However the space is divided, each of its numbers is in one compartment, and coordinates follow one another.
    #[test]
    fn compartments_are_a_partition() {
        let follows: [Option<&dyn Fn(u32) -> bool>; 3] = [None, Some(&|layer| layer == 2), Some(&|l| l != 1)];
        for compartments in [
            Compartments::Whole,
            Compartments::Weights(1_000),
            Compartments::Weights(93_322),
            Compartments::Layers(1),
            Compartments::Layers(2),
            Compartments::Layers(9),
            Compartments::Type,
            Compartments::Proportional,
            Compartments::Exponential,
        ] {
            for split in [false, true] {
                for follows in follows {
                    let plan = Plan::of::<Cnn28>(compartments, split, 300, follows);
                    let mut seen = [0u8; Cnn28::PARAMS];
                    let mut first = 0;
                    for compartment in plan.iter() {
                        assert_eq!(compartment.first, first);
                        first += compartment.dimensions;
                        let elements = compartment.segments.iter().cloned().flatten();
                        assert_eq!(elements.clone().count(), compartment.elements);
                        elements.for_each(|e| seen[e] += 1);
                        assert!(compartment.segments.windows(2).all(|pair| pair[0].end < pair[1].start));
                    }
                    assert_eq!(plan.coordinates(), first);
                    assert!(seen.iter().all(|&count| count <= 1));
                    let space = seen.iter().filter(|&&count| count == 1).count();
                    assert_eq!(space, plan.elements(), "{compartments:?}");
                    if split && !compartments.is_dynamic() {
                        assert_eq!(first, 300);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_in_them() {
        let layers = plan::<Fc28>(Compartments::Layers(1), false, 250);
        let of = |plan: &Plan, k| plan.compartment(k).segments.as_slice().to_owned_array();
        assert_eq!(layers.len(), 2);
        assert_eq!(of(&layers, 1), [(100_480, 101_770), (0, 0)]);
        let kinds = plan::<Fc28>(Compartments::Type, false, 250);
        assert_eq!(kinds.len(), 3);
        assert_eq!(of(&kinds, 2), [(100_352, 100_480), (101_760, 101_770)]);
        let weights = plan::<Small8>(Compartments::Weights(1_000), true, 32);
        assert_eq!(weights.iter().map(|c| c.elements).collect::<heapless::Vec<_, 8>>(), [1_000, 1_000, 410]);
        assert_eq!(weights.iter().map(|c| c.dimensions).collect::<heapless::Vec<_, 8>>(), [11, 11, 10]);
        // A layer that follows its gradient is a gap.
        let gap = Plan::of::<Cnn28>(Compartments::Whole, false, 9, Some(&|layer| layer == 2));
        assert_eq!(of(&gap, 0), [(0, 320), (18_816, 93_322)]);
        assert!(Plan::of::<Fc28>(Compartments::Whole, false, 9, Some(&|_| true)).is_empty());
    }

    #[test]
    fn dynamic_directions_follow_sizes() {
        let dimensions = |compartments| {
            let plan = plan::<Fc28>(compartments, false, 250);
            plan.iter().map(|c| c.dimensions).collect::<heapless::Vec<_, 8>>()
        };
        assert_eq!(dimensions(Compartments::Proportional), [246, 10, 10, 10]);
        assert_eq!(dimensions(Compartments::Exponential), [248, 10, 10, 10]);
        assert_eq!(fifth_root(32), 2);
        assert_eq!(fifth_root(31), 1);
        // 100,352^0.2 * 2^8
        assert_eq!(fifth_root(100_352 << 40), 2_561);
    }

    /// For comparing.
    trait ToArray {
        fn to_owned_array(&self) -> [(usize, usize); 2];
    }

    impl ToArray for [Range<usize>] {
        fn to_owned_array(&self) -> [(usize, usize); 2] {
            core::array::from_fn(|i| self.get(i).map_or((0, 0), |range| (range.start, range.end)))
        }
    }
}
