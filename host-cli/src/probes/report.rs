//! What probes found, as lines of `probes.jsonl`: an object per epoch and probe, with steps and directions if asked for.

use random_bases_core::nn::Tensors;
use serde_json::{Map, Value, json};

use super::look::{Look, Sight, What};
use super::watch::{Seen, Watch};
use crate::failure::Failure;
use crate::output::OutputFolder;
use crate::settings::{Probe, Settings};
use crate::training::Training;

/// Mean, standard deviation (of all, divided by their number) and extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    count: u64,
    sum: f64,
    squares: f64,
    least: f32,
    greatest: f32,
}

impl Statistics {
    /// Of nothing.
    pub const NONE: Self =
        Self { count: 0, sum: 0.0, squares: 0.0, least: f32::INFINITY, greatest: f32::NEG_INFINITY };

    /// Of some numbers.
    #[must_use]
    pub fn of(numbers: &[f32]) -> Self {
        let mut statistics = Self::NONE;
        numbers.iter().for_each(|x| statistics.add(*x));
        statistics
    }

    /// Takes up a number.
    pub fn add(&mut self, x: f32) {
        self.count += 1;
        self.sum += f64::from(x);
        self.squares += f64::from(x) * f64::from(x);
        self.least = self.least.min(x);
        self.greatest = self.greatest.max(x);
    }

    /// As members of a JSON object; none if there were no numbers.
    fn to_json(self) -> Map<String, Value> {
        let mut members = Map::new();
        if self.count > 0 {
            let mean = self.sum / self.count as f64;
            let variance = (self.squares / self.count as f64 - mean * mean).max(0.0);
            members.insert("mean".into(), json!(mean));
            members.insert("std".into(), json!(variance.sqrt()));
            members.insert("min".into(), json!(self.least));
            members.insert("max".into(), json!(self.greatest));
        }
        members
    }
}

/// The probes of a run, and what they saw in the epoch at hand.
#[derive(Debug)]
pub struct Report {
    tensors: Vec<String>,
    watch: Watch,
    looks: Vec<Look>,
    detail: bool,
    cosine: Statistics,
    cosines: Vec<Statistics>,
    coordinates: Statistics,
    successive: Statistics,
    /// Lines about steps, until the epoch ends.
    lines: Vec<Value>,
}

impl Report {
    /// What `settings` ask for; `None` if they ask for nothing. `tensors`: of the network; those of layers that follow their gradient
    /// are not compared.
    #[must_use]
    pub fn new(settings: &Settings, tensors: &Tensors) -> Option<Self> {
        let has = |probe| settings.probes.has(probe);
        let look = |what| Look {
            directions: settings.probe_directions as usize,
            bins: settings.bins,
            distance: settings.binsize,
            what,
        };
        let looks = [
            (Probe::Landscape, What::Landscape),
            (Probe::Hessian, What::Hessian),
            (Probe::FullHessian, What::FullHessian),
        ];
        let layers = settings.options().update.sgd_layers;
        let compared = tensors.iter().filter(|tensor| !layers.contains(tensor.layer));
        let tensors: Vec<String> = compared.map(|tensor| tensor.name.to_string()).collect();
        (!settings.probes.0.is_empty()).then(|| Self {
            cosines: vec![Statistics::NONE; tensors.len()],
            tensors,
            watch: Watch {
                correlation: has(Probe::Correlation),
                coordinates: has(Probe::Coordinates),
                successive: has(Probe::Successive),
            },
            looks: looks.into_iter().filter(|(probe, _)| has(*probe)).map(|(_, what)| look(what)).collect(),
            detail: settings.probe_detail,
            cosine: Statistics::NONE,
            coordinates: Statistics::NONE,
            successive: Statistics::NONE,
            lines: Vec::new(),
        })
    }

    /// What is to be watched at every step.
    #[must_use]
    pub const fn watch(&self) -> Watch {
        self.watch
    }

    /// Takes up what was seen in step `step`.
    pub fn take(&mut self, step: u64, seen: &Seen) {
        if let Some(cosine) = seen.cosine {
            self.cosine.add(cosine);
            for (statistics, cosine) in self.cosines.iter_mut().zip(&seen.cosines) {
                statistics.add(*cosine);
            }
        }
        seen.coordinates.iter().for_each(|c| self.coordinates.add(*c));
        if let Some(cosine) = seen.successive {
            self.successive.add(cosine);
        }
        if self.detail {
            let mut line = json!({ "probe": "step", "steps": step + 1 });
            if let Some(cosine) = seen.cosine {
                let cosines = self.tensors.iter().cloned().zip(seen.cosines.iter().map(|x| json!(x)));
                line["correlation"] = json!(cosine);
                line["correlations"] = Value::Object(cosines.collect());
            }
            if !seen.coordinates.is_empty() {
                line["coordinates"] = Value::Object(Statistics::of(&seen.coordinates).to_json());
            }
            if let Some(cosine) = seen.successive {
                line["successive"] = json!(cosine);
            }
            self.lines.push(line);
        }
    }

    /// Writes what was seen in epoch `epoch`, which ends after `steps` steps, and looks around.
    ///
    /// # Errors
    /// [`Failure::Output`], and as [`Training::check`].
    pub fn end_epoch(
        &mut self,
        epoch: u64,
        steps: u64,
        training: &mut dyn Training,
        folder: &mut OutputFolder,
    ) -> Result<(), Failure> {
        for line in std::mem::take(&mut self.lines) {
            folder.probe(&line)?;
        }
        let mut line = |probe: &str, members: Map<String, Value>| {
            let mut object = Map::new();
            object.insert("probe".into(), json!(probe));
            object.insert("epoch".into(), json!(epoch));
            object.insert("steps".into(), json!(steps));
            object.extend(members);
            folder.probe(&Value::Object(object))
        };
        if self.watch.correlation {
            let mut members = self.cosine.to_json();
            let of_tensors = self.tensors.iter().zip(&self.cosines);
            let of_tensors =
                of_tensors.map(|(name, cosines)| (name.clone(), Value::Object(cosines.to_json())));
            members.insert("tensors".into(), Value::Object(of_tensors.collect()));
            line("correlation", members)?;
        }
        if self.watch.coordinates {
            line("coordinates", self.coordinates.to_json())?;
        }
        if self.watch.successive {
            line("successive", self.successive.to_json())?;
        }
        for look in &self.looks {
            let (probe, members) = self.describe(look, training.look(*look));
            training.check()?;
            line(probe, members)?;
        }
        (self.cosine, self.coordinates, self.successive) =
            (Statistics::NONE, Statistics::NONE, Statistics::NONE);
        self.cosines.fill(Statistics::NONE);
        Ok(())
    }

    /// What was seen, as members of a JSON object, and what to call it.
    fn describe(&self, look: &Look, sight: Sight) -> (&'static str, Map<String, Value>) {
        match sight {
            Sight::Landscape(profiles) => {
                let middle = (look.bins / 2) as i32;
                let places: Vec<f32> =
                    (0..look.bins as i32).map(|bin| (bin - middle) as f32 * look.distance).collect();
                let mut members = Map::new();
                members.insert("places".into(), json!(places));
                members.insert("losses".into(), json!(profiles));
                ("landscape", members)
            }
            Sight::Hessian(curvature) => {
                let mut members = Statistics::of(&curvature.along).to_json();
                members.insert("norm".into(), json!(curvature.norm()));
                members.insert("diagonal_norm".into(), json!(curvature.diagonal_norm));
                if self.detail {
                    members.insert("along".into(), json!(curvature.along));
                }
                ("hessian", members)
            }
            Sight::FullHessian(rows) => {
                let all: Vec<f32> = rows.iter().flatten().copied().collect();
                let square = |x: &f32| f64::from(*x) * f64::from(*x);
                let along: Vec<f32> = rows.iter().enumerate().map(|(i, row)| row[i]).collect();
                let mut members = Statistics::of(&along).to_json();
                members.insert("norm".into(), json!(all.iter().map(square).sum::<f64>().sqrt()));
                if self.detail {
                    members.insert("matrix".into(), json!(rows));
                }
                ("full-hessian", members)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_all_numbers() {
        let members = Statistics::of(&[1.0, 3.0, -2.0, 2.0]).to_json();
        assert_eq!(
            (&members["mean"], &members["min"], &members["max"]),
            (&json!(1.0), &json!(-2.0), &json!(3.0))
        );
        assert_eq!(members["std"], json!(3.5f64.sqrt()));
        assert!(Statistics::NONE.to_json().is_empty());
    }
}
