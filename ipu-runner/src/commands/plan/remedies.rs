//! What to do if a step does not fit: found by planning other cases.

use random_bases::failure::Failure;
use random_bases_core::descent::Method;

use super::case::Case;
use super::replicas::Replicas;
use crate::args::IPUS_MAX;
use crate::graph::Fault;
use crate::target::Target;

/// How often an option is halved or doubled before it is given up.
const TRIES: u32 = 8;

/// A case that a changed option makes, and how the option reads on the command line.
type Changed = Option<(Case, String)>;

/// An option: the case that another half, or double, of it makes; `None` at its end.
type Change = fn(&Case, &Replicas) -> Changed;

/// The options that could help.
const CHANGES: [Change; 4] = [dimensions, batch, chips, chip];

/// The failure of a case that does not fit, with every option that would make it fit alone.
pub(super) fn failure(case: &Case, replicas: &Replicas, fault: &Fault) -> Failure {
    let fits: Vec<_> = CHANGES.iter().filter_map(|change| search(case, replicas, fault, *change)).collect();
    let missing = match fault {
        Fault::Memory { used, available, .. } => used - available,
        _ => return Failure::internal(fault.to_string()),
    };
    let advice = if fits.is_empty() {
        "no single option of base_dimensions, batch_size, ipus and target makes it fit; try several".into()
    } else {
        format!("what fits: {}", fits.join("; or "))
    };
    Failure::configuration(format!("{fault}: {missing} bytes too few; {advice}"))
}

/// Halves or doubles an option until everything fits.
fn search(case: &Case, replicas: &Replicas, fault: &Fault, change: Change) -> Option<String> {
    let (mut case, mut before) = (case.clone(), used(fault));
    for _ in 0..TRIES {
        let (next, name) = change(&case, replicas)?;
        match next.fault().ok()? {
            None => return Some(name),
            // It has nothing to do with it.
            Some(fault) if used(&fault) >= before - before / 50 => return None,
            Some(fault) => (case, before) = (next, used(&fault)),
        }
    }
    None
}

fn used(fault: &Fault) -> u64 {
    if let Fault::Memory { used, .. } = fault { *used } else { u64::MAX }
}

fn dimensions(case: &Case, _: &Replicas) -> Changed {
    let mut case = case.clone();
    let step = if case.spec.antithetic { 2 } else { 1 };
    let half = case.spec.dimensions / 2 / step * step;
    let workers = case.spec.options.workers.count;
    if case.spec.method == Method::Sgd || half < workers.max(step) {
        return None;
    }
    case.spec.dimensions = half;
    Some((case, format!("--base-dimensions {half}")))
}

fn batch(case: &Case, _: &Replicas) -> Changed {
    let mut case = case.clone();
    case.spec.batch /= 2;
    let name = format!("--batch-size {}", case.spec.batch);
    (case.spec.batch > 0).then_some((case, name))
}

fn chips(case: &Case, replicas: &Replicas) -> Changed {
    let mut case = case.clone();
    case.target.ipus *= 2;
    let all = case.target.ipus * replicas.count;
    (all <= IPUS_MAX).then_some((case, format!("--ipus {all}")))
}

fn chip(case: &Case, _: &Replicas) -> Changed {
    let larger = Target { ipus: case.target.ipus, ..Target::GC200 };
    if case.target.bytes_per_tile >= larger.bytes_per_tile {
        return None;
    }
    let mut case = case.clone();
    case.target = larger;
    Some((case, format!("--target {}", larger.name)))
}
