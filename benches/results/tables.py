#!/usr/bin/env python3
"""The tables of a page of results, from its raw numbers.

    python3 benches/results/tables.py benches/results/2026-11-26/bench-*.json

Of what `random-bases bench --json` wrote: medians over rounds in ms; of bases also the best round in turns of the clock per 16
elements; and how much faster all threads are than one.
"""

import json
import sys
from statistics import median

LEVELS = ["avx512", "avx2", "neon", "sse2", "portable"]


def machine(report):
    about, probes = report["machine"], report["probes"]
    one = [probe["one"] for probe in probes]
    gain = median(probe["all"] / probe["one"] for probe in probes)
    spread = f"{min(one) / median(one):.0%} to {max(one) / median(one):.0%}"
    return (
        f"{about['processor']}, {about['architecture']}, {report['threads']} threads; "
        f"probe: {gain:.2f} times as much on all threads, {spread} of its median on one"
    )


def cell(case, frequency, bases):
    text = f"{median(case['seconds']) * 1e3:.3g}"
    if bases and case["threads"] == 1:
        text += f" ({min(case['seconds']) * frequency / case['amount'] * 16:.1f})"
    return text


def table(group, report):
    frequency = max(probe["frequency"] for probe in report["probes"])
    cases = {(c["name"], c["level"], c["threads"]): c for c in group["cases"]}
    names = list(dict.fromkeys(c["name"] for c in group["cases"]))
    levels = [level for level in LEVELS if any(key[1] == level for key in cases)]
    if group["group"] == "scaling":
        yield "| | threads | ms | MiB of buffers |"
        yield "| --- | --- | --- | --- |"
        for (name, _, threads), c in cases.items():
            yield f"| {name} | {threads} | {median(c['seconds']) * 1e3:.3g} | {c['bytes'] / 2**20:.3g} |"
        return
    columns = [level for level in levels if any(key[1:] == (level, 1) for key in cases)]
    yield f"| | {' | '.join(columns)} | all threads | gain |"
    yield "| --- |" + " --- |" * (len(columns) + 2)
    for name in names:
        one = [cases.get((name, level, 1)) for level in columns]
        cells = [cell(c, frequency, group["group"] == "bases") if c else "" for c in one]
        many = next((c for key, c in cases.items() if key[0] == name and key[2] > 1), None)
        if many and one[0]:
            gain = median(one[0]["seconds"]) / median(many["seconds"])
            cells += [f"{median(many['seconds']) * 1e3:.3g}", f"{gain:.2f}"]
        yield f"| {name} | {' | '.join(cells)} |"


def main():
    for path in sys.argv[1:]:
        with open(path) as file:
            report = json.load(file)
        print(machine(report))
        for group in report["groups"]:
            print(f"\n{group['group']}\n")
            print("\n".join(table(group, report)))
        print()


if __name__ == "__main__":
    main()
