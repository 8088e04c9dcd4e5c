//! The name that was probably meant.

/// The candidate closest to `word`, if one is close enough that proposing it helps.
///
/// Close is: a few typing errors away; or the word is how the candidate begins; or the word is the initials
/// of its parts (`lr` for `learning_rate`).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name: not worth a distance whose cost is the product of the lengths.
    if word.is_empty() || word.len() > 100 {
        return None;
    }
    let word = plain(word);
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let name = plain(candidate);
            let distance = strsim::damerau_levenshtein(&word, &name);
            let related =
                (word.len() >= 3 && name.starts_with(&word)) || (word.len() > 1 && word == initials(&name));
            // A relation by meaning ranks after any typing error that is close enough.
            let rank = if distance <= allowed { distance } else { 100 };
            (distance <= allowed || related).then_some((rank, candidate))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

/// A half sentence to append to a complaint: ` (did you mean "x"?)`, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

/// Files write `batch_size` and flags `batch-size`; both are the same word, in any case.
fn plain(word: &str) -> String {
    word.trim().to_lowercase().replace('-', "_")
}

fn initials(name: &str) -> String {
    name.split('_').filter_map(|part| part.chars().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["batch_size", "base_dimensions", "learning_rate", "dataset", "data_dir"];

    #[test]
    fn finds_what_was_meant() {
        for (word, meant) in [
            ("batch-size", "batch_size"),
            ("bacth_size", "batch_size"),
            ("batch", "batch_size"),
            ("lr", "learning_rate"),
            ("Learning_Rate", "learning_rate"),
            ("base_dimension", "base_dimensions"),
            ("datadir", "data_dir"),
        ] {
            assert_eq!(nearest(word, KEYS), Some(meant), "{word}");
        }
    }

    #[test]
    fn proposes_nothing_far_fetched() {
        for word in ["", "zzz", "momentum", "x", &"batch_size".repeat(1000)] {
            assert_eq!(nearest(word, KEYS), None);
        }
        assert_eq!(did_you_mean("zzz", KEYS), "");
    }
}
