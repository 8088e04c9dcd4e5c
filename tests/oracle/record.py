"""Reader of recorded runs and known answers: fixtures/README.md, "Format"."""

import zlib
from dataclasses import dataclass, field

import numpy as np

import distributions
import options
from basis import NUMBER
from options import Options

MAGIC = b"RBASES\x00\x03"
END = 6
SGD, RBD, FPD, NES, HYBRID, GRADIENT_BASES, LANDSCAPE = range(7)


class Unusable(Exception):
    """The file is not a record that this program can check."""


@dataclass
class Run:
    contract: int
    math: int
    network: str
    data: str
    images: int
    validation_start: int
    validation_images: int
    augmentation: bool
    data_digest: int
    method: int
    dimensions: int = 0
    distribution: distributions.Distribution = None
    normalisation: int = 0
    antithetic: bool = False
    batch: int = 0
    seed: int = 0
    sigma: np.float32 = np.float32(0)  # of nes and hybrid
    transformation: int = 0
    offset: bool = False  # of gradient bases
    use_update_as_base: bool = False
    bins: int = 3  # of landscape
    binsize: np.float32 = np.float32(0)
    curvature: bool = False
    number: np.float32 = np.float32(1)  # the norm, if it is given
    options: Options = field(default_factory=Options)


@dataclass
class Step:
    step: int
    rate: np.float32
    loss: np.float32
    right: int
    digest: int
    rate_sgd: np.float32 | None
    sgd_step: bool
    factors: np.ndarray
    coordinates: np.ndarray


@dataclass
class Share:
    step: int
    worker: int
    loss: np.float32
    right: int
    digest: int
    coordinates: np.ndarray


@dataclass
class Tensor:
    name: str
    elements: int
    stride: int
    values: np.ndarray


@dataclass
class Answers:
    contract: int


@dataclass
class Row:
    place: tuple  # seed, redraw, worker, compartment, direction, tile
    distribution: distributions.Distribution
    values: np.ndarray


@dataclass
class Words:
    place: tuple
    lane: int
    values: np.ndarray


@dataclass
class Function:
    math: int
    name: int
    arguments: np.ndarray
    values: np.ndarray


@dataclass
class End:
    records: int


class Fields:
    """Takes the fields off one record, in order."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Unusable("a record ends within a field")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= 70:
                raise Unusable("a varint is too long")
        return value

    def choice(self, count):
        value = self.varint()
        if value >= count:
            raise Unusable(f"{value} is not one of {count} choices")
        return value

    def flag(self):
        byte = self.byte()
        if byte > 1:
            raise Unusable(f"{byte} is neither 0 nor 1")
        return byte == 1

    def distribution(self):
        kind = self.choice(7)
        if kind != distributions.BERNOULLI:
            return distributions.Distribution(kind)
        threshold = self.varint()
        if not 1 <= threshold <= 65535:
            raise Unusable(f"{threshold} is out of the range of a probability")
        return distributions.Distribution(kind, threshold)

    def u32le(self):
        return int.from_bytes(self.take(4), "little")

    def u64le(self):
        return int.from_bytes(self.take(8), "little")

    def f32(self):
        return np.frombuffer(self.take(4), "<f4")[0]

    def optional(self):
        """An f32, or None."""
        return self.f32() if self.choice(2) else None

    def period(self):
        """A number of steps, or NEVER."""
        if self.choice(2):
            return options.NEVER
        steps = self.varint()
        if steps == 0:
            raise Unusable("a period is of no steps")
        return steps

    def text(self):
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError:
            raise Unusable("a text is not UTF-8") from None

    def floats(self):
        count = self.varint()
        if count % 4:
            raise Unusable("the bytes of floats are not a multiple of four")
        return np.frombuffer(self.take(count), "<f4")

    def place(self):
        return tuple(self.varint() for _ in range(6))


def run(f):
    run = Run(
        contract=f.varint(),
        math=f.choice(2),
        network=f.text(),
        data=f.text(),
        images=f.varint(),
        validation_start=f.varint(),
        validation_images=f.varint(),
        augmentation=f.flag(),
        data_digest=f.u64le(),
        method=f.choice(7),
    )
    if run.method in (NES, HYBRID):
        run.sigma, run.transformation = f.f32(), f.choice(3)
    if run.method == GRADIENT_BASES:
        run.offset, run.use_update_as_base = f.flag(), f.flag()
    if run.method == LANDSCAPE:
        run.bins, run.binsize, run.curvature = f.varint(), f.f32(), f.flag()
    run.dimensions, run.distribution, run.normalisation = f.varint(), f.distribution(), f.choice(4)
    if run.normalisation == NUMBER:
        run.number = f.f32()
    run.antithetic, run.batch, run.seed = f.flag(), f.varint(), f.varint()
    run.options = read_options(f)
    allowed = {SGD: ("momentum", "nesterov"), RBD: vars(run.options), FPD: set(vars(run.options)) - {"redraw", "reset"}}
    others = run.options.others_than(*allowed.get(run.method, ()))
    if others:
        raise Unusable(f"the method has no options {', '.join(others)}")
    if run.method == FPD:
        run.options.redraw = run.options.reset = options.NEVER
    return run


def read_options(f):
    o = Options(compartments=f.choice(6))
    if o.compartments in (options.WEIGHTS, options.LAYERS):
        o.size = f.varint()
    o.split, o.workers, o.same_images, o.rows = f.flag(), f.varint(), f.flag(), f.choice(4)
    o.redraw, o.keep = f.period(), f.choice(3)
    if o.keep != options.NO:
        o.keep_fraction = f.f32()
    o.transformation, o.top = f.choice(3), f.choice(3)
    if o.top != options.ALL:
        o.top_size = f.varint() if o.top == options.COUNT else f.f32()
    o.reset, o.accumulate = f.period(), f.varint()
    o.momentum, o.nesterov, o.multiplier = f.f32(), f.flag(), f.flag()
    o.surgeon, o.sgd_below = f.optional(), f.optional()
    o.sgd_layers = f.choice(3)
    if o.sgd_layers != options.NONE:
        o.layer = f.varint()
    o.sgd_steps = f.flag()
    return o


def step(f):
    return Step(
        step=f.u64le(),
        rate=f.f32(),
        loss=f.f32(),
        right=f.u32le(),
        digest=f.u64le(),
        rate_sgd=f.optional(),
        sgd_step=f.flag(),
        factors=f.floats(),
        coordinates=f.floats(),
    )


KINDS = {
    0: run,
    1: step,
    2: lambda f: Tensor(f.text(), f.varint(), f.varint(), f.floats()),
    3: lambda f: Answers(f.varint()),
    4: lambda f: Row(f.place(), f.distribution(), f.floats()),
    5: lambda f: Words(f.place(), f.byte(), f.floats()),
    END: lambda f: End(f.u64le()),
    7: lambda f: Function(f.choice(2), f.choice(2), f.floats(), f.floats()),
    8: lambda f: Share(f.u64le(), f.varint(), f.f32(), f.u32le(), f.u64le(), f.floats()),
}


def read(path):
    """The records of a file before its End."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise Unusable(error.strerror) from None
    if data[: len(MAGIC)] != MAGIC:
        raise Unusable("not a record of version 3")
    frames = Fields(data)
    frames.take(len(MAGIC))
    records = []
    while frames.at < len(data):
        start = frames.at
        length = int.from_bytes(frames.take(4), "little")
        fields = Fields(frames.take(length))
        if zlib.crc32(data[start : frames.at]) != int.from_bytes(frames.take(4), "little"):
            raise Unusable(f"the checksum of record {len(records)} is wrong")
        kind = fields.byte()
        if kind not in KINDS:
            raise Unusable(f"record {len(records)} is of the unknown kind {kind}")
        record = KINDS[kind](fields)
        if fields.at != length:
            raise Unusable(f"record {len(records)} is longer than its fields")
        if kind == END:
            if record.records != len(records) or frames.at != len(data):
                raise Unusable("its End is not where it should be")
            return records
        records.append(record)
    raise Unusable("it was cut short: it has no End")
