//! The environment: only what belongs to a machine and not to an experiment.

use std::ffi::OsString;

use super::layers::Origin;
use super::table::{Partial, Refusal};
use crate::failure::Failure;

/// The variables that are looked at, each with its key.
pub const VARIABLES: [(&str, &str); 3] = [
    ("RANDOM_BASES_THREADS", "threads"),
    ("RANDOM_BASES_VECTOR", "vector"),
    ("RANDOM_BASES_DATA_DIR", "data_dir"),
];

/// One layer per variable that is set; an empty one counts as not set.
pub(super) fn layers(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Vec<(Partial, Origin)>, Failure> {
    let mut layers = Vec::new();
    for (variable, key) in VARIABLES {
        let Some(value) = lookup(variable).filter(|value| !value.is_empty()) else { continue };
        let mut layer = Partial::default();
        if key == "data_dir" {
            // A path need not be Unicode here; the checks refuse it with a reason.
            layer.data_dir = Some(value.into());
        } else {
            let text = value.to_string_lossy();
            layer.set(key, None, &text).map_err(|refusal| match refusal {
                Refusal::Value(why) => Failure::configuration(format_args!("{variable}={text}: {why}")),
                Refusal::UnknownKey => {
                    Failure::internal(format_args!("{variable} sets an unknown key {key}"))
                }
            })?;
        }
        layers.push((layer, Origin::Environment(variable)));
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::super::choices::Vector;
    use super::*;

    #[test]
    fn reads_its_three_variables() {
        let found = layers(|name| match name {
            "RANDOM_BASES_THREADS" => Some("4".into()),
            "RANDOM_BASES_VECTOR" => Some("portable".into()),
            _ => Some("".into()),
        })
        .unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0.threads, Some(4));
        assert_eq!(found[1].0.vector, Some(Vector::Portable));
        assert_eq!(found[1].1.to_string(), "environment RANDOM_BASES_VECTOR");
    }

    #[test]
    fn refuses_wrong_values_by_variable() {
        let failure = layers(|name| (name == "RANDOM_BASES_VECTOR").then(|| "avx".into())).unwrap_err();
        assert!(failure.to_string().starts_with("RANDOM_BASES_VECTOR=avx: accepted here: "), "{failure}");
        assert_eq!(failure.exit_code(), 3);
    }
}
