//! Rows are what they claim to be: statistical tests with fixed seeds.
//!
//! Belongs here: the laws of the distributions, independence within a row and between rows. Which bits a row has
//! is the business of the fixtures and of the conformance suite; here the bits are taken from the fastest executor.
//!
//! **Significance.** A verdict rests on many checks; each gives the probability (p) of a deviation at least as large, under
//! the exact law, in either direction: a fit that is too good counts too. A verdict is bad if a p is below
//! [`SIGNIFICANCE`](findings::SIGNIFICANCE) = 1e-4 divided by the number of its checks (Bonferroni), so a perfect
//! generator would have failed one with probability 1e-4, and any of the 35 verdicts on rows with 3.5e-3, *once*: the
//! seeds are fixed, so a test that passes passes forever. `-- --nocapture` prints every figure.
//!
//! **Power.** `controls` gives bad generators to the same functions, which must reject them.

#[path = "statistics/bernoulli.rs"]
mod bernoulli;
#[path = "statistics/controls.rs"]
mod controls;
#[path = "statistics/crossing.rs"]
mod crossing;
#[path = "statistics/dependence.rs"]
mod dependence;
#[path = "statistics/findings.rs"]
mod findings;
#[path = "statistics/hadamard_normal.rs"]
mod hadamard_normal;
#[path = "statistics/log_normal.rs"]
mod log_normal;
#[path = "statistics/normal.rs"]
mod normal;
#[path = "statistics/rademacher.rs"]
mod rademacher;
#[path = "statistics/rows.rs"]
mod rows;
#[path = "statistics/theory.rs"]
mod theory;
#[path = "statistics/uniform.rs"]
mod uniform;
#[path = "statistics/zeros.rs"]
mod zeros;
