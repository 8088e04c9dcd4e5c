//! `random-bases data`.

use super::server::{Answer, Server};
#[cfg(unix)]
use super::support::interrupted;
use super::support::{Outcome, Place};

/// Runs the program without the proxy that this machine may have.
fn run(place: &Place, line: &str) -> Outcome {
    place.run_in(&[("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")], line)
}

/// A tiny MNIST.
fn with_images() -> Place {
    let place = Place::new();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
    for (name, count) in [("train", 5), ("t10k", 3)] {
        let images = [words(&[0x803, count, 28, 28]), vec![7; count as usize * 784]].concat();
        place.write(&format!("data/mnist/{name}-images-idx3-ubyte"), images);
        let labels = [words(&[0x801, count]), vec![1; count as usize]].concat();
        place.write(&format!("data/mnist/{name}-labels-idx1-ubyte"), labels);
    }
    place
}

/// A CIFAR batch of so many images.
fn batch(count: usize) -> Vec<u8> {
    (0..count * 3073).map(|i| (i % 3073 % 10) as u8).collect()
}

#[test]
fn bad_servers_leave_nothing_behind() {
    for (answer, part) in [
        (Answer::Status(404), "status 404"),
        (Answer::Close, ""),
        (Answer::Body(b"no archive".to_vec()), "not a sound "),
        (Answer::Short(vec![0; 100], 1000), "breaks off after 100 bytes"),
    ] {
        for set in ["mnist", "fmnist", "cifar10"] {
            let (server, place) = (Server::always(answer.clone()), Place::new());
            let line = format!("data fetch {set} --mirror {}", server.address());
            let message = run(&place, &line).fails(4);
            assert!(message.contains("could not be fetched: http://127.0.0.1:"), "{message}");
            assert!(message.contains(part), "{part}: {message}");
            assert!(!place.path("data").exists(), "{message}");
            assert_eq!(server.requests().len(), 1);
        }
    }
}

#[test]
fn several_mirrors_each_have_their_say() {
    let (missing, closing) = (Server::always(Answer::Status(404)), Server::always(Answer::Close));
    let place = Place::new();
    let line = format!("data fetch mnist --mirror {} --mirror {}", missing.address(), closing.address());
    let outcome = run(&place, &line);
    assert!(outcome.stderr.contains("status 404; trying another mirror"), "{}", outcome.stderr);
    outcome.fails_with(4, &[missing.address(), "status 404; ", closing.address()]);
    let outcome = run(&place, &format!("{line} --progress never"));
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    run(&place, &line.replace("mnist", "mnist cifar10")).fails_with(3, &["--mirror", "one by one"]);
    for line in ["data", "data fetch", "data fetch shapes", "data fetch --force", "data check nothing"] {
        assert_eq!(run(&place, line).code, 2, "{line}");
    }
}

/// With images of one's own in the place, nothing is even asked for.
#[test]
fn what_is_there_is_not_overwritten() {
    let (server, place) = (Server::always(Answer::Status(404)), with_images());
    let before = place.files("data/mnist");
    let line = format!("data fetch mnist --mirror {}", server.address());
    run(&place, &line).fails_with(4, &["train-images-idx3-ubyte: is there, but ", "--force replaces it"]);
    assert!(server.requests().is_empty());
    run(&place, &format!("{line} --force")).fails_with(4, &["status 404"]);
    assert_eq!(place.files("data/mnist"), before);
}

#[test]
fn places_that_cannot_be_written() {
    let (server, place) = (Server::always(Answer::Status(404)), Place::new());
    let line = format!("data fetch mnist --mirror {} --data-dir", server.address());
    place.write("file", "");
    run(&place, &format!("{line} file")).fails_with(7, &["file"]);
    std::fs::create_dir(place.path("locked")).unwrap();
    let mut permissions = std::fs::metadata(place.path("locked")).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(place.path("locked"), permissions).unwrap();
    if std::fs::write(place.path("locked/trial"), "").is_ok() {
        println!("skipped: this user can write into folders that are read-only");
    } else {
        run(&place, &format!("{line} locked")).fails_with(7, &["locked/mnist"]);
    }
    assert!(server.requests().is_empty());
}

/// Ctrl-C is heard although the server says nothing.
#[test]
#[cfg(unix)]
fn an_interrupted_download_leaves_nothing_behind() {
    let (server, place) = (Server::always(Answer::Silent(vec![0; 5000])), Place::new());
    let mut command = place.command(&format!("data fetch mnist --mirror {}", server.address()));
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let part = || {
        let entries = std::fs::read_dir(place.path("data/mnist")).ok()?;
        entries.flatten().find(|entry| entry.metadata().is_ok_and(|file| file.len() == 5000))
    };
    interrupted(command, || part().is_some(), "interrupted while fetching");
    assert!(!place.path("data").exists());
}

#[test]
fn checks_say_what_is_there() {
    let place = with_images();
    let output = run(&place, "data check").ok();
    assert!(
        output.contains("mnist     other content: 5 training, 3 test images, in data/mnist\n"),
        "{output}"
    );
    assert!(output.contains("fmnist    absent\ncifar10   absent\n"), "{output}");
    run(&place, "data check fmnist mnist").fails_with(4, &["data: fmnist is absent"]);

    place.write("data/cifar10/data_batch_1.bin", batch(4));
    place.write("data/cifar10/data_batch_2.bin", batch(2));
    place.write("data/cifar10/test_batch.bin", batch(1));
    let output = run(&place, "data check cifar10").ok();
    let line =
        "cifar10   other content: 6 training, 1 test images, 2 of 5 training batches, in data/cifar10\n";
    assert_eq!(output, line);

    place.write("data/mnist/t10k-labels-idx1-ubyte", "damaged");
    place.write("data/cifar10/test_batch.bin", &batch(1)[1..]);
    let outcome = run(&place, "data check");
    assert!(outcome.stdout.contains("damaged: data/mnist/t10k-labels-idx1-ubyte: not IDX"), "{outcome:?}");
    assert!(outcome.stdout.contains("damaged: data/cifar10/test_batch.bin: 3072 bytes"), "{outcome:?}");
    outcome.fails_with(4, &["data: mnist is damaged, cifar10 is damaged"]);
}

#[test]
fn lists_name_every_set() {
    let place = with_images();
    let here = run(&place, "data list").ok();
    for part in [
        "mnist      60000 training, 10000 test images, 28x28x1; 11.59 MB; licence: CC BY-SA 3.0; in data/mnist\n",
        "fmnist     60000 training, 10000 test images, 28x28x1; 30.88 MB; licence: MIT; not in data\n",
        "cifar10    50000 training, 10000 test images, 32x32x3; 170.05 MB; licence: none stated; not in data\n",
        "from https://www.cs.toronto.edu/~kriz/\n",
        "synthetic  drawn by the program; nothing to fetch\n",
        "shapes     drawn by the program; nothing to fetch\n",
    ] {
        assert!(here.contains(part), "{part}: {here}");
    }
    let moved = place.run_in(&[("RANDOM_BASES_DATA_DIR", "elsewhere")], "data list").ok();
    assert!(moved.contains("CC BY-SA 3.0; not in elsewhere\n"), "{moved}");
    assert_eq!(place.run_in(&[("RANDOM_BASES_DATA_DIR", "")], "data list").ok(), here);
}
