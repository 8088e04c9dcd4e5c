//! The codelets: C++ sources, and what their classes look like from outside.
//!
//! The sources are the only place where fields are listed. What is needed of them here is read from their declarations, which is possible
//! since they follow a strict form: a class per codelet, a field per line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

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
}

/// A codelet: the fields of a class, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codelet {
    /// The class with its template arguments, as vertices name it.
    pub name: String,
    /// In the order of the declaration.
    pub fields: Vec<Field>,
}

/// All codelets, by name.
pub fn all() -> &'static BTreeMap<String, Codelet> {
    static ALL: OnceLock<BTreeMap<String, Codelet>> = OnceLock::new();
    ALL.get_or_init(|| {
        let codelets = SOURCES.iter().flat_map(|(_, source)| parse(source));
        codelets.map(|codelet| (codelet.name.clone(), codelet)).collect()
    })
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
    let kind = if kind.contains("float") { Kind::Float } else { Kind::Word };
    Some(Field { name: name.to_string(), access, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        let codelet = &all()["Project<Normal>"];
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
        assert_eq!(all()["SumFours"].fields[0].access, Access::List);
        assert!(!all().contains_key("Project"));
        assert!(all().values().all(|codelet| !codelet.fields.is_empty()));
        let classes = SOURCES.iter().map(|(_, text)| text.matches(" : public Vertex").count()).sum::<usize>();
        let names: std::collections::BTreeSet<_> = all().keys().map(|name| name.split('<').next()).collect();
        assert_eq!(names.len(), classes, "every class is a codelet");
    }
}
