//! Downloads, from servers that these tests start: good ones, and every way of being bad. The contents of published sets
//! are pinned and too large to be here, so the files and their digests are this test's own; [`super::data`] has the
//! program itself.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use random_bases::failure::Failure;
use random_bases::fetch::transfer::get;
use random_bases::fetch::{Catalogue, Client, Item, ItemPart, Options, Outcome, Trouble, fetch};
use random_bases::files::known::Of;
use random_bases::settings::Progress;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::server::{Answer, Server, nobody};

/// Contents of the three files of the catalogue.
const PLAIN: &[u8] = b"whatever it was compressed with";
const AS_PUBLISHED: &[u8] = b"only compressed like this";
const MEMBERS: [(&str, &[u8]); 2] = [("a.bin", b"first member"), ("b.bin", b"second member")];

fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("folder/{name}"), *bytes).unwrap();
    }
    gzip(&builder.into_inner().unwrap(), Compression::fast())
}

/// What a good server has.
fn sound(name: &str) -> Option<Vec<u8>> {
    match name {
        // Not as the publisher compressed it.
        "plain.gz" => Some(gzip(PLAIN, Compression::none())),
        "pinned.gz" => Some(gzip(AS_PUBLISHED, Compression::fast())),
        "all.tar.gz" => Some(tarred(&MEMBERS)),
        _ => None,
    }
}

fn good() -> Server {
    Server::start(|path| match sound(path) {
        Some(body) => Answer::Body(body),
        None => Answer::Status(404),
    })
}

/// Also answers from a folder, and without a length.
fn good_in_a_folder() -> Server {
    Server::start(|path| match path.strip_prefix("some/folder/").and_then(sound) {
        Some(body) => Answer::Unannounced(body),
        None => Answer::Status(404),
    })
}

fn item(name: &str, len: usize, parts: &[(&str, Of, &[u8], &[&str])]) -> Item {
    let parts = parts.iter().map(|(name, of, bytes, names)| ItemPart {
        name: (*name).into(),
        of: *of,
        digest: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        names: names.iter().map(|name| (*name).into()).collect(),
    });
    Item { name: name.into(), size: len as u64, parts: parts.collect() }
}

fn catalogue(mirrors: &[&str]) -> Catalogue {
    let pinned = gzip(AS_PUBLISHED, Compression::fast());
    let [a, b] = MEMBERS;
    Catalogue {
        mirrors: mirrors.iter().map(|mirror| (*mirror).into()).collect(),
        items: vec![
            item("plain.gz", PLAIN.len() + 20, &[("plain", Of::Contents, PLAIN, &["plain", "plain.gz"])]),
            item("pinned.gz", pinned.len(), &[("pinned", Of::Archive, &pinned, &["pinned", "pinned.gz"])]),
            item(
                "all.tar.gz",
                500,
                &[(a.0, Of::Contents, a.1, &["a.bin", "a.bin.gz"]), (b.0, Of::Contents, b.1, &["b.bin"])],
            ),
        ],
    }
}

/// Only the first file of [`catalogue`].
fn first(mirrors: &[&str]) -> Catalogue {
    let mut catalogue = catalogue(mirrors);
    catalogue.items.truncate(1);
    catalogue
}

struct Data(TempDir);

impl Data {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Does not exist at first.
    fn folder(&self) -> PathBuf {
        self.0.path().join("data/set")
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.folder()).unwrap();
        std::fs::write(self.folder().join(name), bytes).unwrap();
    }

    /// Whatever there is, hidden files as well.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder()) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fetch(&self, catalogue: &Catalogue, force: bool) -> Result<Vec<Outcome>, Failure> {
        let options = Options { force, progress: Progress::Never };
        let client = Client::direct(Duration::from_millis(500));
        let mut outcomes = Vec::new();
        let each = |path: &Path, outcome| {
            assert!(path.is_file(), "{}", path.display());
            outcomes.push(outcome);
            Ok(())
        };
        fetch(&client, catalogue, &self.folder(), options, each)?;
        Ok(outcomes)
    }

    /// The message of a download that fails as one of data.
    #[track_caller]
    fn fails(&self, catalogue: &Catalogue) -> String {
        let failure = self.fetch(catalogue, false).unwrap_err();
        assert_eq!(failure.exit_code(), 4, "{failure}");
        failure.to_string()
    }
}

#[test]
fn what_is_there_and_right_is_not_fetched_again() {
    let (server, data) = (good(), Data::new());
    let catalogue = catalogue(&[server.address()]);
    let names = ["all.tar.gz", "pinned.gz", "plain.gz"];
    let fetched = names.map(|name| Outcome::Fetched(sound(name).unwrap().len() as u64));
    assert_eq!(data.fetch(&catalogue, false).unwrap(), [fetched[2], fetched[1], fetched[0]]);
    assert_eq!(data.names(), names);
    for name in names {
        assert_eq!(std::fs::read(data.folder().join(name)).unwrap(), sound(name).unwrap());
    }
    assert_eq!(server.requests(), ["plain.gz", "pinned.gz", "all.tar.gz"]);
    for force in [false, true] {
        assert_eq!(data.fetch(&catalogue, force).unwrap(), [Outcome::AlreadyThere; 3]);
    }
    // Nor if it is there in another form that a training reads.
    std::fs::remove_file(data.folder().join("plain.gz")).unwrap();
    std::fs::remove_file(data.folder().join("all.tar.gz")).unwrap();
    data.put("plain", PLAIN);
    data.put("a.bin.gz", &gzip(MEMBERS[0].1, Compression::best()));
    data.put("b.bin", MEMBERS[1].1);
    assert_eq!(data.fetch(&catalogue, false).unwrap(), [Outcome::AlreadyThere; 3]);
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn redirects_folders_and_bodies_without_a_length_are_fine() {
    let server = good_in_a_folder();
    for base in ["/some/folder", "/some/folder/"] {
        let to = format!("{}{base}", server.address());
        let elsewhere = to.clone();
        let redirecting = Server::start(move |path| {
            Answer::Redirect(format!("{}/{path}", elsewhere.trim_end_matches('/')))
        });
        for mirror in [to.as_str(), redirecting.address()] {
            let data = Data::new();
            data.fetch(&catalogue(&[mirror]), false).unwrap();
            assert_eq!(data.names().len(), 3);
        }
    }
}

/// Answers that are no good, with what is said of each.
fn bad() -> Vec<(Answer, &'static str)> {
    let plain = sound("plain.gz").unwrap();
    let mut changed = plain.clone();
    let crc = changed.len() - 6;
    changed[crc] ^= 1;
    vec![
        (Answer::Status(404), "status 404"),
        (Answer::Status(500), "status 500"),
        (Answer::Status(204), "status 204"),
        (Answer::Close, ""),
        (Answer::Nonsense, ""),
        (Answer::Redirect("/again".into()), "redirect"),
        (Answer::Short(plain[..20].to_vec(), plain.len()), "breaks off after 20 bytes"),
        (Answer::Short(Vec::new(), 10), "breaks off after 0 bytes"),
        (Answer::Silent(plain[..20].to_vec()), "breaks off after 20 bytes"),
        (Answer::Unannounced(plain[..20].to_vec()), "not a sound gzip file"),
        (Answer::Body(Vec::new()), "not the published file"),
        (Answer::Body(changed), "not a sound gzip file"),
        (Answer::Body(b"<html>".to_vec()), "not a sound gzip file"),
        (Answer::Body(gzip(b"something else", Compression::fast())), "the SHA-256 of its contents is "),
        (Answer::Body(vec![0; 1000]), "sends 1000 bytes or more; at most 204 are accepted"),
        (Answer::Unannounced(vec![0; 1_000_000]), "at most 204 are accepted"),
        (Answer::Short(Vec::new(), usize::MAX), "at most 204 are accepted"),
    ]
}

#[test]
fn whatever_a_server_does_wrong_leaves_nothing_behind() {
    for (answer, reason) in bad() {
        let (server, data) = (Server::always(answer), Data::new());
        let message = data.fails(&first(&[server.address()]));
        let url = format!("{}/plain.gz: ", server.address());
        assert!(message.contains("plain.gz: could not be fetched: "), "{message}");
        assert!(message.contains(&url) && message.contains(reason), "{reason}: {message}");
        assert!(!data.0.path().join("data").exists(), "{message}");
        // What was there before stays, and nothing comes to it.
        data.put("notes.txt", b"precious");
        data.fails(&first(&[server.address()]));
        assert_eq!(data.names(), ["notes.txt"], "{message}");
    }
    for mirror in
        [nobody().as_str(), "http://", "nonsense", "ftp://127.0.0.1/x", "http://does-not-exist.invalid"]
    {
        let data = Data::new();
        let message = data.fails(&first(&[mirror]));
        assert!(message.contains(&format!("{mirror}/")) || message.contains(mirror), "{message}");
        assert!(data.names().is_empty(), "{message}");
    }
}

#[test]
fn the_next_mirror_is_tried_and_remembered() {
    let good = good();
    for (answer, reason) in bad() {
        let (server, data) = (Server::always(answer), Data::new());
        data.fetch(&catalogue(&[server.address(), good.address()]), false)
            .unwrap_or_else(|failure| panic!("{reason}: {failure}"));
        assert_eq!(data.names().len(), 3, "{reason}");
        // Where the first file was, the others are looked for first.
        assert!(server.requests().iter().all(|path| path == "plain.gz" || path == "again"), "{reason}");
        assert_eq!(good.requests().len(), 3, "{reason}");
    }
    // Every mirror is named with its own reason.
    let (missing, broken) = (Server::always(Answer::Status(404)), Server::always(Answer::Body(vec![1])));
    let message = Data::new().fails(&first(&[missing.address(), broken.address(), &nobody()]));
    for part in ["status 404; ", missing.address(), broken.address(), "not the published file"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // What was complete before another file failed stays.
    let only_first = Server::start(|path| match sound(path) {
        Some(body) if path == "plain.gz" => Answer::Body(body),
        _ => Answer::Status(403),
    });
    let data = Data::new();
    data.fails(&catalogue(&[only_first.address()]));
    assert_eq!(data.names(), ["plain.gz"]);
}

#[test]
fn archives_are_known_by_what_is_in_them() {
    let [a, b] = MEMBERS;
    for (members, reason) in [
        (vec![a], "it holds no b.bin"),
        (vec![a, ("b.bin", b"other")], "the SHA-256 of b.bin is "),
        (vec![a, ("c.bin", b.1)], "it holds no b.bin"),
    ] {
        let server = Server::always(Answer::Body(tarred(&members)));
        let (data, mut only) = (Data::new(), catalogue(&[server.address()]));
        only.items.drain(..2);
        let message = data.fails(&only);
        assert!(message.contains(reason), "{reason}: {message}");
        assert!(data.names().is_empty());
    }
    // Other files and another order do no harm.
    let server = Server::always(Answer::Body(tarred(&[b, ("readme", b"text"), a])));
    let mut only = catalogue(&[server.address()]);
    only.items.drain(..2);
    Data::new().fetch(&only, false).unwrap();
}

#[test]
fn what_is_there_and_is_something_else_is_kept_unless_forced() {
    let server = good();
    let catalogue = catalogue(&[server.address()]);
    for (name, bytes, why) in [
        ("plain.gz", gzip(b"other", Compression::fast()), "the SHA-256 of its contents is "),
        ("plain.gz", b"damaged".to_vec(), "not a sound gzip file"),
        ("plain", b"other".to_vec(), "the SHA-256 of its contents is "),
        ("pinned.gz", gzip(AS_PUBLISHED, Compression::none()), "the SHA-256 of it is "),
        ("pinned", AS_PUBLISHED.to_vec(), "only the compressed file can be told"),
        ("all.tar.gz", b"damaged".to_vec(), "not a sound tar.gz archive"),
        ("a.bin", b"other".to_vec(), "the SHA-256 of its contents is "),
        ("a.bin", MEMBERS[0].1.to_vec(), "there is no b.bin beside it"),
    ] {
        let data = Data::new();
        data.put(name, &bytes);
        let message = data.fails(&catalogue);
        for part in [name, "is there, but ", why, "--force replaces it"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(std::fs::read(data.folder().join(name)).unwrap(), bytes);
        // A replacement that fails replaces nothing.
        let missing = Server::always(Answer::Status(404));
        let mut elsewhere = catalogue.clone();
        elsewhere.mirrors = vec![missing.address().into()];
        assert!(data.fetch(&elsewhere, true).is_err());
        assert_eq!(std::fs::read(data.folder().join(name)).unwrap(), bytes);
        data.fetch(&catalogue, true).unwrap();
        assert_eq!(data.names(), ["all.tar.gz", "pinned.gz", "plain.gz"], "{name}");
        assert_eq!(data.fetch(&catalogue, false).unwrap(), [Outcome::AlreadyThere; 3]);
    }
}

#[test]
fn a_disk_that_takes_nothing_is_no_fault_of_a_mirror() {
    let server = good();
    let client = Client::direct(Duration::from_secs(5));
    let full = |_: &[u8]| Err(Failure::output("x", std::io::ErrorKind::StorageFull.into()));
    let trouble = get(&client, &format!("{}/plain.gz", server.address()), 1000, full).unwrap_err();
    assert!(matches!(trouble, Trouble::Ours(failure) if failure.exit_code() == 7));

    let data = Data::new();
    std::fs::write(data.0.path().join("data"), "a file").unwrap();
    assert_eq!(data.fetch(&first(&[server.address()]), false).unwrap_err().exit_code(), 7);
    let data = Data::new();
    std::fs::create_dir_all(data.folder().join("plain")).unwrap();
    assert!(data.fails(&first(&[server.address()])).contains("plain: is not a file"));
}
