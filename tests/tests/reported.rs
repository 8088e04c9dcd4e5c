//! What a training reports of itself: its files against numbers that these tests compute again, from the weights, the
//! journal and the images.
//!
//! A report that is wrong cannot be seen in the weights, and no digest covers it: validation on the wrong images looks
//! like any other validation.

mod reported {
    pub mod again;
    mod measures;
    mod ranking;
    mod split;
    #[path = "../cli/support.rs"]
    #[allow(dead_code, reason = "the tests of the command line use all of it")]
    pub mod support;
    mod verified;
}
