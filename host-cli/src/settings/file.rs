//! The configuration file: TOML, one flat table of keys.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::did_you_mean;
use super::table::{KEYS, Partial, Refusal};
use super::value::Kind;
use crate::failure::Failure;

/// The file that is read from the working directory when `--config` names none.
pub const FILE_NAME: &str = "random-bases.toml";

/// Far more than a configuration needs; a larger file was named by mistake.
const SIZE_MAX: u64 = 1 << 20;

/// The key that lists presets. It is not among [`KEYS`], because it stands for other settings.
const PRESETS: &str = "presets";

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FileLayer {
    pub(super) presets: Vec<String>,
    pub(super) values: Partial,
}

/// Reads the file, which has to exist.
pub(super) fn read_file(path: &Path) -> Result<FileLayer, Failure> {
    let refused = |what: String| Failure::configuration(format_args!("{}: {what}", path.display()));
    let bytes = read_bytes(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(refused(format!("is larger than {SIZE_MAX} bytes, so it cannot be a configuration")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        refused(format!("is not UTF-8 text (byte {} is not)", error.utf8_error().valid_up_to()))
    })?;
    parse(path, &text)
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Parses the text of a file; `path` is only for messages.
pub(super) fn parse(path: &Path, text: &str) -> Result<FileLayer, Failure> {
    let refused = |position: usize, what: String| {
        Failure::configuration(format_args!("{}:{}: {what}", path.display(), line_of(text, position)))
    };
    let table = DeTable::parse(text).map_err(|error| {
        refused(error.span().map_or(0, |span| span.start), format!("not TOML: {}", error.message()))
    })?;
    // In the order of the file, so that the first error reported is the first one there.
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);

    let mut layer = FileLayer::default();
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        let written = excerpt(text, value.span());
        let outcome = match value.get_ref() {
            _ if name == PRESETS => names(value).map(|names| layer.presets = names),
            DeValue::String(word) => layer.values.set(name, Some(Kind::Word), word),
            DeValue::Boolean(_) => layer.values.set(name, Some(Kind::Truth), written),
            // The text as written, not the parsed double: see `Value`.
            DeValue::Integer(_) | DeValue::Float(_) => layer.values.set(name, Some(Kind::Number), written),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                // No setting holds one of these: a setter that only looks at the key tells which error it is.
                let what = Refusal::Value("accepted here: a single value".into());
                Err(if KEYS.contains(&name) { what } else { Refusal::UnknownKey })
            }
        };
        outcome.map_err(|refusal| match refusal {
            Refusal::UnknownKey => refused(key.span().start, unknown_key(name, value.get_ref())),
            Refusal::Value(why) => {
                refused(value.span().start, format!("{name} = {}: {why}", shortened(written)))
            }
        })?;
    }
    Ok(layer)
}

fn names(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, Refusal> {
    let refusal = || Refusal::Value("accepted here: a list of names, such as [\"fc\", \"mnist\"]".into());
    let array = value.get_ref().as_array().ok_or_else(refusal)?;
    array.iter().map(|name| name.get_ref().as_str().map(str::to_owned).ok_or_else(refusal)).collect()
}

fn unknown_key(name: &str, value: &DeValue<'_>) -> String {
    let hint = did_you_mean(name, KEYS.iter().copied().chain([PRESETS]));
    let flat = if value.is_table() { "; settings are not grouped in tables" } else { "" };
    format!("unknown key \"{}\"{hint}{flat}; `random-bases config` prints all keys", shortened(name))
}

/// The source of a value. Empty rather than a panic if the parser ever gave a range outside the text.
fn excerpt(text: &str, span: Range<usize>) -> &str {
    text.get(span).unwrap_or_default()
}

/// Enough of a long text to find it by.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(60).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// The number of the line, from 1, that holds the byte at `position`.
fn line_of(text: &str, position: usize) -> usize {
    1 + text.bytes().take(position).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::super::amounts::{LearningRate, Normalisation};
    use super::super::choices::Network;
    use super::*;

    fn complaint(text: &str) -> String {
        let failure = parse(Path::new("c.toml"), text).unwrap_err();
        assert_eq!(failure.exit_code(), 3);
        failure.to_string()
    }

    #[test]
    fn reads_every_kind_of_value() {
        let text = "presets = [\"fc\", \"mnist\"]\nnetwork = \"small\"\nseed = 0xff # hex\nepochs = 1_0\n\
                    normalized = false\nlearning_rate = 1e-2\ndata_dir = \"a\\u0062\"\n";
        let layer = parse(Path::new("c.toml"), text).unwrap();
        assert_eq!(layer.presets, ["fc", "mnist"]);
        let expected = Partial {
            network: Some(Network::Small),
            seed: Some(255),
            epochs: Some(10),
            normalized: Some(Normalisation::Off),
            learning_rate: Some(LearningRate::Base(0.01)),
            data_dir: Some("ab".into()),
            ..Partial::default()
        };
        assert_eq!(layer.values, expected);
        assert_eq!(parse(Path::new("c.toml"), "").unwrap(), FileLayer::default());
    }

    #[test]
    fn unknown_keys_suggest_the_nearest_and_name_the_line() {
        let message = complaint("epochs = 3\n\nbatchsize = 32\n");
        assert!(
            message.starts_with("c.toml:3: unknown key \"batchsize\" (did you mean \"batch_size\"?)"),
            "{message}"
        );
        assert!(complaint("lr = 0.1").contains("learning_rate"));
        assert!(complaint("preset = []").contains("presets"));
        assert!(complaint("[train]\nepochs = 3").contains("not grouped in tables"));
        assert!(complaint("train.epochs = 3").contains("not grouped in tables"));
        assert!(complaint(&format!("{} = 1", "k".repeat(100_000))).len() < 300);
    }

    #[test]
    fn wrong_values_name_file_line_key_value_and_what_is_accepted() {
        let message = complaint("\nepochs = \"three\"");
        assert_eq!(
            message,
            "c.toml:2: epochs = \"three\": accepted here: a whole number from 0 to 4294967295"
        );
        for (text, part) in [
            ("epochs = 3.5", "epochs = 3.5: accepted here: a whole number"),
            ("epochs = -1", "epochs = -1: accepted here: a whole number"),
            ("epochs = 99999999999999999999", "a whole number"),
            ("epochs = [3]", "epochs = [3]: accepted here: a single value"),
            ("seed = 2026-01-01", "a single value"),
            (
                "network = \"resnet\"",
                "network = \"resnet\": accepted here: \"fc\", \"cnn\", \"conv\", \"small\"",
            ),
            ("method = \"rdb\"", "(did you mean \"rbd\"?)"),
            ("network = true", "accepted here: \"fc\""),
            ("presets = \"fc\"", "a list of names"),
            ("presets = [1]", "a list of names"),
            ("output = \"\"", "a path that is not empty"),
            ("epochs = {}", "a single value"),
        ] {
            let message = complaint(text);
            assert!(message.starts_with("c.toml:1: ") && message.contains(part), "{message}");
        }
    }

    #[test]
    fn what_is_not_toml_is_refused_with_its_line() {
        assert!(complaint("epochs = 3\nepochs = 4").starts_with("c.toml:2: not TOML: "));
        assert!(complaint("a = 1\nb").starts_with("c.toml:2: not TOML: "));
        assert!(complaint("é = [[[[").starts_with("c.toml:1: "));
        complaint(&"[".repeat(200_000));
    }

    #[test]
    fn files_that_cannot_be_configurations() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        assert!(read_file(&path).unwrap_err().to_string().contains("cannot be read"));
        assert!(read_file(folder.path()).unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&path, b"epochs = \xff").unwrap();
        assert!(read_file(&path).unwrap_err().to_string().contains("(byte 9 is not)"));
        std::fs::write(&path, "#".repeat(2 << 20)).unwrap();
        assert!(read_file(&path).unwrap_err().to_string().contains("larger than"));
    }
}
