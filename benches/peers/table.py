"""From times to ratios, and a table of them."""

from statistics import median

# A probe that moves by more than this within a measurement, or lies so far below the best, says that something else ran.
NOISE = 0.1


def ratios(results):
    """By workload and peer: peer / ours, of medians and of minima; and the probe."""
    ours = results["ours"]
    rounds = results["rounds"]
    best = max(p["two"] for r in rounds for m in r.values() for p in (m["probe_before"], m["probe_after"]))
    out = {}
    for workload in rounds[0]:
        measured = [r[workload] for r in rounds]

        def of_rounds(name, statistic):
            return median(statistic(m["ms"][name]) for m in measured)

        def probe(when, threads="two"):
            return median(m[when][threads] for m in measured)

        peers = [name for name in measured[0]["ms"] if name != ours]
        out[workload] = {
            "peers": {
                name: {
                    "medians": of_rounds(name, median) / of_rounds(ours, median),
                    "minima": of_rounds(name, min) / of_rounds(ours, min),
                }
                for name in peers
            },
            "probe": {
                "before": probe("probe_before") / best,
                "after": probe("probe_after") / best,
                "two over one": probe("probe_before") / probe("probe_before", "one"),
            },
        }
    return out


def render(results):
    """The table as text."""
    peers = [name for name in results["contestants"] if name != results["ours"]]
    rows = [["time of peer / time of ours", *peers, "probe"]]
    for workload, found in results["ratios"].items():
        cells = [cell(found["peers"].get(name)) for name in peers]
        rows.append([workload, *cells, probe_cell(found["probe"])])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
    rounds = len(results["rounds"])
    return "\n".join(
        [
            *machine_lines(results),
            "",
            *lines,
            "",
            f"Above 1: ours is faster. Rounds: {rounds}. Medians over rounds of their medians; in brackets, of their minima.",
            "probe: what the machine gave before and after, of the most in this run; what two threads gave over one.",
            f"!: it lay or moved by more than {NOISE:.0%}, so something else was running; measure again.",
        ]
    )


def cell(ratio):
    return f"{number(ratio['medians'])} ({number(ratio['minima'])})" if ratio else "-"


def number(x):
    return f"{x:.0f}" if x >= 20 else f"{x:.1f}" if x >= 5 else f"{x:.2f}"


def probe_cell(probe):
    before, after = probe["before"], probe["after"]
    noisy = min(before, after) < 1 - NOISE or abs(before - after) > NOISE
    return f"{before:.0%} {after:.0%}, {probe['two over one']:.2f}x{' !' if noisy else ''}"


def machine_lines(results):
    machine = results["machine"]
    yield f"{machine['processor']} (family, model, stepping {', '.join(map(str, machine['family, model, stepping']))})"
    yield f"vectors {' '.join(machine['vectors'])}; {len(machine['processors used'])} of {machine['processors']} processors used"
    yield f"{machine['system']}; {machine['rustc']}; commit {machine['commit']}"
    for name, contestant in results["contestants"].items():
        versions = ", ".join(f"{package} {version}" for package, version in contestant["versions"].items())
        yield f"{name}: {versions}"
