#!/usr/bin/env python3
"""The repository with one constant of the numeric contract changed by one bit.

    change.py --list            names of the constants
    change.py NAME FOLDER       makes FOLDER such a copy, or changes one that is there; of NOTHING it is an unchanged one

Constants are those of `core/src/contract.rs`, but for sizes (`usize`), without which nothing compiles. The last bit changes, of a table that of the
first entry; but for the few constants of `BITS`.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
CORE = HERE / "core/src"

# A last bit of these shows in one number of hundreds of thousands, and in none of the known answers: a higher one has to.
BITS = {"SQRT_HALF": 16, "PER_LN_2": 16, "LN_2_LOW": 20}

ENTRY = re.compile(r'\("(\w+)", .*?((?:[a-z_]+::)?[A-Z][A-Z0-9_]+)')


def definition(path):
    """The file that defines a constant, and the match of its definition: name and type, type alone, value."""
    *module, name = path.split("::")
    files = [CORE / f for f in CORE.rglob(f"{module[0]}.rs" if module else "*.rs")]
    found = []
    for file in files:
        for match in re.finditer(rf"^(?:pub(?:\(crate\))? )(const {name}: ([^=]+?)) = (.+?);\n", file.read_text(), re.M | re.S):
            found.append((file, match))
    if len(found) != 1:
        sys.exit(f"error: {len(found)} definitions of {path}")
    return found[0]


def constants():
    """Name and definition of each constant that can change by a bit."""
    text = (CORE / "contract.rs").read_text()
    text = text[text.index("CONSTANTS") :]
    paths = dict(ENTRY.findall(text[: text.index("];")]))
    all = {name: definition(path) for name, path in paths.items()}
    return {name: it for name, it in all.items() if it[1][2] != "usize"}


def changed(match, bit):
    """The definition with a bit of its value, or of its first entry, flipped."""
    declared, kind, value = match.groups()
    flip = lambda x: f"f32::from_bits({x}.to_bits() ^ 1 << {bit})" if "f32" in kind else f"{x} ^ 1 << {bit}"
    if kind.startswith("["):
        return f"{declared} = {{ let mut all: {kind} = {value}; all[0] = {flip('all[0]')}; all }};\n"
    return f"{declared} = {flip(f'({value})')};\n"


def main():
    if sys.argv[1:] == ["--list"]:
        print(*constants(), sep="\n")
        return
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    name, folder = sys.argv[1], Path(sys.argv[2])
    all = {"NOTHING": (None, None), **constants()}
    if name not in all:
        sys.exit(f"error: no constant {name}; --list lists them")
    file, match = all[name]
    files = subprocess.run(["git", "ls-files", "-z"], cwd=HERE, stdout=subprocess.PIPE, check=True).stdout
    for path in filter(None, files.decode().split("\0")):
        original, copy = HERE / path, folder / path
        content = original.read_bytes()
        if original == file:
            text = content.decode()
            content = (text[: match.start(1)] + changed(match, BITS.get(name, 0)) + text[match.end() :]).encode()
        # What is the same keeps its time, so that it is not compiled again; what is not has a new one, so that it is.
        if not copy.exists() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


if __name__ == "__main__":
    main()
