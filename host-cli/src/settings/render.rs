//! The resolved configuration as a file, which resolves to the same settings again.

use super::layers::{Origin, Origins};
use super::table::Settings;
use super::value::quoted;

impl Settings {
    /// The settings as a TOML file.
    pub fn to_toml(&self) -> String {
        render(self, None, Derived::Fixed)
    }
}

/// What to do with settings that follow from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Derived {
    /// Write them like the others.
    Fixed,
    /// Write them as comments: they would follow again.
    Commented,
}

/// Writes one line per key, with the origin of each as a comment if `origins` are given.
pub(super) fn render(settings: &Settings, origins: Option<&Origins>, derived: Derived) -> String {
    let names: Vec<String> = settings.presets.iter().map(|name| quoted(name)).collect();
    let mut lines = vec![(format!("presets = [{}]", names.join(", ")), None)];
    for (key, literal) in settings.literals() {
        let origin = origins.map(|origins| comment(&origins.place(key)));
        lines.push(match literal {
            Some(literal) => {
                let follows = origins.is_some_and(|origins| matches!(origins.of(key), Origin::Derived(_)));
                let output = key == "output" && origins.is_some();
                let comment = match derived {
                    Derived::Commented => follows,
                    Derived::Fixed => output,
                };
                (format!("{}{key} = {literal}", if comment { "# " } else { "" }), origin)
            }
            None => (format!("# {key} is not set"), None),
        });
    }
    // Comments begin in one column, except after a line that is longer than most.
    let width = lines.iter().map(|(line, _)| line.len()).filter(|width| *width <= 40).max().unwrap_or(0);
    let text: Vec<String> = lines
        .into_iter()
        .map(|(line, origin)| match origin {
            Some(origin) => format!("{line:width$}  # {origin}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    text.concat()
}

/// A comment ends with its line, and the path of a configuration file may hold anything.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stays_on_its_line() {
        assert_eq!(comment("file a\nepochs = 3\u{7f}"), "file a?epochs = 3?");
    }
}
