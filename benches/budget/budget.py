#!/usr/bin/env python3
"""What the hot loops cost, counted from the machine code: instructions per 16 elements.

    python3 benches/budget/budget.py            print the table
    python3 benches/budget/budget.py --write    and write it to budget.md beside this
    python3 benches/budget/budget.py --check    compare with budget.md; a loop that has grown by a tenth is an error

A compiler that stops to vectorise, to inline or to unroll a kernel changes no bit and no test: only this table. It is counted on
x86-64, needs cargo and objdump (binutils), and counts the AVX-512 loops on any x86-64 machine, since it does not run them.

Of each kernel the innermost loop with the most arithmetic is taken, the shortest if there are several: others have checks for
ends. How many elements an iteration makes is told by an instruction that each element needs so many times (`MARKS`). Loops of
`bernoulli` with masks instead of shifts have none, and are left out.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "budget.md"
TOLERANCE = 1.1
# Loops that the table has at the least: it must not have become empty.
LEAST = 55

WIDTH = {"Sse2": 4, "Avx2": 8, "Avx512": 16}

# Kernel and law: the instruction, without a leading v, and the elements per lane that each one stands for.
MARKS = {
    "Normal": ("sqrtps", 2),
    "LogNormal": ("sqrtps", 2),
    "Uniform": ("cvtdq2ps", 1),
    "HadamardNormal": ("cvtdq2ps", 1),
    "Probability": ("psrad", 1),
}
KERNELS = {
    "ProjectTile": "project",
    "LiftTile": "lift",
    "RowTile": "fused: a row",
    "ReplaceTile": "fused: a row, and four added",
    "ProjectSigns": "project by table",
    "LiftSigns": "lift by table",
    "Accumulate": "matrix product",
}
NAMES = {"Probability": "bernoulli", "HadamardNormal": "hadamard-normal", "LogNormal": "lognormal"}

HEAD = """# Instruction budget

Per 16 elements of a row (or 16 products of a matrix product), counted from the machine code of the innermost loop: all instructions, those of
them that calculate with vectors, and those that read or write the stack, which are registers too few. Made by
`python3 benches/budget/budget.py --write` with {rustc}; `--check`, which CI runs, compares.

| kernel | distribution | level | instructions | vector arithmetic | stack |
| --- | --- | --- | --- | --- | --- |
"""


def build():
    command = ["cargo", "rustc", "--quiet", "--release", "--manifest-path", HERE / "Cargo.toml"]
    command += ["--target-dir", HERE.parent.parent / "target/budget", "--", "-C", "symbol-mangling-version=v0"]
    subprocess.run(command, check=True)
    return HERE.parent.parent / "target/budget/release/random-bases-budget"


def functions(binary):
    """Name and instructions (address, operation, operands) of each function."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", binary], check=True, capture_output=True, text=True)
    name, body = None, []
    for line in text.stdout.splitlines():
        if head := re.match(r"^[0-9a-f]+ <(.*)>:$", line):
            if name:
                yield name, body
            name, body = head[1], []
        elif found := re.match(r"^\s+([0-9a-f]+):\s+(\S+)\s*(.*)$", line):
            body.append((int(found[1], 16), found[2], found[3]))
    yield name, body


def innermost_loops(body):
    """Stretches from the target of a backward jump to the jump that hold no other such stretch."""
    places = {address: i for i, (address, _, _) in enumerate(body)}
    loops = set()
    for i, (_, operation, operands) in enumerate(body):
        target = re.match(r"([0-9a-f]+)", operands)
        if operation.startswith("j") and target and (start := places.get(int(target[1], 16), i + 1)) <= i:
            loops.add((start, i))
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    return [body[start : end + 1] for start, end in inner]


def calculates(operation):
    moves = ("mov", "broadcast", "insert", "extract", "zeroupper")
    plain = operation.removeprefix("v")
    vector = operation.startswith("v") or re.search(r"(ps|dq2ps)$", plain) or plain.startswith("p") and plain not in ("push", "pop", "prefetch")
    return bool(vector) and not plain.startswith(moves) and not plain.startswith(("pmov", "pbroadcast", "push", "pop"))


def marks(loop, mark):
    return sum(operation.removeprefix("v").startswith(mark) for _, operation, _ in loop)


def identify(name):
    """Kernel, law and level of a function, by its mangled name."""
    level = next((level for level in WIDTH if f"{len(level)}{level}" in name), None)
    kernel = next((kernel for kernel in KERNELS if f"{len(kernel)}{kernel}" in name), None)
    if "compiled" not in name or not level or not kernel:
        return None
    law = next((law for law in MARKS if f"{len(law)}{law}" in name), "")
    return kernel, law, level


def mark_of(kernel, law, level):
    if kernel in ("ProjectSigns", "LiftSigns"):
        # AVX2 takes two permutations for a table of sixteen.
        return ("permps", "permd"), 2 if level == "Avx2" else 4
    if kernel == "Accumulate":
        return "mulps", 1
    return MARKS.get(law)


def rows(binary):
    for name, body in functions(binary):
        if not (found := identify(name)) or not (mark := mark_of(*found)):
            continue
        kernel, law, level = found
        loops = [loop for loop in innermost_loops(body) if marks(loop, mark[0])]
        if not loops:
            continue
        loop = max(loops, key=lambda loop: (marks(loop, mark[0]), -len(loop)))
        elements = marks(loop, mark[0]) * mark[1] * WIDTH[level] / 16
        counts = [
            len(loop),
            sum(calculates(operation) for _, operation, _ in loop),
            sum("rsp" in operands or "rbp" in operands and "ps" in operation for _, operation, operands in loop),
        ]
        distribution = NAMES.get(law, law.lower()) or ("rademacher" if "Signs" in kernel else "")
        yield (KERNELS[kernel], distribution, level.lower()), [count / elements for count in counts]


def line(key, counts):
    return "| " + " | ".join([*key, *(f"{count:.1f}" for count in counts)]) + " |"


def recorded():
    for text in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if len(cells) == 6 and re.match(r"[\d.]+$", cells[3]):
            yield tuple(cells[:3]), [float(cell) for cell in cells[3:]]


def main():
    table = dict(sorted(rows(build())))
    rustc = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    text = HEAD.format(rustc=rustc) + "\n".join(line(key, counts) for key, counts in table.items()) + "\n"
    if "--check" not in sys.argv:
        print(text, end="")
        if "--write" in sys.argv:
            TABLE.write_text(text)
        return 0
    budget = list(recorded())
    faults = [] if len(budget) >= LEAST else [f"{TABLE.name}: only {len(budget)} loops"]
    for key, counts in budget:
        now = table.get(key)
        if now is None:
            faults.append(f"{', '.join(key)}: no such loop any more")
        elif now[0] > counts[0] * TOLERANCE or now[1] > counts[1] * TOLERANCE:
            faults.append(f"{', '.join(key)}: {now[0]:.1f} instructions, {now[1]:.1f} vector; recorded {counts[0]:.1f}, {counts[1]:.1f}")
    print("\n".join(faults) or f"{len(table)} loops within their budget")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
