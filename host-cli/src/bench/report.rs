//! What was measured: a table for people, JSON for programs.

use std::io::Write;

use random_bases_core::numerics::CONTRACT;
use serde_json::{Value, json};

use super::{Amount, Group, Measured, Plan, clock, executor, median, probe};
use crate::executor::Threads;
use crate::failure::Failure;
use crate::vector::Level;

/// What the probe saw.
#[derive(Clone, Copy)]
struct Probed {
    /// Turns of the clock per second.
    frequency: f64,
    /// Operations per second on one thread, and on all.
    throughput: [f64; 2],
}

/// Everything measured.
pub struct Report {
    plan: Plan,
    probes: Vec<Probed>,
    groups: Vec<(Group, Vec<Measured>)>,
    executors: [Threads; 2],
}

/// What to know about the machine.
#[must_use]
pub fn description() -> Value {
    json!({
        "processor": processor(),
        "cores": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "architecture": std::env::consts::ARCH,
        "system": std::env::consts::OS,
        "levels": Level::ALL.into_iter().filter(|level| level.available()).map(Level::name).collect::<Vec<_>>(),
        "version": env!("CARGO_PKG_VERSION"),
        "numeric_contract": CONTRACT,
    })
}

/// The processor's name, where the system tells.
fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = about.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = field("model name").unwrap_or_else(|| "unknown".into());
    match (field("cpu family"), field("model\t")) {
        (Some(family), Some(model)) => format!("{name} (family {family}, model {model})"),
        _ => name,
    }
}

impl Report {
    /// Nothing yet.
    ///
    /// # Errors
    /// [`Failure::Configuration`] if the system gives no threads.
    pub fn new(plan: Plan) -> Result<Self, Failure> {
        let executors = [executor((plan.best(), 1))?, executor(plan.all())?];
        Ok(Self { plan, probes: Vec::new(), groups: Vec::new(), executors })
    }

    pub(super) fn probe(&mut self) {
        let throughput = self.executors.each_mut().map(probe::throughput_when_warm);
        self.probes.push(Probed { frequency: clock::frequency(), throughput });
    }

    pub(super) fn add(&mut self, group: Group, measured: Vec<Measured>) {
        self.groups.push((group, measured));
    }

    /// The clock's frequency: that of the best moment.
    fn frequency(&self) -> f64 {
        self.probes.iter().map(|probe| probe.frequency).fold(0.0, f64::max)
    }

    /// A table of the group measured last.
    ///
    /// # Errors
    /// As writing.
    pub fn write_last(&self, out: &mut impl Write) -> std::io::Result<()> {
        let Some((group, all)) = self.groups.last() else { return Ok(()) };
        writeln!(out, "\n{group:?}")?;
        writeln!(
            out,
            "{:<44} {:<8} {:>7} {:>10} {:>10} {:>12} {:>9} {:>10}",
            "", "level", "threads", "median ms", "best ms", "rate", "cyc/16", "MiB"
        )?;
        for measured in all {
            let (middle, best) = (median(&measured.rounds), least(&measured.rounds));
            let (rate, cycles) = self.rates(measured);
            writeln!(
                out,
                "{:<44} {:<8} {:>7} {:>10.3} {:>10.3} {:>12} {:>9} {:>10.2}",
                measured.about.name,
                measured.about.level.name(),
                measured.about.threads,
                middle * 1e3,
                best * 1e3,
                rate,
                cycles,
                measured.about.bytes as f64 / f64::from(1 << 20),
            )?;
        }
        out.flush()
    }

    /// How fast, by the best round; and turns of the clock per sixteen elements, of one thread.
    fn rates(&self, measured: &Measured) -> (String, String) {
        let best = least(&measured.rounds);
        match measured.about.amount {
            Amount::Elements(n) => {
                let cycles = best * self.frequency() / (n / 16.0);
                let cycles = if measured.about.threads == 1 { format!("{cycles:.2}") } else { String::new() };
                (format!("{:.2} G/s", n / best / 1e9), cycles)
            }
            Amount::Operations(n) => (format!("{:.1} GFLOP/s", n / best / 1e9), String::new()),
            Amount::Steps(n) => (format!("{:.1} steps/s", n / best), String::new()),
        }
    }

    /// The machine, and what the probe saw at first and at last.
    ///
    /// # Errors
    /// As writing.
    pub fn write_machine(&self, out: &mut impl Write) -> std::io::Result<()> {
        let about = description();
        let word = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
        writeln!(out, "\n{}, {} cores, {}", word("processor"), about["cores"], word("architecture"))?;
        if let (Some(first), Some(last)) = (self.probes.first(), self.probes.last()) {
            for (when, probe) in [("before", first), ("after", last)] {
                let [one, all] = probe.throughput.map(|x| x / 1e9);
                let clock = probe.frequency / 1e9;
                writeln!(
                    out,
                    "probe {when:<7} {one:.1} G operations/s on one thread, {all:.1} on {}; clock {clock:.2} GHz",
                    self.plan.threads
                )?;
            }
            let middle = |k: usize| median(&self.probes.iter().map(|p| p.throughput[k]).collect::<Vec<_>>());
            let range = |k: usize| {
                let all = || self.probes.iter().map(|probe| probe.throughput[k]);
                all().fold(f64::INFINITY, f64::min)..all().fold(0.0, f64::max)
            };
            let range = range(0);
            writeln!(
                out,
                "probe of all rounds: {:.2} times as much on all threads; from {:.0} % to {:.0} % of the median on one",
                middle(1) / middle(0),
                range.start / middle(0) * 100.0,
                range.end / middle(0) * 100.0
            )?;
        }
        writeln!(out, "Compare figures of one run with each other only; not times of different runs.")?;
        out.flush()
    }

    /// All of it, raw.
    #[must_use]
    pub fn json(&self) -> Value {
        let probes = self.probes.iter().map(|probe| {
            json!({ "frequency": probe.frequency, "one": probe.throughput[0], "all": probe.throughput[1] })
        });
        let groups = self.groups.iter().map(|(group, all)| {
            let cases = all.iter().map(|case| {
                let (unit, amount) = match case.about.amount {
                    Amount::Elements(n) => ("elements", n),
                    Amount::Operations(n) => ("operations", n),
                    Amount::Steps(n) => ("steps", n),
                };
                json!({
                    "name": case.about.name, "level": case.about.level.name(), "threads": case.about.threads,
                    "unit": unit, "amount": amount, "bytes": case.about.bytes, "seconds": case.rounds,
                })
            });
            json!({ "group": format!("{group:?}").to_lowercase(), "cases": cases.collect::<Vec<_>>() })
        });
        json!({
            "machine": description(),
            "threads": self.plan.threads,
            "probes": probes.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(),
        })
    }
}

fn least(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::INFINITY, f64::min)
}
