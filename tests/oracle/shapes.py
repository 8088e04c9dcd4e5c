"""Synthetic shapes: NUMERICS.md, section 8, "Synthetic shapes"."""

import numpy as np

import words
from digits import TINY, around, clamp

f32 = np.float32

SIDE = 32
MIDDLE = f32(15.5)
QUARTER = f32(0.25)
ONE = f32(1)
COLUMN, ROW = np.meshgrid(np.arange(SIDE, dtype=f32), np.arange(SIDE, dtype=f32))

SPREADS = {
    "size": (f32(9), f32(5)),
    "stretch": (f32(1), f32(0.375)),
    "slant": (f32(0), f32(0.25)),
    "turn": (f32(0), f32(0.375)),
    "shift": (f32(0), f32(8)),
    "ground": (f32(96), f32(128)),
    "slope": (f32(0), f32(4)),
    "contrast": (f32(16), f32(192)),
    "contrast_lead": (f32(80), f32(64)),
    "stray_start": (f32(0), f32(32)),
    "stray_offset": (f32(0), f32(24)),
    "stray_radius": (f32(1.5), f32(1.5)),
    "stray_colour": (f32(128), f32(256)),
}


def inside(label, x, y):
    """Which points lie in a shape."""
    p, q = np.abs(x), np.abs(y)
    round_ = x * x + y * y
    if label == 0:
        return round_ <= 1
    if label == 1:
        return (f32(0.375) <= round_) & (round_ <= 1)
    if label == 2:
        return (p <= f32(0.875)) & (q <= f32(0.875))
    if label == 3:
        return p + q <= f32(1.1875)
    if label == 4:
        return (y <= f32(0.75)) & (p <= (y + ONE) * f32(0.625))
    if label == 5:
        return (y >= f32(-0.75)) & (p <= (ONE - y) * f32(0.625))
    if label == 6:
        return ((p <= f32(0.3125)) & (q <= 1)) | ((q <= f32(0.3125)) & (p <= 1))
    if label == 7:
        return (np.abs(p - q) <= f32(0.4375)) & (p <= f32(0.875)) & (q <= f32(0.875))
    if label == 8:
        return (p <= f32(0.9375)) & (f32(0.25) <= q) & (q <= f32(0.875))
    bite = x - f32(0.5)
    return (round_ <= 1) & (bite * bite + y * y >= f32(0.5625))


def share(lies_in):
    """The share of each pixel's four points (X, Y) for which `lies_in` holds, [row][column]."""
    count = np.zeros((SIDE, SIDE), f32)
    for down in (-QUARTER, QUARTER):
        for right in (-QUARTER, QUARTER):
            count += lies_in(COLUMN + right, ROW + down)
    return count * QUARTER


def shape(seed, part, index):
    """The label and the bytes, 32 * 32 * 3."""
    generator = words.Generator(words.key(words.IMAGES, seed, 0, SIDE, part), index)

    def draw(name):
        return around(generator, SPREADS[name])

    def colour(name):
        return np.array([draw(name) for _ in range(3)], f32)

    label = generator.below(10)
    unit = ONE / draw("size")
    stretch_x, stretch_y = draw("stretch"), draw("stretch")
    slant, turn = draw("slant"), draw("turn")
    middle_x, middle_y = MIDDLE + draw("shift"), MIDDLE + draw("shift")
    ground, right, down, contrast = colour("ground"), colour("slope"), colour("slope"), colour("contrast")
    lead = generator.below(3)
    contrast[lead] = draw("contrast_lead")
    ax, ay = MIDDLE + draw("stray_start"), MIDDLE + draw("stray_start")
    bx, by = ax + draw("stray_offset"), ay + draw("stray_offset")
    radius = draw("stray_radius")
    stray = colour("stray_colour")

    def in_shape(px, py):
        dx, dy = px - middle_x, py - middle_y
        x = (stretch_x * dx + (slant + turn) * dy) * unit
        y = (stretch_y * dy - turn * dx) * unit
        return inside(label, x, y)

    def in_stroke(x, y):
        dx, dy = bx - ax, by - ay
        per_length = ONE / ((dx * dx + dy * dy) + TINY)
        px, py = x - ax, y - ay
        along = clamp((px * dx + py * dy) * per_length)
        ex, ey = px - along * dx, py - along * dy
        return ex * ex + ey * ey <= radius * radius

    shape_share, stroke_share = share(in_shape)[:, :, None], share(in_stroke)[:, :, None]
    x, y = (COLUMN - MIDDLE)[:, :, None], (ROW - MIDDLE)[:, :, None]
    value = (ground + right * x) + down * y
    value = value + contrast * shape_share
    value = value + (stray - value) * stroke_share
    assert value.dtype == f32, value.dtype

    drawn = np.array([generator.word() for _ in range(SIDE * SIDE * 3 // 4)], "<u4")
    grain = ((drawn.view(np.uint8).astype(np.int32) * 48) >> 8) - 24
    return label, np.clip(np.trunc(value).astype(np.int32).reshape(-1) + grain, 0, 255).astype(np.uint8)


def shapes(side, seed, part, count):
    """Labels and pixels [image][32 * 32 * 3] of the first images of a part."""
    assert side == SIDE, side
    drawn = [shape(seed, part, index) for index in range(count)]
    return np.array([label for label, _ in drawn], np.uint8), np.stack([pixels for _, pixels in drawn])
