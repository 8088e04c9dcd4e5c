//! Every operation has codelets, every codelet an operation, and what codelets know of the numeric contract is the core's.

use std::collections::{BTreeMap, BTreeSet};

use ipu_runner::codelets::{Codelets, HEADERS, SOURCES, header};
use ipu_runner::graph::{Kind, Program, check};
use ipu_runner::lower::{Builder, Law, Operation, Rows};
use ipu_runner::target::Target;
use random_bases_core::basis::Distribution;
use random_bases_core::contract;
use random_bases_core::random::{Domain, Key};
use random_bases_core::step::Work;
use random_bases_core::subspace::{Basis, Normalisation};

/// The laws of all distributions, as lowering names them.
fn laws() -> Vec<Law> {
    let law = |distribution| {
        let basis = Basis {
            key: Key::new(Domain::Basis, 1, 0, 0, 0),
            redraws: None,
            distribution,
            normalisation: Normalisation::Mean,
            dimensions: 8,
            antithetic: false,
        };
        let work = Work::Lift { basis: &basis, coefficients: &[0.0; 8], scale: 1.0 };
        match ipu_runner::lower::operation(&work).expect("it has codelets").0 {
            Operation::Lift(rows) => rows.law,
            other => panic!("{other:?}"),
        }
    };
    Distribution::EXAMPLES.into_iter().map(law).collect()
}

/// An operation on small buffers: the kinds and lengths of its operands, and the length of its output.
type Example = (Operation, Vec<(Kind, usize)>, usize);

/// An example of every operation. The match below does not compile when one is missing there.
fn examples() -> Vec<Example> {
    use Kind::{Float, Word};
    let mut examples: Vec<Example> = vec![
        (Operation::Fill, vec![(Float, 1)], 40),
        (Operation::InitialWeights(2), vec![(Word, 4), (Word, 2), (Float, 2)], 5000),
        (Operation::Combine, vec![(Float, 40)], 20),
        (Operation::Roots, vec![], 20),
        (Operation::DivideByNorms, vec![(Float, 20)], 20),
        (
            Operation::Coefficients { integrated: false, mean: 0 },
            vec![(Float, 20), (Float, 20), (Float, 1)],
            20,
        ),
        (
            Operation::Coefficients { integrated: true, mean: 20 },
            vec![(Float, 20), (Float, 20), (Float, 1), (Float, 20)],
            20,
        ),
        (Operation::Integrate, vec![(Float, 1), (Float, 20)], 20),
        (Operation::Apply, vec![(Float, 20), (Float, 1)], 20),
        (Operation::DenseForward([6, 4]), vec![(Float, 28), (Float, 12)], 8),
        (Operation::DenseBackward([6, 4]), vec![(Float, 28), (Float, 8)], 12),
        (Operation::DenseGradient([6, 4]), vec![(Float, 12), (Float, 8)], 28),
        (Operation::ConvForward([5, 6, 2, 4, 3]), vec![(Float, 76), (Float, 120)], 96),
        (Operation::ConvBackward([5, 6, 2, 4, 3]), vec![(Float, 76), (Float, 96)], 120),
        (Operation::ConvGradient([5, 6, 2, 4, 3]), vec![(Float, 120), (Float, 96)], 76),
        (Operation::Pad([3, 4, 2, 1]), vec![(Float, 48)], 120),
        (Operation::Crop([3, 4, 2, 1]), vec![(Float, 120)], 48),
        (Operation::MaxPoolForward([5, 5, 2]), vec![(Float, 100)], 16),
        (Operation::MaxPoolBackward([5, 5, 2]), vec![(Float, 100), (Float, 16)], 100),
        (Operation::Rectify, vec![(Float, 20), (Float, 20)], 20),
        (Operation::LossDeltas(5), vec![(Float, 20), (Word, 4)], 20),
        (Operation::Metrics(5), vec![(Float, 20), (Word, 4)], 8),
    ];
    for law in laws() {
        let rows = Rows { law, antithetic: false, own_keys: false, dimensions: 8 };
        let (first, count, params) = (0, 8, 5000);
        let keys = vec![(Word, 4)];
        let project = Operation::Project { rows, first, count, params };
        examples.push((project, vec![(Word, 4), (Float, params)], 16));
        examples.push((Operation::Lift(rows), vec![(Word, 4), (Float, 8), (Float, 1)], params));
        if !law.rotated {
            examples.push((Operation::SquaredNorms { rows, first, count, params }, keys, 16));
        }
    }
    // So many directions that they are lifted in waves.
    let rows = Rows { law: laws()[0], antithetic: false, own_keys: false, dimensions: 32_768 };
    examples.push((Operation::Lift(rows), vec![(Word, 4), (Float, 32_768), (Float, 1)], 5000));
    for (operation, ..) in &examples {
        match operation {
            Operation::Fill
            | Operation::InitialWeights(_)
            | Operation::Project { .. }
            | Operation::SquaredNorms { .. }
            | Operation::Combine
            | Operation::Roots
            | Operation::DivideByNorms
            | Operation::Coefficients { .. }
            | Operation::Integrate
            | Operation::Lift(_)
            | Operation::Apply
            | Operation::DenseForward(_)
            | Operation::DenseBackward(_)
            | Operation::DenseGradient(_)
            | Operation::ConvForward(_)
            | Operation::ConvBackward(_)
            | Operation::ConvGradient(_)
            | Operation::Pad(_)
            | Operation::Crop(_)
            | Operation::MaxPoolForward(_)
            | Operation::MaxPoolBackward(_)
            | Operation::Rectify
            | Operation::LossDeltas(_)
            | Operation::Metrics(_) => {}
        }
    }
    examples
}

/// All operations make graphs that keep every rule, and together they use every codelet there is.
#[test]
fn every_operation_has_codelets_and_every_codelet_an_operation() {
    let mut used = BTreeSet::new();
    for (operation, operands, len) in examples() {
        let mut builder = Builder::new(&Target::GC200);
        let views: Vec<_> = operands
            .iter()
            .enumerate()
            .map(|(i, (kind, len))| {
                let operand = builder.spread(format!("operand {i}"), *kind, *len);
                builder.graph.whole(operand)
            })
            .collect();
        let out = builder.spread("output", Kind::Float, len);
        let whole = builder.graph.whole(out);
        builder.add("it", &operation, &views, whole);
        let (graph, program) = builder.finish();
        check(&graph, std::slice::from_ref(&program), Target::GC200.tiles())
            .unwrap_or_else(|fault| panic!("{operation:?}: {fault}"));
        let Program::Sequence(parts) = program else { panic!("a sequence") };
        assert!(!parts.is_empty(), "{operation:?} does nothing");
        used.extend(graph.sets().iter().flat_map(|set| set.vertices.iter().map(|vertex| vertex.codelet)));
    }
    let codelets = Codelets::built_in();
    let all: BTreeSet<_> = codelets.iter().map(|codelet| codelet.name.as_str()).collect();
    assert_eq!(used, all);
}

/// Words of a source that are written in capitals: constants.
fn capitals(text: &str) -> BTreeSet<&str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    let words = code.flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
    let constant = |word: &&str| {
        word.len() > 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    words.filter(constant).collect()
}

/// Every constant that a codelet names is in the header, with the core's bits; and every constant of the core is used.
#[test]
fn constants_are_those_of_the_core() {
    let header = header();
    let defined: BTreeMap<_, _> = header
        .lines()
        .filter_map(|line| line.strip_prefix("constexpr unsigned ")?.strip_suffix("u;")?.split_once(" = 0x"))
        .map(|(name, value)| (name, u32::from_str_radix(value, 16).expect("a word")))
        .collect();
    let mut expected = BTreeMap::new();
    for (name, values) in contract::CONSTANTS {
        for (i, value) in values.iter().enumerate() {
            let name = if values.len() == 1 { (*name).to_string() } else { format!("{name}_{i}") };
            expected.insert(name, *value);
        }
    }
    let of_core: BTreeMap<_, _> = expected.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(defined, of_core);
    let sources = || SOURCES.iter().chain(&HEADERS).map(|(_, text)| *text);
    let mut named: BTreeSet<_> = sources().flat_map(capitals).collect();
    // How many lanes go side by side is the compiler's matter, not the contract's.
    let own =
        sources().flat_map(str::lines).filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    assert_eq!(own.map(|(name, _)| name).collect::<Vec<_>>(), ["SIDE_BY_SIDE"]);
    assert!(named.remove("SIDE_BY_SIDE"), "it is used");
    assert_eq!(named, defined.keys().copied().collect());
}
