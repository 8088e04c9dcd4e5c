"""From times to ratios, and a table of them."""

from statistics import median

# A probe that moves by more than this within a measurement says that something else ran.
NOISE = 0.1


def counts(measurement):
    """Whether the noise probe read the same before and after."""
    before, after = measurement["probe_before"], measurement["probe_after"]
    return all(min(before[on], after[on]) >= (1 - NOISE) * max(before[on], after[on]) for on in ("one", "two"))


def ratios(results):
    """By workload and peer: peer / ours, of medians and of minima; and the probe. Of the measurements that count, if any."""
    ours = results["ours"]
    all_measured = results["measurements"]
    best = max(m[when]["two"] for ms in all_measured.values() for m in ms for when in ("probe_before", "probe_after"))
    out = {}
    for workload, everything in all_measured.items():
        quiet = [m for m in everything if counts(m)]
        measured = quiet or everything

        def middle(name, statistic):
            return median(statistic(m["ms"][name]) for m in measured)

        def probe(when, threads="two"):
            return median(m[when][threads] for m in measured)

        peers = [name for name in measured[0]["ms"] if name != ours]
        out[workload] = {
            "peers": {
                name: {
                    "medians": middle(name, median) / middle(ours, median),
                    "minima": middle(name, min) / middle(ours, min),
                }
                for name in peers
            },
            "probe": {
                "before": probe("probe_before") / best,
                "after": probe("probe_after") / best,
                "two over one": probe("probe_before") / probe("probe_before", "one"),
            },
            "counted": len(quiet),
            "measured": len(everything),
        }
    return out


def render(results):
    """The table as text."""
    peers = [name for name in results["contestants"] if name != results["ours"]]
    rows = [["time of peer / time of ours", *peers, "probe"]]
    for workload, found in results["ratios"].items():
        cells = [cell(found["peers"].get(name)) for name in peers]
        rows.append([workload, *cells, probe_cell(found, results["rounds"])])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(
        [
            *machine_lines(results),
            "",
            *lines,
            "",
            "Above 1: ours is faster. Medians over measurements of their medians; in brackets, of their minima.",
            "probe: what the machine gave before and after, of the most in this run; what two threads gave over one; of how",
            f"many measurements those are that count, since the probe moved by {NOISE:.0%} at most.",
            "!: too few count, so something else was running; measure again.",
        ]
    )


def cell(ratio):
    return f"{number(ratio['medians'])} ({number(ratio['minima'])})" if ratio else "-"


def number(x):
    return f"{x:.0f}" if x >= 20 else f"{x:.1f}" if x >= 5 else f"{x:.2f}"


def probe_cell(found, wanted):
    probe, counted = found["probe"], found["counted"]
    share = f"{counted} of {found['measured']}{' !' if counted < wanted else ''}"
    return f"{probe['before']:.0%} {probe['after']:.0%}, {probe['two over one']:.2f}x, {share}"


def machine_lines(results):
    machine = results["machine"]
    yield f"{machine['processor']} (family, model, stepping {', '.join(map(str, machine['family, model, stepping']))})"
    yield f"vectors {' '.join(machine['vectors'])}; {len(machine['processors used'])} of {machine['processors']} processors used"
    yield f"{machine['system']}; {machine['rustc']}; commit {machine['commit']}"
    for name, contestant in results["contestants"].items():
        versions = ", ".join(f"{package} {version}" for package, version in contestant["versions"].items())
        yield f"{name}: {versions}"
