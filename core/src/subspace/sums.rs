//! The order of sums over weights (`NUMERICS.md`, section 4), for what lies in memory or in registers.
//!
//! Both kinds of sum go in fours: four neighbouring vectors of a tile, or four neighbouring directions, are added as
//! `(a + b) + (c + d)` before they join a chain. That shortens the chains, which a processor has to wait for, to a quarter; and
//! for rows of signs a four is one of sixteen values, so that it can be looked up (`signs.rs`).

use crate::basis::{OCTET, VECTORS};
use crate::numerics::{Lanes, tree_sum};
use crate::random::LANES;

/// Terms that are added before they join a chain.
pub const FOUR: usize = 4;

/// `(a + b) + (c + d)`
#[inline(always)]
pub fn four<V: Lanes>([a, b, c, d]: [V::F; FOUR]) -> V::F {
    (a + b) + (c + d)
}

/// Continues the chain of a lane group by the terms of eight vectors: `x y` for each.
#[inline(always)]
pub fn add_products<V: Lanes>(sum: V::F, x: &[V::F; OCTET], y: &[V::F; OCTET]) -> V::F {
    let sum = sum + four::<V>([x[0] * y[0], x[1] * y[1], x[2] * y[2], x[3] * y[3]]);
    sum + four::<V>([x[4] * y[4], x[5] * y[5], x[6] * y[6], x[7] * y[7]])
}

/// The sum of `x y` over a tile of which both are in memory; at most a tile.
#[inline(always)]
pub fn dot_tile<V: Lanes>(x: &[f32], y: &[f32]) -> f32 {
    const LEN: usize = FOUR * LANES;
    let mut lanes = [0.0; LANES];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LEN>(), y.as_chunks::<LEN>());
    let (mut x_last, mut y_last) = ([0.0; LEN], [0.0; LEN]);
    x_last[..x_rest.len()].copy_from_slice(x_rest);
    y_last[..y_rest.len()].copy_from_slice(y_rest);
    for group in (0..LANES).step_by(V::WIDTH) {
        let mut sum = V::splat(0.0);
        for (x, y) in x.iter().zip(y).chain([(&x_last, &y_last)]) {
            sum = sum + product_of_fours::<V>(x, y, group);
        }
        V::store(sum, &mut lanes[group..]);
    }
    tree_sum(lanes)
}

/// One four of one lane group.
#[inline(always)]
fn product_of_fours<V: Lanes>(x: &[f32; FOUR * LANES], y: &[f32; FOUR * LANES], group: usize) -> V::F {
    let mut terms = [V::splat(0.0); FOUR];
    for k in 0..FOUR {
        let at = k * LANES + group;
        terms[k] = V::load(&x[at..]) * V::load(&y[at..]);
    }
    four::<V>(terms)
}

/// The squared norm's share of one lane group of a tile.
#[inline(always)]
pub fn squares_of_group<V: Lanes>(x: &[V::F; VECTORS]) -> V::F {
    let mut sum = V::splat(0.0);
    for x in x.as_chunks().0 {
        sum = add_products::<V>(sum, x, x);
    }
    sum
}

/// `y += (a0 x0 + a1 x1) + (a2 x2 + a3 x3)`: up to four rows, as long as `y` or longer, and as many numbers.
#[inline(always)]
pub fn add_four_rows<V: Lanes>(a: &[f32], rows: [&[f32]; FOUR], y: &mut [f32]) {
    let mut splat = [V::splat(0.0); FOUR];
    for (splat, a) in splat.iter_mut().zip(a) {
        *splat = V::splat(*a);
    }
    let [a, b, c, d] = splat;
    let [p, q, r, s] = rows.map(|row| &row[..y.len()]);
    let whole = y.len() / V::WIDTH * V::WIDTH;
    for at in (0..whole).step_by(V::WIDTH) {
        let sum = four::<V>([
            a * V::load(&p[at..]),
            b * V::load(&q[at..]),
            c * V::load(&r[at..]),
            d * V::load(&s[at..]),
        ]);
        V::store(V::load(&y[at..]) + sum, &mut y[at..]);
    }
    if whole == y.len() {
        return;
    }
    let term = |a, row: &[f32]| a * V::load_partial(&row[whole..]);
    let sum = four::<V>([term(a, p), term(b, q), term(c, r), term(d, s)]);
    let y = &mut y[whole..];
    V::store_partial(V::load_partial(y) + sum, y);
}
