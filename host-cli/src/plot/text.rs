//! Texts that fit where they go.

/// What stands for text that was cut off.
const MORE: char = '…';

/// At most `lines` lines of at most `width` characters, broken at blanks where possible. What does not fit is cut off.
///
/// Whatever is no character of XML counts as a blank: escape sequences could come out of a file's name.
pub(super) fn wrap(text: &str, width: usize, lines: usize) -> Vec<String> {
    let clean = text.replace(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'), " ");
    let mut wrapped: Vec<String> = Vec::new();
    let mut room = 0;
    for word in clean.split_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        for (i, part) in characters.chunks(width).enumerate() {
            match wrapped.last_mut() {
                // Only the first part of a word may follow another word.
                Some(line) if i == 0 && part.len() < room => {
                    line.push(' ');
                    line.extend(part);
                    room -= part.len() + 1;
                }
                _ => {
                    wrapped.push(part.iter().collect());
                    room = width - part.len();
                }
            }
        }
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            while last.chars().count() >= width {
                last.pop();
            }
            last.push(MORE);
        }
    }
    wrapped
}

/// [`wrap`] for a single line.
pub(super) fn shorten(text: &str, width: usize) -> String {
    wrap(text, width, 1).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7, 3), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4, 5), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4, 3), [""; 0]);
    }

    #[test]
    fn what_does_not_fit_is_cut_off() {
        assert_eq!(wrap("one two three", 5, 2), ["one", "two…"]);
        assert_eq!(wrap("äöüßäöüß", 4, 1), ["äöü…"]);
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(shorten("two words here", 10), "two words…");
    }

    #[test]
    fn no_control_character_is_left() {
        assert_eq!(shorten("a\u{1b}[31m\n\tb\0\u{ffff}", 20), "a [31m b");
    }
}
