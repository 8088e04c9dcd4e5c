#!/usr/bin/env python3
"""Times this project and its peers side by side, and prints ratios.

    python3 benches/peers/compare.py [--rounds 5] [--peers jax,expert,tf,burn] [--json FILE]
    python3 benches/peers/compare.py --check

All contestants are started first and stay. A round takes the workloads in turn, and for each: the noise probe, all contestants in
an order that changes, the noise probe. So whatever else the machine does slows all of them alike, and the probe shows if it does not: a
measurement counts where it read the same before and after, and is repeated in a later round where it did not.

Needs Python's standard library alone; it installs nothing, but says what is missing and how to install it.
"""

import argparse
import json
import sys
from pathlib import Path

import contestants
import machine
import protocol
import table

SECONDS_PER_MEASUREMENT = 0.7
RUNS_LEAST, RUNS_MOST = 3, 15
# Rounds per round that was asked for, at most: on a busy machine hardly any measurement counts.
PATIENCE = 4


def main():
    options = arguments()
    # Inherited by all contestants.
    protocol.use_two_cores()
    chosen = [contestants.OURS] + [contestants.PEERS[name] for name in options.peers]
    missing = contestants.missing(chosen, options.python)
    if missing:
        sys.exit("\n".join(["Missing:"] + missing))
    running = [contestants.Contestant(c, options.python) for c in chosen]
    try:
        if options.check:
            sys.exit(check(running))
        results = compare(running, options.rounds)
    except contestants.Failure as failure:
        sys.exit(str(failure))
    finally:
        for contestant in running:
            contestant.end()
    print(table.render(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each workload that count")
    parser.add_argument("--peers", type=peers, default=contestants.DEFAULT, help=f"of {', '.join(contestants.PEERS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single time here")
    parser.add_argument("--check", action="store_true", help="let every contestant check what it computes, instead")
    parser.add_argument("--python", type=Path, default=contestants.default_python(), help="runs the Python peers")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round")
    return options


def peers(text):
    names = text.split(",")
    unknown = [name for name in names if name not in contestants.PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no peer {', '.join(unknown)}; there are {', '.join(contestants.PEERS)}")
    return names


def check(running):
    """Every contestant's own check. Returns the exit code."""
    failed = False
    for contestant in running:
        faults = contestant.ask("check")["faults"]
        failed |= bool(faults)
        print(f"{contestant.name}: {'; '.join(faults) or 'right'}", flush=True)
    return int(failed)


def compare(running, rounds):
    """Everything that was measured."""
    ours = running[0]
    counts = {}
    for contestant in running:
        # Compiles and warms up, unmeasured.
        for workload in contestant.workloads:
            if workload in ours.workloads:
                say(f"warming up {contestant.name}: {workload}")
                counts[contestant.name, workload] = count_for(contestant.ask(f"{workload} 1")["ms"][0])
    results = {
        "machine": machine.describe(),
        "contestants": {c.name: {"versions": c.versions, "workloads": c.workloads} for c in running},
        "ours": ours.name,
        "measurements": {workload: [] for workload in ours.workloads},
    }
    measurements = results["measurements"]
    for index in range(rounds * PATIENCE):
        for workload, measured in measurements.items():
            if sum(map(table.counts, measured)) >= rounds:
                continue
            say(f"round {index + 1}: {workload}")
            before = ours.ask("probe")
            able = [c for c in running if workload in c.workloads]
            # Nobody is always the one who comes right after the probe.
            first = index % len(able)
            able = able[first:] + able[:first]
            times = {c.name: c.ask(f"{workload} {counts[c.name, workload]}")["ms"] for c in able}
            measured.append({"probe_before": before, "ms": times, "probe_after": ours.ask("probe")})
    say("")
    results["rounds"] = rounds
    results["ratios"] = table.ratios(results)
    return results


def count_for(milliseconds):
    """Runs per measurement: slow contestants get fewer."""
    return round(min(max(SECONDS_PER_MEASUREMENT * 1e3 / milliseconds, RUNS_LEAST), RUNS_MOST))


def say(text):
    """A line of progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
