"""Who takes part, how each is started, and what it needs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PEERS_FOLDER = Path(__file__).resolve().parent
ROOT = PEERS_FOLDER.parents[1]
BURN_MANIFEST = PEERS_FOLDER / "burn" / "Cargo.toml"
REQUIREMENTS = PEERS_FOLDER / "requirements.txt"


class Failure(Exception):
    """A contestant does not do what it should."""


@dataclass(frozen=True)
class Start:
    """How a contestant is started: a Python file here, or a command."""

    arguments: tuple
    script: str = ""

    def command(self, python):
        return [str(python), str(PEERS_FOLDER / self.script), *self.arguments] if self.script else list(self.arguments)


def burn(backend):
    # Through Cargo, so that a program older than its source is never measured; offline, so that nothing is fetched.
    run = ("cargo", "run", "-q", "--release", "--locked", "--offline", "--manifest-path", str(BURN_MANIFEST))
    return Start((*run, "--", "--backend", backend))


OURS = Start(("cargo", "bench", "-q", "-p", "random-bases-tests", "--bench", "contestant"))
PEERS = {
    "jax": Start((), "jax_idiomatic.py"),
    "jax-loop": Start(("--form", "loop"), "jax_idiomatic.py"),
    "expert": Start((), "jax_expert.py"),
    "expert-blocks": Start(("--form", "blocks"), "jax_expert.py"),
    "tf": Start((), "tf_original.py"),
    "burn": burn("flex"),
    "burn-ndarray": burn("ndarray"),
}
DEFAULT = list(PEERS)


def default_python():
    """The virtual environment here, if there is one; else what runs this."""
    in_environment = PEERS_FOLDER / ".venv" / "bin" / "python"
    otherwise = in_environment if in_environment.exists() else sys.executable
    return Path(os.environ.get("RANDOM_BASES_PEERS_PYTHON") or otherwise)


def missing(chosen, python):
    """What has to be installed or built first: lines to print."""
    lines = []
    if not shutil.which("cargo"):
        lines += ["  Cargo and Rust, which build this project: see https://rustup.rs"]
    if any(start.script for start in chosen):
        lines += missing_packages(python)
    if any(str(BURN_MANIFEST) in start.arguments for start in chosen) and not burn_is_built():
        lines += ["  burn (minutes):", f"    cargo build --release --locked --manifest-path {shown(BURN_MANIFEST)}"]
    return lines


def missing_packages(python):
    """Whether the Python has exactly the packages that are compared: those of the file's first paragraph."""
    pinned = [line for line in REQUIREMENTS.read_text().split("\n\n")[0].splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in pinned)
    program = """
import importlib.metadata, json, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))"""
    try:
        out = subprocess.run([python, "-c", program, *pinned], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        return [f"  a Python that runs: {error}"]
    found = json.loads(out)
    wrong = [f"{name} {want} (found: {found[name]})" for name, want in pinned.items() if found[name] != want]
    if not wrong:
        return []
    environment = shown(PEERS_FOLDER / ".venv")
    return [
        f"  for {python}: {', '.join(wrong)}. Into an environment that is found by itself:",
        f"    python3 -m venv {environment} && {environment}/bin/pip install -r {shown(REQUIREMENTS)}",
        "  or anywhere else, and --python PATH",
    ]


def burn_is_built():
    target = Path(os.environ.get("CARGO_TARGET_DIR") or BURN_MANIFEST.parent / "target")
    return (target / "release" / "random-bases-peer-burn").exists()


def shown(path):
    """As it would be typed here."""
    return os.path.relpath(path)


class Contestant:
    """A running contestant."""

    def __init__(self, start, python):
        self.command = start.command(python)
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        said = self.ask("describe")
        self.name, self.versions, self.workloads = said["name"], said["versions"], said["workloads"]

    def ask(self, request):
        """Sends a request and waits for the answer."""
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.log.seek(0)
            raise Failure(f"{' '.join(self.command)} ended. Its last words:\n{self.log.read()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(f"{' '.join(self.command)}: {request}: {answer['error']}")
        return answer

    def end(self):
        if self.process.poll() is None:
            try:
                self.process.communicate("quit\n", timeout=10)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                self.process.kill()
        self.process.wait()
        self.log.close()
