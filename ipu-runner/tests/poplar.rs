//! The way to Poplar, up to Poplar: the shim is compiled against the stand-in for its headers, behind which is the tile machine.

mod stand_in;
mod trainings;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use clap::Parser as _;
use ipu_runner::codelets::Codelets;
use ipu_runner::commands::train::on;
use ipu_runner::device::{Device, Engine as _};
use ipu_runner::executor::TileExecutor;
use ipu_runner::graph::{Direction, Edge, Graph, Kind, Program, VariableId, Vertex, View};
use ipu_runner::poplar::{Popc, PoplarDevice, PoplarEngine, PoplarHandle, Shim};
use ipu_runner::target::Target;
use random_bases::args::{Arguments, Command as Subcommand};
use random_bases::commands;
use random_bases::executor::Threads;
use random_bases_core::basis::Distribution;
use random_bases_core::descent::Method;
use random_bases_core::nn::{Cnn28, Fc28, Small8};
use random_bases_core::numerics::Array;
use random_bases_core::step::Serial;
use random_bases_core::subspace::add_to_weights;
use stand_in::{libraries, of_crate, succeed};
use tempfile::TempDir;
use trainings::{compare, subspace};

/// The shim, compiled once.
fn shim() -> &'static Arc<Shim> {
    static SHIM: OnceLock<(TempDir, Arc<Shim>)> = OnceLock::new();
    let make = || {
        let (folder, libraries) = (tempfile::tempdir().expect("a folder"), libraries());
        let library = folder.path().join("libshim.so");
        succeed(
            Command::new("c++")
                .args(["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I"])
                .args([of_crate("stand-in"), of_crate("shim/poplar_shim.cpp")])
                .arg("-L")
                .arg(&libraries)
                .arg("-lipu_runner")
                .arg(format!("-Wl,-rpath,{}", libraries.display()))
                .arg("-o")
                .arg(&library),
        );
        let shim = Shim::open(&library).unwrap_or_else(|error| panic!("{error}"));
        (folder, shim)
    };
    &SHIM.get_or_init(make).1
}

fn popc() -> Popc {
    Popc::at(of_crate("stand-in/popc"))
}

fn model(target: &Target, popc: Popc) -> Arc<PoplarDevice> {
    Arc::new(PoplarDevice::ipu_model(shim(), target, popc).unwrap_or_else(|error| panic!("{error}")))
}

fn ipu() -> Arc<PoplarDevice> {
    Arc::new(PoplarDevice::ipu(shim(), &Target::GC200, popc()).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn devices_say_what_they_are() {
    let device = ipu();
    assert_eq!(device.name(), "the stand-in for Poplar: IPUs, 1472 tiles of ipu2");
    assert_eq!(*device.target(), Target::GC200);
    let two = Target { ipus: 2, tiles_per_ipu: 100, ..Target::GC2 };
    let device = model(&two, popc());
    assert_eq!(device.name(), "the stand-in for Poplar: IPU Model, 200 tiles of ipu1");
    assert_eq!(*device.target(), two);
}

/// Evaluations between steps take the device; the training goes on with its weights all the same.
#[test]
fn a_training_with_evaluations_has_the_processors_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = |output: &str| {
        let flags = "random-bases train --preset small --train-images 100 --test-images 20 -d 12 --epochs 2 --stop-on-nan false --progress never \
                     --output";
        let words =
            flags.split_whitespace().map(Into::into).chain([folder.path().join(output).into_os_string()]);
        match Arguments::parse_from(words).command {
            Subcommand::Train(arguments) => *arguments,
            _ => unreachable!("it is train"),
        }
    };
    commands::train::start(arguments("here"), &mut Vec::new()).unwrap_or_else(|failure| panic!("{failure}"));
    on(&|| Ok(ipu()), arguments("there"), &mut Vec::new()).unwrap_or_else(|failure| panic!("{failure}"));
    for file in ["journal.rbases", "weights.safetensors"] {
        let read = |run: &str| fs::read(folder.path().join(run).join(file)).expect("it was written");
        assert!(read("here") == read("there"), "{file} differs");
    }
}

#[test]
fn small_rbd_has_the_processors_bits() {
    for distribution in [Distribution::Normal, Distribution::Rademacher] {
        compare::<Small8, 8>(ipu(), Method::Rbd, subspace(37, distribution), 3, 32)
            .unwrap_or_else(|what| panic!("{what}"));
    }
}

/// Its first step is another program than the others, so that one graph takes the place of another.
#[test]
fn small_fpd_has_the_processors_bits() {
    let device = model(&Target::GC200, popc());
    compare::<Small8, 8>(device, Method::Fpd, subspace(16, Distribution::Normal), 3, 32)
        .unwrap_or_else(|what| panic!("{what}"));
}

#[test]
fn fc_rbd_has_the_processors_bits() {
    let device = model(&Target::GC200, popc());
    compare::<Fc28, 28>(device, Method::Rbd, subspace(16, Distribution::Normal), 2, 32)
        .unwrap_or_else(|what| panic!("{what}"));
}

/// Convolutions have views of three nested ranges, and copies.
#[test]
fn cnn_rbd_has_the_processors_bits() {
    compare::<Cnn28, 28>(ipu(), Method::Rbd, subspace(8, Distribution::Normal), 1, 4)
        .unwrap_or_else(|what| panic!("{what}"));
}

/// A script in place of popc.
fn script(folder: &Path, text: &str) -> Popc {
    let path = folder.join("popc");
    fs::write(&path, format!("#!/bin/sh\nset -eu\n{text}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    Popc::at(path)
}

/// A compiler that reorders one sum.
#[test]
fn a_wrong_bit_in_a_codelet_is_caught() {
    let folder = tempfile::tempdir().expect("a folder");
    let (right, wrong) = ("const float sum = (a + c) + (b + d);", "const float sum = (a + b) + (c + d);");
    let popc = format!(
        "for file; do case $file in *subspace.cpp) grep -qF '{right}' \"$file\" && sed -i 's/{right}/{wrong}/' \"$file\" ;; esac; done\n\
         exec '{}' \"$@\"",
        of_crate("stand-in/popc").display()
    );
    let device = model(&Target::GC200, script(folder.path(), &popc));
    let found = compare::<Small8, 8>(device, Method::Rbd, subspace(37, Distribution::Normal), 1, 32);
    assert!(found.as_ref().is_err_and(|what| what.starts_with("coordinates: element")), "{found:?}");
}

/// Superstep by superstep, with graphs that take each other's place on the device.
#[test]
fn supersteps_take_turns() {
    let host = Arc::new(Threads::new(1, None).expect("a thread"));
    let mut tiles = TileExecutor::new(model(&Target::GC200, popc()), host);
    for round in 0..3 {
        for len in [100, 7] {
            let gradient: Vec<_> = (0..len).map(|i| (i * 7 + round) as f32 / 3.0).collect();
            let (mut here, mut there) = (vec![1.0_f32; len], vec![1.0_f32; len]);
            add_to_weights(&mut Serial::<Array<4>>::new(), &gradient, -0.1, &mut here);
            add_to_weights(&mut tiles, &gradient, -0.1, &mut there);
            tiles.report().check().unwrap_or_else(|fault| panic!("{fault}"));
            let bits = |floats: &[f32]| floats.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&here), bits(&there), "round {round}, {len} weights");
        }
    }
}

/// A graph of `values += scale * total`, for breaking.
struct Parts {
    graph: Graph,
    values: VariableId,
    vertex: Vertex,
    maps: Vec<(VariableId, std::ops::Range<usize>, u32)>,
}

/// Loads it on a device after something was done to it.
fn load(
    device: &PoplarDevice,
    break_it: impl FnOnce(&mut Parts),
) -> Result<(PoplarEngine, [VariableId; 2]), String> {
    let mut graph = Graph::new(Codelets::built_in());
    let values = graph.variable("values", Kind::Float, 8);
    let total = graph.variable("total", Kind::Float, 8);
    let scale = graph.constant("scale", Kind::Float, vec![2.0_f32.to_bits()], 0);
    graph.expose(values);
    graph.expose(total);
    let edges = vec![
        ("values", Edge::View(graph.whole(values))),
        ("total", Edge::View(graph.whole(total))),
        ("scale", Edge::View(graph.whole(scale))),
    ];
    let vertex = Vertex { codelet: "Apply", tile: 3, edges, cycles: 10 };
    let mut parts = Parts { graph, values, vertex, maps: vec![(values, 0..8, 3), (total, 0..8, 1)] };
    break_it(&mut parts);
    let Parts { mut graph, vertex, maps, .. } = parts;
    maps.into_iter().for_each(|(variable, elements, tile)| graph.map(variable, elements, tile));
    let set = graph.compute_set("apply");
    graph.vertex(set, vertex);
    let program = Program::Repeat(3, Box::new(Program::Execute(set)));
    let engine = device.load_unchecked(graph, &[program]).map_err(|fault| fault.to_string())?;
    Ok((engine, [values, total]))
}

fn said(text: &str) -> String {
    format!("the stand-in for Poplar: {text}")
}

#[test]
fn whole_it_runs() {
    let (mut engine, [values, total]) = load(&ipu(), |_| {}).expect("nothing is broken");
    engine.write(values, &[1.0_f32.to_bits(); 8]).expect("it is exposed");
    engine.write(total, &std::array::from_fn::<_, 8, _>(|i| (i as f32).to_bits())).expect("it is exposed");
    engine.run(0).expect("it runs");
    let read = engine.read(values, 2..5).expect("it is exposed");
    assert_eq!(read, [13.0_f32, 19.0, 25.0].map(f32::to_bits));
}

/// Streams go record by record, in turns.
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
    let device = ipu();
    let mut engine = device.load(graph, vec![Program::Repeat(3, Box::new(step))]).expect("nothing is broken");
    assert_eq!(engine.records(to).expect_err("it is not").to_string(), "stream to host: it is not connected");
    let message = engine.connect(from, vec![1, 2, 3]).expect_err("half a record").to_string();
    assert_eq!(message, said("stream stream-0: 12 bytes are no whole records of 8"));
    engine.connect(from, vec![1, 2, 3, 4]).expect("two records");
    engine.connect(to, vec![0; 6]).expect("three records");
    engine.run(0).expect("it runs");
    assert_eq!(engine.records(to).expect("it is connected"), [1, 2, 3, 4, 1, 2]);
    // The turn after the third is the fourth.
    engine.run(0).expect("it runs");
    assert_eq!(engine.records(to).expect("it is connected"), [3, 4, 1, 2, 3, 4]);
}

/// What Poplar throws arrives as a message.
#[test]
fn mistakes_in_graphs_arrive() {
    let device = ipu();
    let fault = |break_it: &dyn Fn(&mut Parts)| load(&device, break_it).err().expect("it was broken");
    assert_eq!(fault(&|p| p.maps[1].1 = 0..4), said("variable total: element 4 lies on no tile"));
    assert_eq!(
        fault(&|p| p.vertex.tile = 1472),
        said("vertex 0 (Apply) of \"apply\" on tile 1472 lies on tile 1472; there are 1472")
    );
    let message = fault(&|p| {
        let large = p.graph.variable("large", Kind::Word, 200_000);
        p.graph.expose(large);
        p.maps.push((large, 0..200_000, 7));
    });
    assert!(message.starts_with(&said("out of memory on tile 7: 80")), "{message}");
    assert_eq!(fault(&|p| p.vertex.codelet = "Applause"), said("there is no codelet Applause"));
    assert_eq!(fault(&|p| p.vertex.edges[1].0 = "sum"), said("Apply has no field sum"));
    assert_eq!(fault(&|p| p.vertex.edges[1].1 = Edge::Word(1)), said("Apply has no number total"));
    let beyond = fault(&|p| p.vertex.edges[0].1 = Edge::View(View::of(p.values, 4..9)));
    assert_eq!(beyond, said("a slice from 4 to 9 of 8 elements"));
    let two = fault(&|p| p.vertex.edges[2].1 = Edge::View(View::of(p.values, 0..2)));
    assert_eq!(two, said("reshape: 2 elements to 1"));
}

#[test]
fn mistakes_of_the_host_arrive() {
    let device = ipu();
    let (mut engine, [values, total]) = load(&device, |_| {}).expect("nothing is broken");
    let message = engine.write(values, &[0; 3]).expect_err("it has 8 elements").to_string();
    assert_eq!(message, said("writing 12 bytes: values has 32"));
    let message = engine.run(1).expect_err("there is one program").to_string();
    assert_eq!(message, said("program 1 of 1"));
    engine.write(values, &[0; 8]).expect("it is exposed");
    let message = engine.run(0).expect_err("total was not written").to_string();
    assert!(message.ends_with("reads element 0 of variable total, which nobody has written"), "{message}");
    let scale = engine.graph().find("scale").expect("a variable");
    let message = engine.read(scale, 0..1).expect_err("it is not exposed").to_string();
    assert_eq!(message, "the host accesses scale, which is not exposed to it");
    // Another graph takes its place.
    let (mut other, _) = load(&device, |_| {}).expect("nothing is broken");
    other.write(total, &[0; 8]).expect("it is exposed");
    let lost = "another graph is on the device; what this one held there is lost";
    assert_eq!(engine.run(0).expect_err("it was replaced").to_string(), lost);
    assert_eq!(engine.read(values, 0..8).expect_err("it was replaced").to_string(), lost);
}

#[test]
fn devices_that_are_not_there() {
    let open = |ipus, target| PoplarDevice::ipu(shim(), &Target { ipus, ..target }, popc()).err();
    let message = |ipus, target| open(ipus, target).expect("there is none").to_string();
    assert_eq!(message(3, Target::GC200), said("there is no device of 3 IPUs"));
    assert_eq!(message(16, Target::GC200), said("all 1 devices of 16 IPUs are busy"));
    assert_eq!(
        message(1, Target::GC2),
        "there are IPUs of the architecture ipu2, not ipu1 as the target gc2 has it"
    );
    let unknown = Target { architecture: "ipu9", ..Target::GC200 };
    let message = PoplarDevice::ipu_model(shim(), &unknown, popc()).err().expect("there is none").to_string();
    assert_eq!(message, said("there is no architecture ipu9"));
}

/// Numbers that the shim does not know do not reach Poplar.
#[test]
fn the_shim_checks_its_caller() {
    let device = PoplarHandle::ipu(shim(), 1).expect("there are two");
    let mut graph = device.graph().expect("an empty graph");
    assert_eq!(graph.expose(7).expect_err("there are none").to_string(), said("there is no variable 7"));
    let message = graph.execute(0).expect_err("there are none").to_string();
    assert_eq!(message, said("there is no compute set 0"));
    let message = graph.sequence(&[2]).expect_err("there are none").to_string();
    assert_eq!(message, said("there is no program 2"));
    graph.add_variable(Kind::Float, 4, None, "a").expect("it is one");
    let message = graph.map(0, 2..5, 0).expect_err("it has 4 elements").to_string();
    assert_eq!(message, said("a slice from 2 to 5 of 4 elements"));
}

#[test]
fn codelets_that_are_not_there() {
    let device = PoplarHandle::ipu(shim(), 1).expect("there are two");
    let mut graph = device.graph().expect("an empty graph");
    let message = graph.add_codelets(Path::new("no-such.gp")).expect_err("there is none").to_string();
    assert!(message.starts_with(&said("no-such.gp: No such file")), "{message}");
    // A source is compiled as popc's flags say: without any, its bits would be others.
    let message = graph.add_codelets(&of_crate("codelets/numbers.cpp")).expect_err("no flags").to_string();
    assert!(message.ends_with("numbers.cpp: compiled without -O3"), "{message}");
    let device = model(&Target::GC200, Popc::at("/no/such/popc"));
    let message = load(&device, |_| {}).err().expect("there is no popc");
    assert!(message.contains("/no/such/popc") && message.contains("RANDOM_BASES_POPC"), "{message}");
}

/// A popc that does not know the flags of its compiler, and one that does not compile.
#[test]
fn flags_are_handed_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "before=\nfor flag; do case $before$flag in -f* | -std*) echo \"unknown option $flag\" >&2; exit 1 ;; esac; before=; \
                [ \"$flag\" != -X ] || before=-X; done";
    let strict = format!("{text}\nexec '{}' \"$@\"", of_crate("stand-in/popc").display());
    let device = model(&Target::GC200, script(folder.path(), &strict));
    assert!(load(&device, |_| {}).is_ok());
    let device = model(&Target::GC200, script(folder.path(), "echo 'no licence' >&2; exit 1"));
    let message = load(&device, |_| {}).err().expect("it does not compile");
    assert!(message.ends_with("does not compile the codelets:\nno licence\n"), "{message}");
}

#[test]
fn libraries_that_are_no_shim() {
    let missing = Shim::open(Path::new("/no/such/library.so")).err().expect("there is none").to_string();
    assert!(missing.starts_with("/no/such/library.so is not this version's shim for Poplar: "), "{missing}");
    let name = format!("{}ipu_runner{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let other: PathBuf = libraries().join(name);
    // This crate's own library has no shim unless one was linked into it.
    if cfg!(not(feature = "poplar")) {
        let message = Shim::open(&other).err().expect("it is another library").to_string();
        assert!(message.contains("poplar_shim"), "{message}");
    }
}

/// The command line: without the feature it says how to get it, with it it verifies.
#[test]
fn devices_on_the_command_line() {
    for device in ["ipu", "ipu-model"] {
        let output = Command::new(env!("CARGO_BIN_EXE_ipu-runner"))
            .args(["verify", "--device", device])
            .arg(of_crate("../fixtures/run-small-rbd.rbases"))
            .env("RANDOM_BASES_POPC", of_crate("stand-in/popc"))
            .output()
            .expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        if cfg!(feature = "poplar") {
            assert!(output.status.success(), "{out}{err}");
            assert!(out.contains("1 equal, 0 only replayed, 0 differ"), "{out}");
        } else {
            assert_eq!(output.status.code(), Some(3), "{out}{err}");
            assert!(err.contains("built without Poplar") && err.contains("--features poplar"), "{err}");
        }
    }
}
