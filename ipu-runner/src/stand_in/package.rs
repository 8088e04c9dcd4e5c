//! Codelets from files: what the stand-in for `popc` wrote, or sources.

use std::path::Path;

use crate::codelets;

/// Sources and headers, by name, in an order in which they can be included.
pub type Files = Vec<(String, String)>;

/// Reads a file. `flags`: with which a source is to be compiled; other files have their own.
///
/// # Errors
/// If it is missing or damaged, or its codelets are to be compiled otherwise than the tile machine compiles them.
pub fn read(path: &Path, flags: &str) -> Result<Files, String> {
    let error = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let bytes = std::fs::read(path).map_err(|e| error(&e))?;
    let (flags, files) = if path.extension().is_some_and(|extension| extension == "cpp") {
        let mut files = Vec::new();
        gather(path, &mut files)?;
        (flags.split_whitespace().map(str::to_string).collect(), files)
    } else {
        parse(&bytes).ok_or_else(|| error(&"not a file of the stand-in for popc"))?
    };
    check(&flags).map_err(|e| error(&e))?;
    Ok(files)
}

/// A source after the headers that it includes by quotes and that lie beside it.
fn gather(path: &Path, files: &mut Files) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let included = text.lines().filter_map(|line| line.strip_prefix("#include \"")?.split('"').next());
    for header in included {
        let beside = path.with_file_name(header);
        if beside.is_file() && !files.iter().any(|(there, _)| there == header) {
            gather(&beside, files)?;
        }
    }
    files.push((name, text));
    Ok(())
}

fn parse(bytes: &[u8]) -> Option<(Vec<String>, Files)> {
    fn line<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        *rest = &rest[end + 1..];
        Some(line)
    }
    let mut rest = bytes;
    if line(&mut rest)? != "stand-in gp 1" {
        return None;
    }
    let (mut flags, mut files) = (Vec::new(), Vec::new());
    loop {
        match line(&mut rest)?.split_once(' ') {
            None => return rest.is_empty().then_some((flags, files)),
            Some(("flag", flag)) => flags.push(flag.to_string()),
            Some(("file", file)) => {
                let (len, name) = file.split_once(' ')?;
                let (text, behind) = rest.split_at_checked(len.parse().ok()?)?;
                files.push((name.to_string(), std::str::from_utf8(text).ok()?.to_string()));
                rest = behind;
            }
            Some(_) => return None,
        }
    }
}

/// The tile machine compiles with [`codelets::FLAGS`]; what was meant to be compiled otherwise would have other bits.
fn check(flags: &[String]) -> Result<(), String> {
    let harmless = |flag: &str| flag == "-g" || flag.starts_with("-I") || flag.starts_with("-W");
    let known = |flag: &str| harmless(flag) || codelets::FLAGS.contains(&flag);
    if let Some(other) = flags.iter().find(|flag| !known(flag)) {
        return Err(format!("compiled with {other}, which the tile machine does not"));
    }
    let missing =
        codelets::FLAGS.into_iter().find(|flag| !harmless(flag) && !flags.iter().any(|f| f == flag));
    missing.map_or(Ok(()), |flag| Err(format!("compiled without {flag}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "stand-in gp 1\nflag -O3\nfile 5 a b.hpp\nx\ny\n\nfile 0 c.cpp\nend\n";

    #[test]
    fn packages_are_read() {
        let (flags, files) = parse(PACKAGE.as_bytes()).expect("it is one");
        assert_eq!(flags, ["-O3"]);
        assert_eq!(files, [("a b.hpp".into(), "x\ny\n\n".into()), ("c.cpp".into(), String::new())]);
    }

    #[test]
    fn damaged_packages_are_not() {
        for end in 0..PACKAGE.len() {
            assert!(parse(&PACKAGE.as_bytes()[..end]).is_none(), "{end}");
        }
        assert!(parse(PACKAGE.replace("file 5", "file 99").as_bytes()).is_none());
        assert!(parse(PACKAGE.replace("gp 1", "gp 2").as_bytes()).is_none());
    }

    #[test]
    fn flags_that_move_bits_are_refused() {
        let flags =
            |more: &[&str]| [&codelets::FLAGS[..], more].concat().iter().map(|f| (*f).into()).collect();
        let check = |flags: Vec<String>| check(&flags);
        assert_eq!(check(flags(&["-g", "-Wall", "-I."])), Ok(()));
        assert_eq!(
            check(flags(&["-ffast-math"])),
            Err("compiled with -ffast-math, which the tile machine does not".into())
        );
        let mut without: Vec<String> = flags(&[]);
        without.retain(|flag| flag != "-ffp-contract=off");
        assert_eq!(check(without), Err("compiled without -ffp-contract=off".into()));
    }
}
