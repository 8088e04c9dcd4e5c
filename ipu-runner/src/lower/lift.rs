//! Rows, weighted and added to the weights.
//!
//! A worker makes lanes of four directions, already weighted and summed: *fours*. Fours of all directions would take D d / 4 floats. So directions are
//! taken in *waves* of whole blocks, as many as there is room for: the fours of a wave join the sum of the waves before it, in the order that the
//! contract gives blocks. Waves are one loop over the same vertices, so that neither memory nor the graph grows with d.

use random_bases_core::numerics::BLOCK;
use random_bases_core::random::LANES;

use super::subspace::{VECTORS, rotate, tiles};
use super::{Builder, Rows, among, costs, numbers, shares, view};
use crate::graph::{Edge, Kind, Program, VariableId, View};
use crate::target::{Target, WORKERS};
use crate::timing::synchronising;

/// Directions that are added before they join a chain.
const FOUR: usize = 4;

/// The part of a tile's memory, as a divisor, that the fours of a wave may take, once where they are made and once where they are added up.
const SHARE: u64 = 4;

/// Compute sets and copies of a wave, with a synchronisation before and after.
const STEPS: u64 = 5;

/// How directions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waves {
    /// How many.
    count: usize,
    /// Fours of each; whole blocks, unless there is one wave.
    fours: usize,
}

impl Waves {
    /// The fastest of those that fit, for `fours` in all, of `floats` each. `units(fours)`: lanes of the busiest worker, of `cycles` each.
    fn new(
        target: &Target,
        fours: usize,
        floats: usize,
        cycles: u64,
        units: impl Fn(usize) -> usize,
    ) -> Self {
        let room = target.usable_bytes() / SHARE * u64::from(target.tiles());
        let most = (room / (2 * 4 * floats as u64).max(1)) as usize;
        if fours <= most {
            // What another wave costs, it never gains.
            return Self { count: 1, fours };
        }
        let whole = BLOCK / FOUR;
        let turns = |waves: &Self| {
            let compute = u64::from(WORKERS) * units(waves.fours) as u64 * cycles;
            waves.count as u64 * (compute + 2 * STEPS * synchronising(target, target.ipus))
        };
        // At least a block, whether or not it fits.
        let sizes = (1..=(most / whole).max(1)).map(|blocks| blocks * whole);
        let waves = sizes.map(|size| Self { count: fours.div_ceil(size), fours: size });
        waves.min_by_key(|waves| (turns(waves), waves.fours)).expect("one block at least")
    }
}

/// Of each tile of the weights.
struct OfTile {
    /// Vectors of a lane: they are made two by two, and of rotated rows all.
    vectors: usize,
    /// Where its fours of a wave begin.
    fours: usize,
    /// Where its sum begins: `[lane][vectors]`.
    total: usize,
}

pub(super) fn lift(builder: &mut Builder<'_>, name: &str, rows: Rows, operands: &[View], out: View) {
    let (keys, coefficients, scale) = (operands[0], operands[1], operands[2]);
    let tiles = tiles(out.len());
    let directions = coefficients.len();
    let vectors: Vec<_> = tiles
        .iter()
        .map(
            |elements| {
                if rows.law.rotated { VECTORS } else { elements.len().div_ceil(LANES).next_multiple_of(2) }
            },
        )
        .collect();
    let shares = shares(&vectors, builder.target.tiles());
    let cycles = |vectors: usize| {
        4 * (costs::SEED + vectors as u64 / 2 * (rows.law.pair_cycles + 2 * costs::MULTIPLY_ADD))
    };
    let floats = LANES * vectors.iter().sum::<usize>();
    let least = shares.iter().map(|share| share.len() * WORKERS as usize).min().unwrap_or(1);
    let longest = vectors.iter().copied().max().unwrap_or(0);
    let waves = Waves::new(builder.target, directions.div_ceil(FOUR), floats, cycles(longest), |fours| {
        (fours * LANES).div_ceil(least)
    });

    let mut places = Vec::new();
    let (mut fours, mut total) = (0, 0);
    for &vectors in &vectors {
        places.push(OfTile { vectors, fours, total });
        fours += waves.fours * LANES * vectors;
        total += LANES * vectors;
    }
    let parts = builder.graph.variable(format!("{name}: fours"), Kind::Float, fours);
    let totals = builder.graph.variable(format!("{name}: total"), Kind::Float, total);

    // The sum begins with nothing; so does the count of directions.
    let nothing = builder.graph.constant(format!("{name}: nothing"), Kind::Float, vec![0], 0);
    let start = builder.graph.variable(format!("{name}: start"), Kind::Word, 1);
    builder.graph.map(start, 0..1, 0);
    let first = builder.graph.constant(format!("{name}: first"), Kind::Word, vec![0], 0);
    builder.program.push(Program::Copy { from: builder.graph.whole(first), to: builder.graph.whole(start) });
    let queue = (waves.count > 1).then(|| Queue::new(builder, name, coefficients, waves));

    let before = std::mem::take(&mut builder.program);
    let wave = queue.as_ref().map_or(coefficients, Queue::wave);
    let set = builder.set(name);
    for (tile, place) in places.iter().enumerate() {
        for (part, at) in among(waves.fours * LANES, &shares[tile]) {
            let range = place.fours + part.start * place.vectors..place.fours + part.end * place.vectors;
            builder.graph.map(parts, range.clone(), at);
            let edges = vec![
                ("keys", view(keys)),
                ("coefficients", view(wave)),
                ("start", view(View::of(start, 0..1))),
                ("fours", view(View::of(parts, range))),
                ("tile", Edge::Word(tile as u32)),
                ("first", Edge::Word(part.start as u32)),
                ("vectors", Edge::Word(place.vectors as u32)),
                ("directions", Edge::Word(directions as u32)),
                ("keyStride", rows.key_stride()),
                ("halve", Edge::Word(u32::from(rows.antithetic))),
                ("threshold", Edge::Word(rows.law.threshold)),
            ];
            let cycles = costs::VERTEX + part.len() as u64 * cycles(place.vectors);
            builder.vertex(set, at, rows.law.codelet("LiftFours"), edges, cycles);
        }
    }
    let set = builder.set(format!("{name}: sums"));
    for (place, share) in places.iter().zip(&shares) {
        // Pieces of lanes, of an even number of vectors.
        let workers = share.len() * WORKERS as usize;
        let grain = (LANES * place.vectors).div_ceil(workers).next_multiple_of(2);
        let starts = (0..LANES)
            .flat_map(|lane| (0..place.vectors).step_by(grain).map(move |from| (lane * place.vectors, from)));
        for (piece, (lane, from)) in starts.enumerate() {
            let count = grain.min(place.vectors - from);
            let of =
                View::matrix(parts, place.fours + lane + from, waves.fours, LANES * place.vectors, count);
            let sum = place.total + lane + from..place.total + lane + from + count;
            let at = share.start + piece as u32 % share.len() as u32;
            builder.graph.map(totals, sum.clone(), at);
            let edges = vec![("fours", view(of)), ("total", view(View::of(totals, sum)))];
            let cycles = costs::VERTEX + (waves.fours * count) as u64 * costs::ADD;
            builder.vertex(set, at, "SumFours", edges, cycles);
        }
    }
    if let Some(queue) = queue {
        queue.advance(builder, name, start);
    }
    let wave = std::mem::replace(&mut builder.program, before);
    let zero = builder.graph.whole(nothing);
    let all = builder.graph.whole(totals);
    numbers::fill(builder, &format!("{name}: nothing"), &[zero], all);
    if waves.count == 1 {
        builder.program.extend(wave);
    } else {
        builder.program.push(Program::Repeat(waves.count as u32, Box::new(Program::Sequence(wave))));
    }
    if rows.law.rotated {
        let lane = |lane| View::of(totals, lane * VECTORS..(lane + 1) * VECTORS);
        rotate(builder, name, (0..tiles.len() * LANES).map(lane));
    }

    let set = builder.set(format!("{name}: weights"));
    for ((elements, place), share) in tiles.iter().zip(&places).zip(&shares) {
        let all = elements.len().div_ceil(LANES);
        let grain = all.div_ceil(share.len() * WORKERS as usize);
        for (piece, from) in (0..all).step_by(grain).enumerate() {
            let to = all.min(from + grain);
            let of = |lane: usize| {
                let begin = place.total + lane * place.vectors;
                View::of(totals, begin + from..begin + to)
            };
            let weights = elements.start + from * LANES..elements.end.min(elements.start + to * LANES);
            let cycles = costs::VERTEX + weights.len() as u64 * costs::MULTIPLY_ADD;
            let edges = vec![
                ("total", Edge::List((0..LANES).map(of).collect())),
                ("weights", view(out.slice(weights))),
                ("scale", view(scale)),
            ];
            let at = share.start + piece as u32 % share.len() as u32;
            builder.vertex(set, at, "ApplyLanes", edges, cycles);
        }
    }
}

/// The coefficients that are still to come. A program that repeats cannot read at another place each time; so what it reads moves on.
struct Queue {
    all: VariableId,
    rest: VariableId,
    len: usize,
    /// Of a wave.
    wave: usize,
}

impl Queue {
    /// All coefficients, and behind them zeros that complete the last wave.
    fn new(builder: &mut Builder<'_>, name: &str, coefficients: View, waves: Waves) -> Self {
        let wave = FOUR * waves.fours;
        let len = waves.count * wave;
        let all = builder.spread(format!("{name}: coefficients"), Kind::Float, len);
        let rest = builder.spread(format!("{name}: coefficients to come"), Kind::Float, len - wave);
        let there = coefficients.len();
        builder.program.push(Program::Copy { from: coefficients, to: View::of(all, 0..there) });
        if there < len {
            let zeros =
                builder.graph.constant(format!("{name}: zeros"), Kind::Float, vec![0; len - there], 0);
            let from = builder.graph.whole(zeros);
            builder.program.push(Program::Copy { from, to: View::of(all, there..len) });
        }
        Self { all, rest, len, wave }
    }

    /// Those of the next wave.
    fn wave(&self) -> View {
        View::of(self.all, 0..self.wave)
    }

    /// Moves on by a wave.
    fn advance(&self, builder: &mut Builder<'_>, name: &str, start: VariableId) {
        let rest = View::of(self.rest, 0..self.len - self.wave);
        let to_come = View::of(self.all, self.wave..self.len);
        builder.program.push(Program::Copy { from: to_come, to: rest });
        builder.program.push(Program::Copy { from: rest, to: View::of(self.all, 0..self.len - self.wave) });
        let set = builder.set(format!("{name}: next wave"));
        let edges = vec![("number", view(View::of(start, 0..1))), ("by", Edge::Word(self.wave as u32))];
        builder.vertex(set, 0, "Advance", edges, costs::VERTEX + costs::ADD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine whose tiles have room for 1,000 bytes of fours, where they are made and where they are added.
    const TARGET: Target =
        Target { tiles_per_ipu: 10, ipus: 1, bytes_per_tile: 2 * 1_000 * SHARE * 100 / 80, ..Target::GC200 };

    #[test]
    fn waves_fit_and_are_whole_blocks() {
        // 10,000 bytes hold 25 fours of 100 floats.
        let waves = |fours, workers: usize| {
            Waves::new(&TARGET, fours, 100, 1_000_000, |fours| (fours * LANES).div_ceil(workers))
        };
        assert_eq!(waves(25, 60), Waves { count: 1, fours: 25 });
        // 24 fours are 384 lanes, 6.4 for each of 60 workers: seven; 20 are 5.3, 12 are 3.2: 8 are 2.1, and 4 just over one. Of 100 fours:
        // 5 waves of 7, or 5 of 6, or 7 of 5, or 9 of 4, or 13 of 3, or 25 of 2.
        assert_eq!(waves(100, 60), Waves { count: 5, fours: 20 });
        // With 64 workers a block is one lane for each: nothing is gained, or lost, but what waves cost.
        assert_eq!(waves(100, 64), Waves { count: 5, fours: 20 });
    }

    #[test]
    fn a_block_is_the_least() {
        let waves = Waves::new(&TARGET, 100, 1_000_000, 10, |fours| fours);
        assert_eq!(waves, Waves { count: 25, fours: BLOCK / FOUR });
    }
}
