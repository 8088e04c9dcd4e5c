//! `random-bases orthogonality`: the same bits on everything, near what theory expects, and nothing overwritten.

use serde_json::Value;

use super::support::{Place, levels};

const LINES: &str = "orthogonality.jsonl";
const CHART: &str = "orthogonality.svg";

fn measured(place: &Place, folder: &str) -> Vec<Value> {
    let text = place.text(&format!("{folder}/{LINES}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("{key}: {line}"))
}

#[test]
fn threads_and_vectors_change_no_bit() {
    let place = Place::new();
    let flags = "orthogonality --largest 5 --output";
    let table = place.run(&format!("{flags} one --threads 1 --vector portable")).ok();
    for (i, level) in levels().into_iter().enumerate() {
        let other = place.run(&format!("{flags} {level} --threads {} --vector {level}", 3 - i % 2)).ok();
        assert_eq!(other, table, "{level}");
        assert_eq!(place.files(level), place.files("one"), "{level}");
    }
    let cosines = &measured(&place, "one")[4]["cosine_bits"];
    assert_eq!(cosines.as_array().unwrap().len(), 100);
}

#[test]
fn means_are_near_what_is_expected() {
    let place = Place::new();
    for distribution in ["normal", "uniform", "rademacher", "bernoulli-0.2"] {
        let flags = format!("--distribution {distribution} --largest 4 --seed 3 --draws 400");
        let table = place.run(&format!("orthogonality {flags} --output {distribution}")).ok();
        assert_eq!(table.lines().count(), 5, "{table}");
        for (i, line) in measured(&place, distribution).iter().enumerate() {
            let [mean, deviation, expected] = ["mean", "deviation", "expected"].map(|key| number(line, key));
            let dimensions = 10f64.powi(i as i32 + 1);
            assert_eq!(number(line, "dimensions"), dimensions);
            assert!((expected - (2.0 / (std::f64::consts::PI * dimensions)).sqrt()).abs() < 1e-9);
            // A mean of 400 half-normal numbers is within 3.8 % of its own; ten dimensions are few.
            let allowed = if i == 0 { 0.25 } else { 0.16 };
            assert!((mean / expected - 1.0).abs() < allowed, "{distribution}: {line}");
            assert!((deviation / expected - 0.7555).abs() < 0.2, "{distribution}: {line}");
            assert!(number(line, "least") < mean && mean < number(line, "greatest"));
            let shown = format!("{mean:.4e}");
            assert!(table.lines().nth(i + 1).unwrap().contains(&shown), "{shown}:\n{table}");
        }
    }
}

/// Pins mean and deviation to the recorded cosines, and the cosines to the rows that the record names.
#[test]
fn numbers_are_those_of_the_cosines() {
    let place = Place::new();
    place.run("orthogonality --largest 1 --draws 7 --output a").ok();
    let line = &measured(&place, "a")[0];
    let bits = |bits: &Value| f32::from_bits(u32::from_str_radix(bits.as_str().unwrap(), 16).unwrap());
    let cosines: Vec<f32> = line["cosine_bits"].as_array().unwrap().iter().map(bits).collect();
    let mean = cosines.iter().map(|&cos| f64::from(cos)).sum::<f64>() / 7.0;
    let variance = cosines.iter().map(|&cos| (f64::from(cos) - mean).powi(2)).sum::<f64>() / 7.0;
    assert!((number(line, "mean") - mean).abs() < 1e-15);
    assert!((number(line, "deviation") - variance.sqrt()).abs() < 1e-15);
    assert_eq!(bits(&line["least_bits"]), cosines.iter().copied().fold(1.0, f32::min));
    assert_eq!(bits(&line["greatest_bits"]), cosines.iter().copied().fold(0.0, f32::max));

    let rows = |direction| {
        use random_bases_core::basis::{Distribution, Row};
        use random_bases_core::random::{Domain, Key};
        let mut row = [0.0; 10];
        let key = Key::new(Domain::Basis, 1, 0, 0, 0);
        Row { key, direction, distribution: Distribution::Normal }
            .tile::<random_bases_core::numerics::Array<1>>(0, &mut row);
        row.map(f64::from)
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for (i, &cos) in cosines.iter().enumerate() {
        let (a, b) = (rows(i as u32), rows(i as u32 + 1));
        let want = dot(&a, &b).abs() / (dot(&a, &a) * dot(&b, &b)).sqrt();
        assert!((f64::from(cos) - want).abs() < 1e-6, "{i}: {cos} {want}");
    }
}

#[test]
fn rows_of_zeros_have_no_angle() {
    let place = Place::new();
    place.run("orthogonality --distribution zeros --largest 3 --draws 5 --output a").ok();
    for line in measured(&place, "a") {
        assert_eq!((number(&line, "mean"), number(&line, "greatest")), (0.0, 0.0));
        assert_eq!(line["cosine_bits"], serde_json::json!(vec!["00000000"; 5]));
    }
    assert!(place.text(&format!("a/{CHART}")).contains("(no data)"));
}

#[test]
fn nothing_is_overwritten() {
    let place = Place::new();
    let flags = "orthogonality --largest 2 --draws 3 --output a";
    place.run(flags).ok();
    let chart = place.text(&format!("a/{CHART}"));
    assert!(chart.starts_with("<svg") && chart.contains("expected") && chart.contains("<polygon"), "{chart}");
    let before = place.files("a");
    place.run(flags).fails_with(3, &["--output a", LINES]);
    std::fs::remove_file(place.path("a").join(LINES)).unwrap();
    place.run(flags).fails_with(3, &["--output a", CHART]);
    assert_eq!(place.files("a"), before[1..]);
    place.write("file", "x");
    place.run("orthogonality --largest 1 --output file").fails_with(7, &["file"]);
}

#[test]
fn what_is_out_of_range_is_refused() {
    let place = Place::new();
    for flags in ["--draws 0", "--draws 10001", "--largest 10", "--seed -1", "--distribution gauss"] {
        assert_eq!(place.run(&format!("orthogonality {flags}")).code, 2, "{flags}");
    }
    place.run("orthogonality --largest 1 --threads 5000").fails_with(3, &["threads = 5000"]);
    // Many pairs of rows: the waves get small, not the memory large.
    place.run("orthogonality --largest 4 --draws 10000").ok();
}

/// What was measured until then is kept, and drawn.
#[cfg(unix)]
#[test]
fn it_stops_when_asked_to() {
    let place = Place::new();
    let lines = place.path("a").join(LINES);
    let begun = || std::fs::read_to_string(&lines).is_ok_and(|text| text.lines().count() > 2);
    super::support::interrupted(place.command("orthogonality --output a"), begun, "powers of ten");
    let kept = measured(&place, "a").len();
    assert!((3..8).contains(&kept), "{kept}");
    assert!(place.text(&format!("a/{CHART}")).contains("<polygon"));
}
