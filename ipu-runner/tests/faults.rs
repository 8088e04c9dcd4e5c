//! Each rule of the machine, broken on purpose.

use std::sync::{Arc, OnceLock};

use ipu_runner::codelets::Codelets;
use ipu_runner::device::Engine as _;
use ipu_runner::graph::{Direction, Edge, Fault, Graph, Kind, Program, Vertex, View};
use ipu_runner::machine::{Library, Machine};
use ipu_runner::target::Target;

/// A graph of `values += scale * total` by two vertices, with something done to it.
fn graph(break_it: impl FnOnce(&mut Parts)) -> Result<Machine, Fault> {
    let mut graph = Graph::new(Codelets::built_in());
    let values = graph.variable("values", Kind::Float, 8);
    let total = graph.variable("total", Kind::Float, 8);
    let scale = graph.constant("scale", Kind::Float, vec![2.0_f32.to_bits()], 0);
    graph.expose(values);
    graph.expose(total);
    let apply = |tile, from: usize, to| Vertex {
        codelet: "Apply",
        tile,
        edges: vec![
            ("values", Edge::View(View::of(values, from..to))),
            ("total", Edge::View(View::of(total, from..to))),
            ("scale", Edge::View(View::of(scale, 0..1))),
        ],
        cycles: 1,
    };
    let mut parts = Parts {
        maps: vec![(values, 0..8, 0), (total, 0..4, 1), (total, 4..8, 2)],
        vertices: vec![apply(0, 0, 4), apply(1, 4, 8)],
        target: Target::GC200,
        graph,
    };
    break_it(&mut parts);
    let Parts { maps, vertices, target, mut graph } = parts;
    for (variable, elements, tile) in maps {
        graph.map(variable, elements, tile);
    }
    let set = graph.compute_set("apply");
    vertices.into_iter().for_each(|vertex| graph.vertex(set, vertex));
    Machine::load(graph, vec![Program::Execute(set)], &target, library(), 1)
}

/// The codelets, compiled once.
fn library() -> Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    Arc::clone(LIBRARY.get_or_init(|| Library::new(&Codelets::built_in()).expect("a C++ compiler")))
}

struct Parts {
    graph: Graph,
    maps: Vec<(ipu_runner::graph::VariableId, std::ops::Range<usize>, u32)>,
    vertices: Vec<Vertex>,
    target: Target,
}

/// Runs it on 1, 2, ... 8 and ones.
fn run(machine: &mut Machine) -> Result<Vec<f32>, Fault> {
    let ids: Vec<_> =
        ["values", "total"].map(|name| machine.graph().find(name).expect("a variable of the graph")).into();
    machine.write(ids[0], &std::array::from_fn::<_, 8, _>(|i| (1.0 + i as f32).to_bits()))?;
    machine.write(ids[1], &[1.0_f32.to_bits(); 8])?;
    machine.run(0)?;
    Ok(machine.read(ids[0], 0..8)?.into_iter().map(f32::from_bits).collect())
}

fn fault(break_it: impl FnOnce(&mut Parts)) -> String {
    graph(break_it).err().expect("it was broken").to_string()
}

#[test]
fn whole_it_runs() {
    let mut machine = graph(|_| {}).expect("nothing is broken");
    assert_eq!(run(&mut machine).expect("it runs"), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
}

#[test]
fn an_unmapped_element() {
    assert_eq!(fault(|parts| parts.maps[2].1 = 5..8), "variable total: element 4 lies on no tile");
}

#[test]
fn an_element_on_two_tiles() {
    let broken = |parts: &mut Parts| parts.maps[2].1 = 3..8;
    assert_eq!(fault(broken), "variable total: element 3 lies on two tiles, 1 and 2");
}

#[test]
fn a_tile_that_does_not_exist() {
    assert_eq!(fault(|parts| parts.maps[2].2 = 1472), "variable total lies on tile 1472; there are 1472");
    let message = fault(|parts| parts.vertices[1].tile = 1472);
    assert_eq!(message, "vertex 1 (Apply) of \"apply\" on tile 1472 lies on tile 1472; there are 1472");
}

#[test]
fn two_that_write_the_same() {
    let message = fault(|parts| {
        let values = parts.maps[0].0;
        parts.vertices[1].edges[0].1 = Edge::View(View::of(values, 3..7));
    });
    let want = "variable values: element 3 is written by vertex 0 (Apply) of \"apply\" on tile 0 and written by vertex 1 (Apply) of \"apply\" on \
                tile 1 in the same compute set";
    assert_eq!(message, want);
}

#[test]
fn one_that_reads_what_another_writes() {
    let message = fault(|parts| {
        let values = parts.maps[0].0;
        parts.vertices[1].edges[1].1 = Edge::View(View::of(values, 0..4));
    });
    assert!(message.contains("element 0 is written by vertex 0 (Apply)"), "{message}");
    assert!(message.contains("and read by vertex 1 (Apply)"), "{message}");
}

#[test]
fn fields_that_do_not_fit() {
    let message = fault(|parts| drop(parts.vertices[0].edges.pop()));
    assert_eq!(message, "vertex 0 (Apply) of \"apply\" on tile 0: field scale: not connected");
    let message = fault(|parts| parts.vertices[0].edges[2].1 = Edge::Word(1));
    assert!(message.ends_with("field scale: connected to something of another form"), "{message}");
    assert!(fault(|parts| parts.vertices[0].codelet = "Applause").ends_with("there is no such codelet"));
    let message = fault(|parts| {
        let words = parts.graph.constant("words", Kind::Word, vec![1; 4], 0);
        parts.vertices[0].edges[1].1 = Edge::View(View::of(words, 0..4));
    });
    assert!(message.ends_with("field total: words has words, the field takes floats"), "{message}");
    let message = fault(|parts| {
        let total = parts.maps[1].0;
        parts.vertices[0].edges[1].1 = Edge::View(View::of(total, 6..10));
    });
    assert!(message.ends_with("field total: total has 8 elements"), "{message}");
}

#[test]
fn a_constant_is_not_written() {
    let message = fault(|parts| {
        let constant = parts.graph.constant("ones", Kind::Float, vec![0; 4], 0);
        parts.vertices[0].edges[0].1 = Edge::View(View::of(constant, 0..4));
    });
    assert_eq!(message, "vertex 0 (Apply) of \"apply\" on tile 0 writes the constant ones");
}

/// What a tile holds is counted: variables, copies of what lies elsewhere, vertices, code, stacks.
#[test]
fn a_tile_with_too_little_memory() {
    // Tile 0: `values` and `scale`, 36 bytes; a copy of half of `total`, 16; the vertex, 3 edges of 8 and 16; code and stacks.
    let used = 36 + 16 + 40 + 2048 + 7 * 256;
    // Four fifths of a tile may be filled.
    let usable = |bytes: u64| (bytes * 100).div_ceil(80);
    assert!(graph(|parts| parts.target.bytes_per_tile = usable(used)).is_ok());
    let message = fault(|parts| parts.target.bytes_per_tile = usable(used - 1));
    let want = format!(
        "out of memory on tile 0: {used} bytes used, {} available; the largest part, 2048 bytes, is code",
        used - 1
    );
    assert_eq!(message, want);
    // A variable that is longer by as much as there is room.
    let more = |elements: usize| {
        graph(|parts| {
            let more = parts.graph.variable("more", Kind::Float, elements);
            parts.graph.expose(more);
            parts.maps.push((more, 0..elements, 0));
            parts.target.bytes_per_tile = usable(used + 400);
        })
    };
    assert!(more(100).is_ok());
    assert!(more(101).is_err());
}

#[test]
fn what_nobody_wrote_is_not_read() {
    let mut machine = graph(|_| {}).expect("nothing is broken");
    let total = machine.graph().find("total").expect("a variable of the graph");
    let values = machine.graph().find("values").expect("a variable of the graph");
    machine.write(values, &[0; 8]).expect("it is exposed");
    machine.write(total, &[0; 6]).expect("it is exposed");
    // The same the second time: a set that failed is checked again.
    machine.run(0).expect_err("two elements are missing");
    let message = machine.run(0).expect_err("two elements are missing").to_string();
    let want =
        "vertex 1 (Apply) of \"apply\" on tile 1 reads element 6 of variable total, which nobody has written";
    assert_eq!(message, want);
    let message = machine.read(total, 0..8).expect_err("two elements are missing").to_string();
    assert_eq!(message, "the host reads element 6 of variable total, which nobody has written");
}

/// Codelets with one text replaced.
fn changed(from: &str, to: &str) -> Arc<Library> {
    Library::new(&Codelets::changed(from, to)).expect("it still compiles")
}

/// A codelet that goes beyond its fields: reading, writing.
#[test]
fn an_index_beyond_the_end() {
    for (from, to) in [
        ("values[i] = values[i] + *scale * total[i];", "values[i] = values[i] + *scale * total[i + 1];"),
        ("values[i] = values[i] + *scale * total[i];", "values[i + 1] = values[i] + *scale * total[i];"),
    ] {
        let good = graph(|_| {}).expect("nothing is broken");
        let mut machine = Machine::load(
            good.graph().clone(),
            good.programs().to_vec(),
            &Target::GC200,
            changed(from, to),
            1,
        )
        .expect("the graph is not broken");
        let message = run(&mut machine).expect_err("an index is too large").to_string();
        assert!(message.ends_with("went beyond the end of a field"), "{message}");
    }
}

/// A codelet that leaves out the first element.
#[test]
fn an_output_that_is_not_written() {
    let library = changed(
        "for (unsigned i = 0; i < values.size(); ++i)\n      values[i] = *number;",
        "for (unsigned i = 1; i < values.size(); ++i)\n      values[i] = *number;",
    );
    let mut graph = Graph::new(Codelets::built_in());
    let values = graph.variable("values", Kind::Float, 8);
    graph.map(values, 0..8, 5);
    let number = graph.constant("number", Kind::Float, vec![0], 0);
    let set = graph.compute_set("fill");
    let edges =
        vec![("values", Edge::View(graph.whole(values))), ("number", Edge::View(graph.whole(number)))];
    graph.vertex(set, Vertex { codelet: "Fill", tile: 5, edges, cycles: 1 });
    let mut machine = Machine::load(graph, vec![Program::Execute(set)], &Target::GC200, library, 1)
        .expect("nothing else is wrong");
    let message = machine.run(0).expect_err("an element is missing").to_string();
    assert_eq!(message, "vertex 0 (Fill) of \"fill\" on tile 5 did not write all of its output values");
}

#[test]
fn what_is_not_exposed_is_not_accessed() {
    let mut machine = graph(|_| {}).expect("nothing is broken");
    let scale = machine.graph().find("scale").expect("a variable of the graph");
    let want = "the host accesses scale, which is not exposed to it";
    assert_eq!(machine.write(scale, &[0]).expect_err("it is not").to_string(), want);
    assert_eq!(machine.read(scale, 0..1).expect_err("it is not").to_string(), want);
}

#[test]
fn copies_that_do_not_fit() {
    let copy = |from: usize, to: usize, kind| {
        let mut graph = Graph::new(Codelets::built_in());
        let (a, b) = (graph.variable("a", Kind::Float, 8), graph.variable("b", kind, 8));
        graph.map(a, 0..8, 0);
        graph.map(b, 0..8, 1);
        let program = Program::Copy { from: View::of(a, 0..from), to: View::of(b, 0..to) };
        Machine::load(graph, vec![program], &Target::GC200, library(), 1).err().map(|fault| fault.to_string())
    };
    assert_eq!(copy(4, 4, Kind::Float), None);
    assert_eq!(copy(4, 5, Kind::Float).as_deref(), Some("copy from a to b: 4 elements to 5"));
    let twice = {
        let mut graph = Graph::new(Codelets::built_in());
        let (a, b) = (graph.variable("a", Kind::Float, 8), graph.variable("b", Kind::Float, 8));
        graph.map(a, 0..8, 0);
        graph.map(b, 0..8, 1);
        let program = Program::Copy { from: View::of(a, 0..4), to: View::every(b, 1, 0, 4) };
        Machine::load(graph, vec![program], &Target::GC200, library(), 1).err().map(|fault| fault.to_string())
    };
    assert_eq!(twice.as_deref(), Some("copy from a to b: element 1 is written twice"));
    assert_eq!(copy(4, 4, Kind::Word).as_deref(), Some("copy from a to b: floats and words"));
    assert_eq!(copy(9, 9, Kind::Float).as_deref(), Some("copy from a to b: elements that do not exist"));
}

/// Streams go record by record, in turns; what does not fit them is refused.
#[test]
fn streams() {
    let mut graph = Graph::new(Codelets::built_in());
    let there = graph.variable("there", Kind::Float, 4);
    graph.map(there, 0..4, 3);
    let from = graph.stream("from host", Kind::Float, 2, Direction::FromHost);
    let to = graph.stream("to host", Kind::Float, 2, Direction::ToHost);
    let step = Program::Sequence(vec![
        Program::FromHost { stream: from, to: View::every(there, 0, 2, 2) },
        Program::ToHost { from: View::every(there, 0, 2, 2), stream: to },
    ]);
    let load = |program: Program| Machine::load(graph.clone(), vec![program], &Target::GC200, library(), 1);
    let mut machine = load(Program::Repeat(3, Box::new(step))).expect("nothing is broken");
    let message = machine.run(0).expect_err("not connected").to_string();
    assert_eq!(message, "stream from host: it is not connected");
    let message = machine.connect(from, vec![1, 2, 3]).expect_err("half a record").to_string();
    assert_eq!(message, "stream from host: 3 elements are no whole records of 2");
    machine.connect(from, vec![1, 2, 3, 4]).expect("two records");
    machine.connect(to, vec![0; 6]).expect("three records");
    machine.run(0).expect("it runs");
    assert_eq!(machine.records(to).expect("it is connected"), [1, 2, 3, 4, 1, 2]);

    let broken = |program| load(program).err().expect("it is broken").to_string();
    let wrong_way = Program::ToHost { from: View::of(there, 0..2), stream: from };
    assert_eq!(broken(wrong_way), "stream from host: it goes the other way");
    let too_long = Program::FromHost { stream: from, to: View::of(there, 0..3) };
    assert_eq!(broken(too_long), "copy from from host to there: 2 elements to 3");
    let mut machine = load(Program::ToHost { from: View::of(there, 2..4), stream: to }).expect("it loads");
    machine.connect(to, vec![0; 2]).expect("a record");
    let message = machine.run(0).expect_err("nobody wrote it").to_string();
    assert_eq!(message, "stream to host reads element 2 of variable there, which nobody has written");
}

/// A tile has no doubles: a constant without its `f` is an error, wherever codelets are compiled to be run here.
#[test]
fn a_double_in_a_codelet_does_not_compile() {
    let codelets = Codelets::changed("weights[e] + factor * total", "weights[e] + 0.5 * factor * total");
    let message = Library::new(&codelets).expect_err("a double").to_string();
    assert!(message.contains("double"), "{message}");
}
