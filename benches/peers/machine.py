"""What the figures were measured on."""

import os
import platform
import subprocess
from pathlib import Path

from contestants import ROOT

VECTORS = ["sse2", "avx", "fma", "avx2", "avx512f", "avx512bw", "asimd", "sve"]


def describe():
    info = processor()
    flags = (info.get("flags") or info.get("Features") or "").split()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else []
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "family, model, stepping": [info.get(key) for key in ("cpu family", "model", "stepping")],
        "vectors": [name for name in VECTORS if name in flags],
        "processors used": sorted(allowed),
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "driver's python": platform.python_version(),
        "rustc": output("rustc", "--version"),
        "commit": output("git", "describe", "--always", "--dirty"),
    }


def processor():
    """The first processor's lines in /proc/cpuinfo."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
