//! The codelets: C++ sources, and what their classes look like from outside.
//!
//! The sources are the only place where fields are listed. What is needed of them here is read from their declarations, which is possible
//! since they follow a strict form: a class per codelet, a field per line.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use random_bases_core::contract;

use crate::graph::Kind;

/// Sources that define codelets.
pub const SOURCES: [(&str, &str); 3] = [
    ("subspace.cpp", include_str!("../codelets/subspace.cpp")),
    ("numbers.cpp", include_str!("../codelets/numbers.cpp")),
    ("network.cpp", include_str!("../codelets/network.cpp")),
];

/// What they include, besides `contract.hpp`, which is made by [`header`].
pub const HEADERS: [(&str, &str); 3] = [
    ("random.hpp", include_str!("../codelets/random.hpp")),
    ("laws.hpp", include_str!("../codelets/laws.hpp")),
    ("functions.hpp", include_str!("../codelets/functions.hpp")),
];

/// Flags with which they are compiled, for every target: nothing may be contracted or reordered.
pub const FLAGS: [&str; 5] =
    ["-O3", "-std=c++17", "-ffp-contract=off", "-fno-fast-math", "-Wdouble-promotion"];

/// What a vertex may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads.
    Input,
    /// Writes all of it.
    Output,
    /// Reads and writes.
    InOut,
    /// Reads several pieces.
    List,
    /// A number that is part of the vertex.
    Word,
}

/// A field of a codelet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What the vertex may do with it.
    pub access: Access,
    /// Of its elements.
    pub kind: Kind,
    /// Whether it is one element instead of a vector of them.
    pub scalar: bool,
}

/// A codelet: the fields of a class, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codelet {
    /// The class with its template arguments, as vertices name it.
    pub name: String,
    /// In the order of the declaration.
    pub fields: Vec<Field>,
}

/// Sources, and the codelets that they define: what a graph's vertices can be.
#[derive(Clone, Debug)]
pub struct Codelets {
    sources: Vec<(String, String)>,
    classes: BTreeMap<String, Codelet>,
}

impl Codelets {
    /// Those of this crate.
    #[must_use]
    pub fn built_in() -> Arc<Self> {
        static BUILT_IN: OnceLock<Arc<Codelets>> = OnceLock::new();
        let sources = || SOURCES.map(|(name, text)| (name.to_string(), text.to_string())).into();
        Arc::clone(BUILT_IN.get_or_init(|| Arc::new(Self::of(sources()))))
    }

    /// Those of some sources: file names and texts. What they include, besides [`HEADERS`] and [`header`], must be among them.
    #[must_use]
    pub fn of(sources: Vec<(String, String)>) -> Self {
        let codelets = sources.iter().flat_map(|(_, source)| parse(source));
        let classes = codelets.map(|codelet| (codelet.name.clone(), codelet)).collect();
        Self { sources, classes }
    }

    /// The built-in ones with one text replaced by another: for tests that break something.
    ///
    /// # Panics
    /// If the text does not occur.
    #[must_use]
    pub fn changed(from: &str, to: &str) -> Arc<Self> {
        assert!(SOURCES.iter().any(|(_, text)| text.contains(from)), "{from}");
        let changed = SOURCES.map(|(name, text)| (name.to_string(), text.replace(from, to)));
        Arc::new(Self::of(changed.into()))
    }

    /// File names and texts.
    #[must_use]
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }

    /// All files that a compiler needs, by name: [`header`], [`HEADERS`] and the sources.
    pub fn files(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let headers = HEADERS.iter().map(|(name, text)| (*name, Cow::Borrowed(*text)));
        let sources = self.sources.iter().map(|(name, text)| (name.as_str(), Cow::Borrowed(text.as_str())));
        std::iter::once(("contract.hpp", Cow::Owned(header()))).chain(headers).chain(sources)
    }

    /// A codelet by its name, template arguments included.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Codelet> {
        self.classes.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Codelet> {
        self.classes.values()
    }
}

impl Codelet {
    /// The distribution of the rows that it makes, if it makes any: the argument of its template.
    #[must_use]
    pub fn law(&self) -> Option<&str> {
        self.name.split_once('<').map(|(_, law)| law.trim_end_matches('>'))
    }

    /// How a vertex accesses one of its fields.
    #[must_use]
    pub fn access(&self, field: &str) -> Option<Access> {
        self.fields.iter().find(|there| there.name == field).map(|field| field.access)
    }

    /// Whether it has such a field that is one element.
    #[must_use]
    pub fn is_scalar(&self, field: &str) -> bool {
        self.fields.iter().any(|there| there.name == field && there.scalar)
    }
}

impl Access {
    /// Whether a vertex writes such a field.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Output | Self::InOut)
    }
}

/// A name that is kept for ever: there are few, and graphs repeat them by the thousand.
#[must_use]
pub fn intern(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.into());
    names.insert(name);
    name
}

/// The constants of the contract, as C++.
#[must_use]
pub fn header() -> String {
    let mut text = String::from(
        "// Constants of the numeric contract, made from the core's. Floats are given by their bits.\n#pragma once\n\n",
    );
    for (name, values) in contract::CONSTANTS {
        for (i, value) in values.iter().enumerate() {
            let name = if values.len() == 1 { (*name).to_string() } else { format!("{name}_{i}") };
            writeln!(text, "constexpr unsigned {name} = 0x{value:08x}u;").expect("a string takes everything");
        }
    }
    text
}

/// The codelets of a source.
fn parse(source: &str) -> Vec<Codelet> {
    let mut classes: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
    let (mut templates, mut instances) = (Vec::new(), Vec::new());
    let (mut class, mut template) = (None, false);
    for line in source.lines().map(str::trim) {
        if let Some(instance) = line.strip_prefix("template class ") {
            instances.push(instance.trim_end_matches(';'));
        } else if line.starts_with("template <") {
            template = true;
        } else if let Some(name) =
            line.strip_prefix("class ").and_then(|rest| rest.split_once(" : public Vertex"))
        {
            classes.insert(name.0, Vec::new());
            if std::mem::take(&mut template) {
                templates.push(name.0);
            }
            class = Some(name.0);
        } else if line.starts_with("bool compute()") {
            class = None;
        } else if let Some((class, field)) = class.zip(field(line)) {
            classes.get_mut(class).expect("it was inserted").push(field);
        }
    }
    instances.extend(classes.keys().copied().filter(|name| !templates.contains(name)));
    let fields = |instance: &str| classes.get(instance.split('<').next().unwrap_or(instance)).cloned();
    let codelet = |name: &str| Some(Codelet { name: name.to_string(), fields: fields(name)? });
    instances.into_iter().filter_map(codelet).collect()
}

/// A field's declaration, if the line is one.
fn field(line: &str) -> Option<Field> {
    let (kind, name) = line.strip_suffix(';')?.rsplit_once(' ')?;
    let access = match kind.split('<').next()? {
        "Input" => Access::Input,
        "Output" => Access::Output,
        "InOut" => Access::InOut,
        "Vector" => Access::List,
        "const unsigned" => Access::Word,
        _ => return None,
    };
    let scalar =
        matches!(access, Access::Input | Access::Output | Access::InOut) && !kind.contains("Vector<");
    let kind = if kind.contains("float") { Kind::Float } else { Kind::Word };
    Some(Field { name: name.to_string(), access, kind, scalar })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        let codelets = Codelets::built_in();
        let codelet = codelets.get("Project<Normal>").expect("an instance of a template");
        let fields: Vec<_> = codelet.fields.iter().map(|f| (f.name.as_str(), f.access, f.kind)).collect();
        assert_eq!(
            fields[..4],
            [
                ("keys", Access::Input, Kind::Word),
                ("gradient", Access::Input, Kind::Float),
                ("sums", Access::Output, Kind::Float),
                ("tile", Access::Word, Kind::Word)
            ]
        );
        let fill = codelets.get("Fill").expect("a class");
        assert_eq!(fill.fields.iter().map(|field| field.scalar).collect::<Vec<_>>(), [false, true]);
        let list = codelets.get("ApplyLanes").expect("a class");
        assert_eq!(list.access("total"), Some(Access::List));
        assert!(codelets.get("Project").is_none());
        assert_eq!((codelet.law(), list.law()), (Some("Normal"), None));
        assert!(codelets.iter().all(|codelet| !codelet.fields.is_empty()));
        let classes = SOURCES.iter().map(|(_, text)| text.matches(" : public Vertex").count()).sum::<usize>();
        let names: BTreeSet<_> = codelets.iter().map(|codelet| codelet.name.split('<').next()).collect();
        assert_eq!(names.len(), classes, "every class is a codelet");
    }
}
