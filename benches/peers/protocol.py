"""What the Python peers have in common: two cores, a clock, a command line, and the driver's protocol.

A peer is an object with

    name, versions                  for the table's head
    distributions                   the names it knows
    begin(array) -> state           weights, as it keeps them; flat(state) -> array
    gradient(array), batch(images, labels)    what it works on, as it keeps them
    updater(distribution)           a function (state, gradient, step, rate) -> (state, coordinates)
    trainer(distribution)           a function (state, batch, step, rate) -> (state, loss)
    wait(results)                   returns when they are computed
    rows(kind, distribution, step)  the rows that `update` or `step` uses, for checks

The protocol is lines: a request on stdin, an answer on stdout as one line of JSON.

    describe            {"name": ..., "versions": {...}, "workloads": ["update normal", ...]}
    update normal 5     {"ms": [5 times]}; the first request of a workload compiles and warms up, unmeasured
    step normal 5       the same
    check               {"faults": [sentences]}
    quit                no answer
"""

import argparse
import json
import os
import sys
import time

CORES = 2
# Unmeasured runs, of which nobody knows how long they take (compiling), and seconds of more of them: it may take a system more than a
# tenth of a second to see that threads which just woke up on one core could have two.
WARM_UP = 3
WARM_UP_SECONDS = 0.2


def use_two_cores():
    """Restricts this process to two physical cores. To be called before a framework is imported, which asks once.

    The driver does the same to all contestants; this is for a peer that runs alone."""
    os.environ.update(OMP_NUM_THREADS=str(CORES), NPROC=str(CORES))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, two_cores(os.sched_getaffinity(0)))


def two_cores(allowed):
    """Two logical processors, on two physical cores if there are so many."""
    chosen, taken = [], set()
    for cpu in sorted(allowed):
        try:
            with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") as file:
                core = file.read().strip()
        except OSError:
            core = str(cpu)
        if core not in taken:
            taken.add(core)
            chosen.append(cpu)
    spare = [cpu for cpu in sorted(allowed) if cpu not in chosen]
    return set((chosen + spare)[:CORES])


class Runner:
    """Runs a peer's workloads, each going on from where it was."""

    def __init__(self, peer):
        self.peer, self.running = peer, {}

    def workloads(self):
        return [f"{kind} {d}" for kind in ("update", "step") for d in self.peer.distributions]

    def times(self, workload, count):
        """Milliseconds of `count` runs, after some that are not measured."""
        if workload not in self.workloads():
            raise ValueError(f"no workload {workload!r}")
        if not (run := self.running.get(workload)):
            run = self.running[workload] = self.start(workload)
            for _ in range(WARM_UP):
                next(run)
        ready = time.perf_counter() + WARM_UP_SECONDS
        while time.perf_counter() < ready:
            next(run)
        return [next(run) for _ in range(count)]

    def start(self, workload):
        """A generator that runs the workload once and yields how long it took. The results stay alive, as the weights
        that the next run starts from and as coordinates or loss that are waited for: nothing can be left out."""
        import workload as work  # not before the framework: see `use_two_cores`

        peer, (kind, distribution) = self.peer, workload.split()
        state = peer.begin(work.initial_weights())
        if kind == "update":
            one, inputs = peer.updater(distribution), [peer.gradient(work.some_gradient())]
        else:
            one, inputs = peer.trainer(distribution), [peer.batch(*batch) for batch in work.batches()]
        step = 0
        while True:
            start = time.perf_counter()
            state, said = one(state, inputs[step % len(inputs)], step, work.RATE)
            peer.wait((state, said))
            yield (time.perf_counter() - start) * 1e3
            step += 1

    def answer(self, words):
        match words:
            case ["describe"]:
                return {"name": self.peer.name, "versions": self.peer.versions, "workloads": self.workloads()}
            case ["check"]:
                import workload as work

                return {"faults": work.check(self.peer)}
            case [kind, distribution, count]:
                return {"ms": self.times(f"{kind} {distribution}", int(count))}
        raise ValueError(f"unknown request {' '.join(words)!r}")

    def serve(self, answers):
        for line in sys.stdin:
            words = line.split()
            if words == ["quit"]:
                return
            try:
                answer = self.answer(words)
            except Exception as error:  # the driver decides what a failed request means
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


def arguments(doc, **choices):
    """The command line. `choices`: a peer's own options, each with its values, the default first."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", nargs=2, metavar=("WORKLOAD", "DISTRIBUTION"), help="time this alone, and end")
    parser.add_argument("--check", action="store_true", help="compare everything with NumPy, and end")
    for name, values in choices.items():
        parser.add_argument(f"--{name}", choices=values, default=values[0])
    return parser.parse_args()


def main(peer, arguments):
    """Does what the command line asks for; without any request, serves the driver."""
    # What libraries print must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    runner = Runner(peer)
    if arguments.check:
        faults = runner.answer(["check"])["faults"]
        print("\n".join(faults) or f"{peer.name}: as NumPy has it", file=answers, flush=True)
        sys.exit(bool(faults))
    if arguments.once:
        times = runner.times(" ".join(arguments.once), 10)
        least, median = min(times), sorted(times)[len(times) // 2]
        print(f"{peer.name}: {' '.join(arguments.once)}: {median:.2f} ms (least {least:.2f})", file=answers, flush=True)
        return
    runner.serve(answers)
