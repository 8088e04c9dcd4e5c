//! What a test found: a list of checks, and the verdict on all of them.

use std::fmt;

/// The probability with which a test rejects a perfect generator.
pub const SIGNIFICANCE: f64 = 1e-4;

/// The checks of one test.
#[derive(Default)]
pub struct Findings(Vec<Check>);

/// One check.
struct Check {
    label: String,
    /// The statistic, for people: a number of standard deviations, a distance, a sum.
    value: f64,
    /// The probability of a deviation at least as large.
    p: f64,
}

impl Findings {
    /// Adds a check.
    pub fn add(&mut self, label: impl Into<String>, value: f64, p: f64) {
        self.0.push(Check { label: label.into(), value, p });
    }

    /// Adds a check of a value that is N(0, 1).
    pub fn add_z(&mut self, label: impl Into<String>, z: f64) {
        self.add(label, z, crate::theory::p_of_z(z));
    }

    /// Adds a check of something that must hold whatever the luck.
    pub fn add_fact(&mut self, label: impl Into<String>, holds: bool) {
        self.add(label, f64::from(u8::from(holds)), if holds { 1.0 } else { 0.0 });
    }

    /// Adds all checks of another list.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Below this p a check fails. A p that is not a number fails, too.
    fn threshold(&self) -> f64 {
        SIGNIFICANCE / self.0.len() as f64
    }

    fn fails(&self, check: &Check) -> bool {
        check.p.is_nan() || check.p < self.threshold()
    }

    /// The verdict on a good generator.
    ///
    /// # Panics
    /// If a check fails.
    pub fn accept(&self, title: &str) {
        println!("{title}\n{self}");
        assert!(!self.0.iter().any(|check| self.fails(check)), "{title}: rejected\n{self}");
    }

    /// The verdict on a bad one.
    ///
    /// # Panics
    /// If for one of the labels no check that starts with it fails.
    pub fn reject(&self, title: &str, labels: &[&str]) {
        println!("{title}\n{self}");
        for label in labels {
            let failed = self.0.iter().any(|check| check.label.starts_with(label) && self.fails(check));
            assert!(failed, "{title}: not rejected by '{label}'\n{self}");
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.0 {
            let mark = if self.fails(check) { "  <--" } else { "" };
            writeln!(f, "  {:<44} {:>12.5} p {:.2e}{mark}", check.label, check.value, check.p)?;
        }
        Ok(())
    }
}
