//! `bench`: what it prints and writes. How long anything takes is no test's business.

use serde_json::Value;

use super::support::Place;

#[test]
fn bench_prints_a_table_and_writes_what_it_measured() {
    let place = Place::new();
    let table = place.run("bench networks --rounds 2 --threads 2 --vector portable --json times.json").ok();
    for part in ["fc-28x28x1 forward", "cnn-28x28x1 gradient", "GFLOP/s", "probe before", "probe after"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let report: Value = serde_json::from_str(&place.text("times.json")).unwrap();
    assert_eq!(report["threads"], 2);
    assert_eq!(report["probes"].as_array().unwrap().len(), 4, "before and after each round");
    let cases = report["groups"][0]["cases"].as_array().unwrap();
    // Two networks, two passes, one thread and two.
    assert_eq!(cases.len(), 8);
    for case in cases {
        let seconds = case["seconds"].as_array().unwrap();
        assert!(seconds.len() == 2 && seconds.iter().all(|s| s.as_f64().unwrap() > 0.0), "{case}");
        assert!(case["amount"].as_f64().unwrap() > 0.0 && case["bytes"].as_u64().unwrap() > 0, "{case}");
    }
    place
        .run("bench networks --rounds 1 --json times.json")
        .fails_with(3, &["--json", "times.json", "already there"]);
}

#[test]
fn bench_refuses_what_it_does_not_know() {
    let place = Place::new();
    for line in ["bench everything", "bench --rounds 0"] {
        // The parser's own words.
        assert_eq!(place.run(line).code, 2, "{line}");
    }
}
