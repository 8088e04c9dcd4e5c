//! Every network on every data set by every method: trained, verified, replayed, inspected. And what does not go together.

use super::sets;
use super::support::{Place, value};

/// A method with options that are not the defaults, and how `inspect` lists them.
struct Method {
    name: &'static str,
    flags: &'static str,
    options: &'static [&'static str],
    replays: bool,
}

const METHODS: [Method; 7] = [
    Method { name: "sgd", flags: "", options: &["method             sgd"], replays: false },
    Method {
        name: "rbd",
        flags: "-d 3 --distribution uniform --normalized true",
        options: &[
            "method             rbd",
            "base_dimensions    3",
            "distribution       uniform",
            "normalized         true",
            "antithetic         false",
        ],
        replays: true,
    },
    Method {
        name: "fpd",
        flags: "-d 2 --distribution lognormal --antithetic-sampling",
        options: &[
            "method             fpd",
            "base_dimensions    2",
            "distribution       lognormal",
            "normalized         auto",
            "antithetic         true",
        ],
        replays: true,
    },
    Method {
        name: "nes",
        flags: "-d 2 --noise-std 0.5 --transformation norm",
        options: &[
            "method             nes",
            "base_dimensions    2",
            "distribution       normal",
            "normalized         auto",
            "antithetic         false",
            "noise_std          0.5",
            "transformation     norm",
        ],
        replays: true,
    },
    Method {
        name: "hybrid",
        flags: "-d 2 --distribution bernoulli-0.25 --normalized false --antithetic-sampling",
        options: &[
            "method             hybrid",
            "base_dimensions    2",
            "distribution       bernoulli-0.25",
            "normalized         false",
            "antithetic         true",
            "noise_std          0.002",
            "transformation     ranks",
        ],
        replays: true,
    },
    Method {
        name: "gradient-bases",
        flags: "-d 2 --offset --use-update-as-base",
        options: &[
            "method             gradient-bases",
            "base_dimensions    2",
            "offset             true",
            "use_update_as_base true",
        ],
        replays: false,
    },
    Method {
        name: "landscape",
        flags: "-d 2 --bins 5 --binsize 0.01 --curvature",
        options: &[
            "method             landscape",
            "base_dimensions    2",
            "distribution       normal",
            "normalized         auto",
            "antithetic         false",
            "bins               5",
            "binsize            0.01",
            "curvature          true",
        ],
        replays: true,
    },
];

/// The data sets: the shape of their images, their names in records, and whether they are in files.
const SETS: [(&str, &str, &str, bool); 5] = [
    ("synthetic", "28x28x1", "synthetic-28x28x1", false),
    ("shapes", "32x32x3", "synthetic-32x32x3", false),
    ("mnist", "28x28x1", "mnist", true),
    ("fmnist", "28x28x1", "fmnist", true),
    ("cifar10", "32x32x3", "cifar10", true),
];

/// A network on all data sets by all methods, two steps each.
fn network(name: &str) {
    for (set, shape, recorded, in_files) in SETS {
        let place = Place::new();
        let folder = if in_files { "--data-dir data" } else { "" };
        if in_files {
            sets::write(&place, set, 10);
        }
        let digests = METHODS.each_ref().map(|method| {
            let presets = format!("--preset {name},{set},{}", method.name);
            let size = "--max-steps 2 --train-images 12 --test-images 2 --batch-size 2";
            let output = format!("--output {} --progress never --stop-on-nan false", method.name);
            let line = format!("train {presets} {folder} {size} {} {output}", method.flags);
            value(&place.run(&line).ok(), "weights digest").to_owned()
        });
        check(&place, folder, &[&format!("{name}-{shape}"), recorded], &digests);
    }
}

/// One data set's journals, in folders that are called by the methods.
fn check(place: &Place, folder: &str, [network, data]: &[&str; 2], digests: &[String; 7]) {
    let journals = METHODS.each_ref().map(|method| format!("{}/journal.rbases", method.name));
    // Trained with the default strategy, on as many threads as there are cores.
    let line = format!("verify {} {folder} --strategy two-pass --threads 3", journals.join(" "));
    let verified = place.run(&line).ok();
    assert!(
        verified.ends_with("7 equal, 0 only replayed, 0 differ, 0 unusable, 0 skipped\n"),
        "{network}, {data}: {verified}"
    );
    for ((method, journal), digest) in METHODS.iter().zip(&journals).zip(digests) {
        let how = if method.replays { "trained again and replayed; " } else { "trained again; " };
        assert!(verified.contains(&format!("{journal}: 2 steps {how}")), "{verified}");
        let replay = place.run(&format!("replay {journal}"));
        if method.replays {
            assert_eq!(value(&replay.ok(), "weights digest"), digest, "{network}, {data}, {}", method.name);
        } else {
            replay.fails_with(4, &[journal, &format!("{} cannot be replayed", method.name), "weights"]);
        }
        let inspected = place.run(&format!("inspect {journal}")).ok();
        assert_eq!(value(&inspected, "network"), *network);
        assert_eq!(value(&inspected, "data").trim_end_matches(','), *data);
        let options = inspected.lines().skip_while(|line| !line.starts_with("method "));
        let options: Vec<&str> = options.take_while(|line| !line.starts_with("batch_size ")).collect();
        assert_eq!(options, method.options, "{inspected}");
    }
}

#[test]
fn fc_trains_on_everything_by_every_method() {
    network("fc");
}

#[test]
fn cnn_trains_on_everything_by_every_method() {
    network("cnn");
}

#[test]
fn conv_trains_on_everything_by_every_method() {
    network("conv");
}

#[test]
fn small_trains_on_synthetic_digits_by_every_method() {
    let place = Place::new();
    let digests = METHODS.each_ref().map(|method| {
        let Method { name, flags, .. } = method;
        let line = format!(
            "train --preset small,synthetic,{name} --max-steps 2 --train-images 12 --test-images 2 --batch-size 2 \
             {flags} --output {name} --progress never"
        );
        value(&place.run(&line).ok(), "weights digest").to_owned()
    });
    check(&place, "", &["small-8x8x1", "synthetic-8x8x1"], &digests);
}

#[test]
fn small_on_other_images_is_refused() {
    let place = Place::new();
    let names = || METHODS.iter().map(|method| method.name);
    for (set, shape, _, in_files) in SETS.into_iter().skip(1) {
        let folder = if in_files { "--data-dir data" } else { "" };
        for method in names() {
            let parts = [
                "network = small (preset small)",
                &format!("takes 8x8 images, and {set} (preset {set}) has {shape}"),
                "use network fc, cnn or conv, or dataset synthetic",
            ];
            place
                .run(&format!("train --preset small,{set},{method} {folder} --output out"))
                .fails_with(3, &parts);
        }
        // What the message proposes is accepted.
        for remedy in ["--network fc", "--network cnn", "--network conv"] {
            place.run(&format!("config --preset small,{set} {folder} {remedy}")).ok();
        }
    }
    place.run("config --preset shapes,small --dataset synthetic").ok();
    assert!(!place.path("out").exists());
}

/// A flag was meant for this very run, so it has to change something.
#[test]
fn flags_that_a_method_ignores_are_refused() {
    let place = Place::new();
    const ALL: &str = "rbd fpd nes hybrid gradient-bases landscape";
    const RANDOM: &str = "rbd fpd nes hybrid landscape";
    for (flag, value, methods) in [
        ("base-dimensions", "4", ALL),
        ("distribution", "uniform", RANDOM),
        ("normalized", "true", RANDOM),
        ("antithetic-sampling", "true", RANDOM),
        ("strategy", "fused", "rbd fpd"),
        ("noise-std", "0.1", "nes hybrid"),
        ("transformation", "norm", "nes hybrid"),
        ("offset", "true", "gradient-bases"),
        ("use-update-as-base", "false", "gradient-bases"),
    ] {
        let methods: Vec<&str> = methods.split(' ').collect();
        for method in METHODS.iter().map(|method| method.name) {
            let flags = format!("--preset small,{method} --{flag} {value} -d 4");
            let flags = if method == "sgd" { flags.replace(" -d 4", "") } else { flags };
            let flags = if flag == "base-dimensions" { flags.replace(" -d 4", "") } else { flags };
            if methods.contains(&method) {
                place.run(&format!("config {flags}")).ok();
                continue;
            }
            let parts = [
                &format!("--{flag}: method {method} (preset {method}) has no "),
                &format!("leave it out, or use --method {}", methods.join(" or "))[..],
            ];
            place.run(&format!("train {flags} --output out")).fails_with(3, &parts);
            // In a file it may wait for another run's method.
            let key = flag.replace('-', "_");
            let quoted = if matches!(flag, "distribution" | "strategy" | "transformation") {
                format!("{key} = \"{value}\"\n")
            } else {
                format!("{key} = {value}\n")
            };
            place.write("f.toml", quoted);
            place.run(&format!("config --config f.toml --preset small,{method}")).ok();
        }
    }
    let pairs = "--preset small,nes -d 3 --antithetic-sampling";
    place.run(&format!("train {pairs} --output out")).fails_with(3, &["base_dimensions = 3", "even number"]);
    assert!(!place.path("out").exists());
}
