"""Computes recorded runs anew, from NUMERICS.md alone, and compares every bit. This is the main program.

    python3 tests/oracle/oracle.py fixtures/FILE.rbases [...] [--steps N]

Exit status: 0 everything is equal, 1 something differs, 2 a file cannot be used (or the options are wrong).
"""

import argparse
import pathlib
import sys

import numpy as np

import data
import descent
import digests
import digits
import shapes
import evolution
import functions
import network
import options
import rbd
import record
import rows
import words
from record import Unusable

f32 = np.float32
CONTRACT = 2
MATH_LIBM = 0
METHODS = {
    record.SGD: descent.Sgd,
    record.RBD: rbd.Rbd,
    record.FPD: rbd.Rbd,
    record.NES: evolution.Nes,
    record.HYBRID: evolution.Hybrid,
    record.GRADIENT_BASES: descent.GradientBases,
    record.LANDSCAPE: evolution.Landscape,
}


class Different(Exception):
    """The first difference between a record and what follows from the page."""


class Comparison:
    """Compares bits and counts the values that were equal."""

    def __init__(self):
        self.values = 0

    def numbers(self, where, recorded, computed, digits):
        if recorded != computed:
            raise Different(f"{where}: recorded {recorded:0{digits}x}, computed {computed:0{digits}x}")
        self.values += 1

    def floats(self, where, recorded, computed):
        """`recorded` and `computed` are arrays of f32."""
        assert computed.dtype == f32, computed.dtype
        if len(recorded) != len(computed):
            raise Different(f"{where}: recorded {len(recorded)} values, computed {len(computed)}")
        recorded, computed = recorded.view(np.uint32), np.ascontiguousarray(computed).view(np.uint32)
        unequal = np.flatnonzero(recorded != computed)
        if len(unequal):
            i = unequal[0]
            raise Different(f"{where}, index {i}: recorded {recorded[i]:08x}, computed {computed[i]:08x}")
        self.values += len(recorded)


def need(condition, message):
    if not condition:
        raise Unusable(message)


def check_answers(records, comparison):
    """Words and elements: sections 2 and 3; exp and ln: section 7. All keys are of the domain of bases."""
    streams = elements = function_values = 0
    for answer in records[1:]:
        if isinstance(answer, record.Function):
            if answer.math == MATH_LIBM:
                function = (functions.exp, functions.ln)[answer.name]
                comparison.floats(function.__name__, answer.values, function(answer.arguments).astype(f32, copy=False))
                function_values += len(answer.values)
            continue
        need(isinstance(answer, (record.Words, record.Row)), "known answers hold another record")
        seed, redraw, worker, compartment, direction, tile = answer.place
        need(seed < 1 << 64 and redraw < 1 << 64 and max(answer.place[2:]) < 1 << 32, "a place is out of range")
        key = words.key(words.BASES, seed, redraw, worker, compartment)
        if isinstance(answer, record.Words):
            need(answer.lane < words.LANES, "a lane is out of range")
            streams += 1
            state = words.lane_seeds(key, [direction], [tile])
            computed = words.draw(state, len(answer.values))[:, 0, 0, answer.lane].copy().view(f32)
            comparison.floats(f"words of {answer.place}, lane {answer.lane}", answer.values, computed)
        else:
            need(len(answer.values) <= rows.TILE, "a tile is too long")
            elements += 1
            computed = rows.tiles(key, [direction], [tile], answer.distribution)[:, 0, 0].reshape(-1)
            where = f"row {elements - 1} of the file, {answer.place}"
            comparison.floats(where, answer.values, computed[: len(answer.values)])
    return f"{streams} streams, {elements} rows and {function_values} values of libm's exp and ln"


def check_run(records, comparison, limit):
    """Trains the run again, as far as `limit` steps."""
    run = records[0]
    need(run.network in network.NAMES, f"the network {run.network} is not known")
    need(run.data in data.SETS, f"the data {run.data} cannot be drawn")
    model = network.Network(run.network)
    need(model.shape == data.shape(run.data), "data and network do not fit")
    need(run.validation_start + run.validation_images <= run.images, "the validation images are out of range")
    need(0 < run.batch <= run.images - run.validation_images, "the batch is out of range")
    need(run.method == record.SGD or run.dimensions > 0, "there are no directions")
    for message in options.conflicts(run.options, run.antithetic):
        raise Unusable(message)

    batches = data.Batches(run)
    comparison.numbers("digest of the data", run.data_digest, batches.digest, 16)
    method = METHODS[run.method](run, model, batches)
    if isinstance(method, rbd.Rbd):
        need(method.space, "random directions move no layer")
        need(all(compartment.dimensions for compartment in method.compartments), "a compartment has no directions")
    tensors = {"weights": method.theta}
    total = sum(isinstance(item, record.Step) for item in records)
    step, shares = 0, []
    for item in records[1:]:
        if isinstance(item, record.Step):
            if step == limit:
                break
            train(item, shares, step, method, tensors, comparison)
            step, shares = step + 1, []
        elif isinstance(item, record.Share):
            shares.append(item)
        elif isinstance(item, record.Tensor):
            need(not shares, "shares are not before their step")
            compare_tensor(item, step, tensors, comparison)
        else:
            raise Unusable("a run holds another record")
    need(not shares or step == limit, "the last shares have no step")
    return step, total


def train(item, shares, step, method, tensors, comparison):
    """Compares a step, and the shares that stand before it."""
    run = method.run
    where = f"step {step}"
    comparison.numbers(f"{where}, its number", item.step, step, 1)
    needs_rate = run.options.sgd_layers != options.NONE or run.options.sgd_below is not None or run.options.sgd_steps
    need(item.rate_sgd is not None or not needs_rate, f"{where} has no rate of SGD")
    scheduled = run.options.sgd_steps and item.sgd_step and len(item.coordinates) == 0
    before = digest(method.theta) if shares else None
    outcome = method.step(step, item.rate, item.rate_sgd, scheduled)
    comparison.numbers(f"{where}, number of its shares", len(shares), len(outcome.shares), 1)
    for worker, (recorded, computed) in enumerate(zip(shares, outcome.shares)):
        where_share = f"{where}, worker {worker}"
        comparison.numbers(f"{where_share}, step of its share", recorded.step, step, 1)
        comparison.numbers(f"{where_share}, its number", recorded.worker, worker, 1)
        comparison.numbers(f"{where_share}, digest of the weights before", recorded.digest, before, 16)
        compare_seen(where_share, recorded, computed, comparison)
    comparison.floats(f"{where}, factors", item.factors, outcome.factors)
    compare_seen(where, item, outcome, comparison)
    comparison.numbers(f"{where}, whether it is an SGD step", item.sgd_step, outcome.sgd_step, 1)
    comparison.numbers(f"{where}, digest of the weights", item.digest, digest(method.theta), 16)
    tensors.update(outcome.tensors, weights=method.theta)


def compare_seen(where, recorded, computed, comparison):
    """What a step and a share both hold."""
    comparison.floats(f"{where}, loss", np.array([recorded.loss]), np.array([computed.loss]))
    comparison.numbers(f"{where}, images classified right", recorded.right, computed.right, 1)
    comparison.floats(f"{where}, coordinates", recorded.coordinates, computed.coordinates)


def digest(theta):
    return digests.xxh64(theta.astype("<f4").tobytes())


def compare_tensor(item, step, tensors, comparison):
    need(item.name in tensors, f"the tensor {item.name} is not known here")
    need(item.stride > 0, "a stride is 0")
    computed = tensors[item.name]
    where = f"{item.name} after {step} steps"
    if item.elements != len(computed):
        raise Different(f"{where}: recorded {item.elements} elements, computed {len(computed)}")
    comparison.floats(f"{where}, every {item.stride}th" if item.stride > 1 else where, item.values, computed[:: item.stride])


def check_page():
    """The checks that the page itself gives: a key in section 2, images in section 8."""
    comparison = Comparison()
    for j, (expected, computed) in enumerate(
        zip((0xE5FD3F95, 0xCFA8AFF9, 0x039110B6, 0x89B9896E), words.key(words.BASES, 42))
    ):
        comparison.numbers(f"word {j} of the key", expected, computed, 8)
    for draw, side, part, expected in (
        (digits.digits, 28, 0, 0x10857A5D),
        (digits.digits, 28, 1, 0xA36C896F),
        (digits.digits, 8, 0, 0x35C4988D),
        (digits.digits, 8, 1, 0x82C16DCE),
        (shapes.shapes, 32, 0, 0x174C6BD5),
        (shapes.shapes, 32, 1, 0x6A23433F),
    ):
        labels, pixels = draw(side, 42, part, 20)
        stream = b"".join(bytes([label]) + image.tobytes() for label, image in zip(labels, pixels))
        comparison.numbers(f"images of side {side}, part {part}", expected, digests.fnv1a(stream), 8)
    return f"equal NUMERICS.md: {comparison.values} values given on the page"


def check_file(path, limit):
    """The line about a file."""
    name = pathlib.Path(path).stem
    records = record.read(path)
    need(records and isinstance(records[0], (record.Run, record.Answers)), "it starts with neither a run nor known answers")
    need(records[0].contract == CONTRACT, f"it follows version {records[0].contract} of the contract")
    comparison = Comparison()
    if isinstance(records[0], record.Answers):
        checked = check_answers(records, comparison)
        return f"equal {name}: {checked}, {comparison.values} values"
    if records[0].math != MATH_LIBM:
        return f"skipped {name}: its exp and ln are micromath's, which NUMERICS.md does not describe"
    step, total = check_run(records, comparison, limit)
    if step < total:
        return f"equal {name}: {step} of {total} steps, {comparison.values} values; the tensors after them were not compared"
    return f"equal {name}: {step} steps, {comparison.values} values"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE.rbases")
    parser.add_argument("--steps", type=int, metavar="N", help="check only the first N steps of each run")
    options = parser.parse_args()
    if options.steps is not None and options.steps < 0:
        parser.error("--steps must not be negative")

    status = 0
    checks = [("NUMERICS.md", check_page)]
    checks += [(pathlib.Path(path).stem, lambda path=path: check_file(path, options.steps)) for path in options.files]
    for name, check in checks:
        try:
            print(check(), flush=True)
        except Different as difference:
            print(f"different {name}: {difference}", flush=True)
            status = 1
        except Unusable as reason:
            print(f"unusable {name}: {reason}", flush=True)
            status = status or 2
    return status


if __name__ == "__main__":
    sys.exit(main())
