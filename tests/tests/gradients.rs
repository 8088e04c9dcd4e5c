//! Gradients are derivatives: the backward pass against central differences, in f64.
//!
//! Belongs here: whether backward computes the derivative of forward, and forward what its definition says. Which bits
//! it leaves is the business of the conformance suite and of the fixtures; these, and the oracle, all follow the formulas
//! of `NUMERICS.md`, so a formula that is wrong there would be wrong everywhere, with equal bits. Here are no formulas of
//! derivatives: `reference` defines each layer forward only, and `differences` evaluates it on both sides of a point.
//!
//! **Tolerances.** The mathematics is compared, so there are some; `differences` states each with its reason.
//!
//! **Kinks.** ReLU and max pooling have no derivative where an input is 0 or two are equal. A reference reports on which
//! side of every kink it was; a difference across a kink is no derivative and is not compared. Inputs of single layers keep
//! away from them, so there every element is compared; in networks few may be left out.
//!
//! **A new layer** needs its definition, `impl Reference for ...` in `reference`, and a test that lists some shapes in
//! `layers`.

mod gradients {
    mod differences;
    mod layers;
    mod loss;
    mod networks;
    mod reference;
}
