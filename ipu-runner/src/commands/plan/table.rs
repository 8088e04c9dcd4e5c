//! The plan as a table.

use std::collections::BTreeSet;
use std::io::{Result, Write};

use random_bases::run_spec::RunSpec;

use super::replicas::Replicas;
use crate::graph::Graph;
use crate::machine::{Cost, Usage};
use crate::target::{Target, USABLE_PERCENT};
use crate::timing::assumptions;

/// Width of what stands before a total.
const LABEL: usize = 34;

/// What is printed.
pub(super) struct Table<'p> {
    pub spec: &'p RunSpec,
    /// The chips of one worker.
    pub target: &'p Target,
    pub replicas: &'p Replicas,
    pub costs: Vec<Group>,
    pub usage: &'p Usage,
    /// Tiles that have vertices.
    pub computing: usize,
}

/// Steps of the same name, added up: layers have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group(Cost);

/// How many tiles have vertices.
pub(super) fn computing(graph: &Graph) -> usize {
    let tiles = graph.sets().iter().flat_map(|set| set.vertices.iter().map(|vertex| vertex.tile));
    tiles.collect::<BTreeSet<_>>().len()
}

/// Adds up what has the same name, each as often as it is executed.
pub(super) fn merge(costs: Vec<Cost>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for cost in costs {
        let times = cost.times;
        let index = groups.iter().position(|Group(there)| there.name == cost.name).unwrap_or_else(|| {
            groups.push(Group(Cost { name: cost.name.clone(), ..Cost::default() }));
            groups.len() - 1
        });
        let there = &mut groups[index].0;
        there.times += times;
        there.vertices += cost.vertices;
        there.tiles = there.tiles.max(cost.tiles);
        there.compute += times * cost.compute;
        there.rows += times * cost.rows;
        there.total += times * cost.total;
        there.exchange += times * cost.exchange;
        there.arranging += times * cost.arranging;
        there.bytes += times * cost.bytes;
        there.linked += times * cost.linked;
        there.sync += times * cost.sync;
    }
    groups
}

fn kib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1024.0)
}

fn percent(part: u64, all: u64) -> String {
    format!("{:.1} %", if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 })
}

impl Table<'_> {
    /// Which step, on which machine.
    pub fn title(&self) -> String {
        let Self { spec, target, replicas, .. } = self;
        let workers =
            if replicas.count > 1 { format!("{} workers, each ", replicas.count) } else { String::new() };
        format!(
            "{}, {}, D = {}, d = {}, {} images, {workers}on {} x {} ({} tiles, {:.2} GHz)",
            spec.network.name(),
            spec.method.name(),
            spec.network.params(),
            spec.dimensions,
            spec.batch,
            target.ipus,
            target.name,
            target.tiles(),
            target.clock / 1e9
        )
    }

    fn sum(&self, of: impl Fn(&Cost) -> u64) -> u64 {
        self.costs.iter().map(|Group(cost)| of(cost)).sum()
    }

    /// Busy tiles, of all, in hundredths: turns of computing.
    fn busy(&self, total: u64, compute: u64) -> f64 {
        match compute * u64::from(self.target.tiles()) {
            0 => 0.0,
            all => 100.0 * total as f64 / all as f64,
        }
    }

    pub fn print(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "{}\n", self.title())?;
        self.supersteps(out)?;
        writeln!(out)?;
        self.time(out)?;
        self.memory(out)?;
        writeln!(out)?;
        assumptions().iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    fn supersteps(&self, out: &mut impl Write) -> Result<()> {
        let several = self.target.ipus > 1;
        let width = self.costs.iter().map(|Group(cost)| cost.name.len()).max().unwrap_or(0).max(28);
        let links = if several { "   KiB linked" } else { "" };
        writeln!(
            out,
            "{:<width$} {:>5} {:>9} {:>6} {:>6} {:>10} {:>9} {:>9} {:>7} {:>10}{links}",
            "superstep",
            "times",
            "vertices",
            "tiles",
            "busy",
            "compute",
            "exchange",
            "arrange",
            "sync",
            "KiB moved"
        )?;
        for Group(cost) in &self.costs {
            let links = if several { format!(" {:>12}", kib(cost.linked)) } else { String::new() };
            writeln!(
                out,
                "{:<width$} {:>5} {:>9} {:>6} {:>5.0}% {:>10} {:>9} {:>9} {:>7} {:>10}{links}",
                cost.name,
                cost.times,
                cost.vertices,
                cost.tiles,
                self.busy(cost.total, cost.compute),
                cost.compute,
                cost.exchange,
                cost.arranging,
                cost.sync,
                kib(cost.bytes)
            )?;
        }
        Ok(())
    }

    fn time(&self, out: &mut impl Write) -> Result<()> {
        let own = self.sum(Cost::turns);
        let travel = self.replicas.travel(self.target);
        let all = own + travel.map_or(0, |travel| travel.turns);
        let of = |turns: u64| format!("{turns} cycles, {:.1} us", turns as f64 / self.target.clock * 1e6);
        if let Some(travel) = travel {
            writeln!(out, "{:<LABEL$} {}", "supersteps of each worker", of(own))?;
            let what = format!(
                "{} ({} bytes to each, over links, a sync of all chips)",
                of(travel.turns),
                travel.bytes
            );
            writeln!(out, "{:<LABEL$} {what}", "coordinates between workers")?;
        }
        writeln!(out, "{:<LABEL$} {}", "a step", of(all))?;
        let (rows, compute) = (self.sum(|cost| cost.rows), self.sum(|cost| cost.compute));
        let shares = [
            ("of it making rows, with products", rows),
            ("of it computing else", compute - rows),
            ("of it exchange", self.sum(|cost| cost.exchange)),
            ("of it arranging", self.sum(|cost| cost.arranging)),
            ("of it synchronising", self.sum(|cost| cost.sync)),
        ];
        for (what, turns) in shares {
            writeln!(out, "{what:<LABEL$} {}", percent(turns, all))?;
        }
        let busy = self.busy(self.sum(|cost| cost.total), compute);
        writeln!(out, "{:<LABEL$} {busy:.1} %", "tiles busy, of all computing")?;
        writeln!(out, "{:<LABEL$} {}", "bytes exchanged", self.sum(|cost| cost.bytes))
    }

    fn memory(&self, out: &mut impl Write) -> Result<()> {
        let tiles = self.target.tiles();
        let used: Vec<_> = (0..tiles).map(|tile| self.usage.of(tile)).collect();
        let most = used.iter().max().copied().unwrap_or(0);
        let mean = used.iter().sum::<u64>() / u64::from(tiles);
        let (usable, all) = (self.target.usable_bytes(), self.target.bytes_per_tile);
        let at = used.iter().position(|bytes| *bytes == most).unwrap_or(0);
        writeln!(
            out,
            "{:<LABEL$} {most} at most (tile {at}), {mean} on average; may be {usable}, {USABLE_PERCENT} % of {all}",
            "bytes per tile"
        )?;
        let largest =
            self.usage.tiles.get(&(at as u32)).and_then(|parts| parts.iter().max_by_key(|part| part.1));
        if let Some((what, bytes)) = largest {
            writeln!(out, "{:<LABEL$} {bytes} bytes: {what}", "the most of it")?;
        }
        let holding = used.iter().filter(|bytes| **bytes > 0).count();
        writeln!(out, "{:<LABEL$} {} compute, {holding} hold something", "tiles used", self.computing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_name_are_added_up_as_often_as_they_happen() {
        let cost = |times, vertices, tiles, compute| Cost {
            name: "lift".into(),
            times,
            vertices,
            tiles,
            compute,
            rows: compute / 2,
            total: 3 * compute,
            exchange: 5,
            arranging: 7,
            bytes: 11,
            linked: 13,
            sync: 17,
        };
        let merged = merge(vec![cost(1, 10, 4, 100), cost(3, 20, 8, 200)]);
        let want = Cost {
            name: "lift".into(),
            times: 4,
            vertices: 30,
            tiles: 8,
            compute: 700,
            rows: 350,
            total: 2100,
            exchange: 20,
            arranging: 28,
            bytes: 44,
            linked: 52,
            sync: 68,
        };
        assert_eq!(merged, [Group(want)]);
    }
}
