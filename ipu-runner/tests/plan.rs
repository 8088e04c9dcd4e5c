//! `ipu-runner plan`, as a program.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ipu-runner")).arg("plan").args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a plan that fits prints.
fn plan(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The message of a plan that is refused.
fn refusal(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

/// What follows a label.
fn line<'t>(text: &'t str, label: &str) -> &'t str {
    let found = text.lines().find_map(|line| line.strip_prefix(label));
    found.unwrap_or_else(|| panic!("no line {label:?} in:\n{text}")).trim()
}

/// The first number in a text.
fn number(text: &str) -> f64 {
    let digits: String = text
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    digits.parse().unwrap_or_else(|_| panic!("no number in {text:?}"))
}

/// The columns of a superstep: times, vertices, tiles, busy, compute, exchange, arrange, sync, KiB.
fn columns(text: &str, superstep: &str) -> Vec<f64> {
    let rest = line(text, &format!("{superstep} "));
    rest.split_whitespace().map(|word| number(word.trim_end_matches('%'))).collect()
}

#[test]
fn fc_keeps_the_machine_busy_with_rows() {
    let plan = plan(&["-d", "250"]);
    assert!(number(line(&plan, "tiles busy, of all computing")) > 90.0, "{plan}");
    assert!(number(line(&plan, "of it making rows, with products")) > 80.0, "{plan}");
    assert_eq!(line(&plan, "tiles used"), "1472 compute, 1472 hold something");
}

#[test]
fn what_is_assumed_is_said() {
    let plan = plan(&["--network", "small", "-d", "16"]);
    for assumption in
        ["Estimated, not measured", "4 bytes a cycle", "sync takes 150 cycles", "only 80 % of a tile"]
    {
        assert!(plan.contains(assumption), "{assumption}: {plan}");
    }
}

/// The parts of a step add up to it.
#[test]
fn a_step_is_the_sum_of_its_supersteps() {
    let plan = plan(&["--network", "small", "-d", "16"]);
    let rows = plan.lines().skip(3).take_while(|line| !line.is_empty());
    let mut turns = 0.0;
    for row in rows {
        // From the right: names have blanks.
        let words: Vec<_> = row.split_whitespace().rev().collect();
        turns += words[1..5].iter().map(|word| number(word)).sum::<f64>();
    }
    assert_eq!(turns, number(line(&plan, "a step ")), "{plan}");
}

/// Neither memory nor vertices grow with d where rows are lifted: directions are taken in waves.
#[test]
fn many_directions_are_lifted_in_waves() {
    let [few, many] = ["10000", "40000"].map(|d| plan(&["-d", d]));
    let [a, b] = [&few, &many].map(|plan| columns(plan, "lift"));
    assert!(a[0] > 1.0 && b[0] > 2.0 * a[0], "waves: {} and {}", a[0], b[0]);
    assert_eq!(a[1], b[1], "vertices of a wave");
    assert!(number(line(&many, "tiles busy, of all computing")) > 97.0, "{many}");
}

#[test]
fn too_little_memory_names_the_tile_and_what_would_help() {
    let message = refusal(&["--network", "cnn", "--target", "gc2"]);
    assert!(message.contains("out of memory on tile"), "{message}");
    assert!(message.contains("the largest part"), "{message}");
    assert!(message.contains("bytes too few; what fits:"), "{message}");
    // Each piece of advice is followed.
    let advice = message.split("what fits: ").nth(1).expect("it is there").trim();
    assert!(advice.split("; or ").count() >= 2, "{advice}");
    for option in advice.split("; or ") {
        let (name, value) = option.split_once(' ').expect("an option and its value");
        let chip = if name == "--target" { vec![] } else { vec!["--target", "gc2"] };
        plan(&[&["--network", "cnn", name, value][..], &chip].concat());
    }
}

/// A step whose buffers alone are too large is refused before its graph is made.
#[test]
fn what_is_far_too_large_is_refused_at_once() {
    let message = refusal(&["--network", "conv", "--dataset", "shapes", "--batch-size", "20000"]);
    assert!(message.contains("the buffers of the training"), "{message}");
    assert!(message.contains("they fit with --batch-size"), "{message}");
}

#[test]
fn several_chips_are_one_large_machine() {
    let [one, two] = ["1", "2"].map(|ipus| plan(&["--ipus", ipus]));
    assert!(two.contains("on 2 x gc200 (2944 tiles"), "{two}");
    assert!(two.contains("KiB linked") && !one.contains("KiB linked"), "{two}");
    assert_eq!(line(&two, "tiles used"), "2944 compute, 2944 hold something");
    let linked = *columns(&two, "project").last().expect("a column");
    assert!(linked > 0.0, "half of the tiles have keys and gradient on the other chip: {two}");
    let rows = |plan: &str| columns(plan, "project")[4];
    assert!(rows(&two) < 0.6 * rows(&one), "twice the tiles");
}

#[test]
fn workers_are_replicas_that_exchange_coordinates() {
    let alone = plan(&["-d", "100"]);
    let four = plan(&["-d", "100", "--workers", "4"]);
    assert!(four.contains("4 workers, each on 1 x gc200 (1472 tiles"), "{four}");
    assert!(line(&four, "coordinates between workers").contains("(1200 bytes to each"), "{four}");
    // Each projects on its own directions, and lifts those of all.
    assert_eq!(columns(&four, "project")[0], 1.0);
    assert_eq!(columns(&four, "lift")[0], 4.0);
    assert_eq!(columns(&four, "project")[4], columns(&alone, "project")[4]);
    // With a part of the directions each, all are lifted once.
    let split = plan(&["-d", "100", "--workers", "4", "--split-dimensions-across-workers"]);
    assert!(line(&split, "coordinates between workers").contains("(300 bytes to each"), "{split}");
    assert_eq!(columns(&split, "lift")[0], 1.0);
    assert!(columns(&split, "project")[4] < columns(&alone, "project")[4], "{split}");
}

#[test]
fn chips_that_workers_cannot_share_are_refused() {
    let message = refusal(&["--workers", "2", "--ipus", "3"]);
    assert!(message.contains("--ipus 3: 2 workers cannot share them equally"), "{message}");
    assert!(plan(&["--workers", "2", "--ipus", "4"]).contains("2 workers, each on 2 x gc200"));
    assert!(refusal(&["--workers", "65"]).contains("workers = 65"));
    let message =
        refusal(&["--workers", "2", "--base-for-each-worker=false", "--average-in-coordinate-space"]);
    assert!(message.contains("adds up the coordinates of several workers"), "{message}");
    assert!(refusal(&["--momentum", "0.5"]).contains("options of RBD"));
}

#[test]
fn a_picture_has_a_cell_for_every_tile() {
    let folder = tempfile::tempdir().expect("a folder");
    for (ipus, tiles) in [("1", 1472), ("2", 2944)] {
        let file = folder.path().join(format!("tiles-{ipus}.svg"));
        plan(&["--network", "small", "-d", "16", "--ipus", ipus, "--svg", file.to_str().expect("UTF-8")]);
        let svg = std::fs::read_to_string(&file).expect("it was written");
        let document = roxmltree::Document::parse(&svg).expect("XML");
        let texts: Vec<_> = document.descendants().filter_map(|node| node.text()).map(str::trim).collect();
        assert!(texts.iter().any(|text| text.starts_with("small-8x8x1, rbd, D = 2410, d = 16")), "{texts:?}");
        assert!(
            texts.iter().any(|text| text.contains("more than 511180, 80 % of a tile's 638976")),
            "{texts:?}"
        );
        assert!(texts.contains(&format!("chip {}", ipus.parse::<u32>().expect("a number") - 1).as_str()));
        let cells = document.descendants().filter(|node| node.has_tag_name("rect"));
        // A background, and the legend's 64 colours and one.
        assert_eq!(cells.clone().count(), tiles + 1 + 64 + 1);
        // Tiles that hold different amounts have different colours, none that of a tile that is too full but the legend's.
        let colours: Vec<_> = cells.filter_map(|cell| cell.attribute("fill")).collect();
        assert!(colours[1..=tiles].iter().collect::<std::collections::BTreeSet<_>>().len() > 1);
        assert_eq!(colours.iter().filter(|colour| **colour == "#D55E00").count(), 1);
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_named() {
    let file = Path::new("no-such-folder").join("tiles.svg");
    let output = run(&["--network", "small", "-d", "16", "--svg", file.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(7));
    assert!(
        text(&output.stderr).contains("no-such-folder/tiles.svg: cannot be written"),
        "{}",
        text(&output.stderr)
    );
}
