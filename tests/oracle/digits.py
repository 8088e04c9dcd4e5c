"""Synthetic digits: NUMERICS.md, section 8, "Synthetic digits"."""

import numpy as np

import words
from glyphs import GLYPHS

f32 = np.float32

TINY = f32(2.0**-10)
HALF = f32(0.5)


class Pen:
    """The numbers that depend on the side alone."""

    def __init__(self, side):
        self.side = side
        self.small = side < 16
        shrink = f32(0.75) if self.small else f32(1)
        self.unit = f32(side) * (f32(0.03515625) if self.small else f32(0.03125))
        self.middle = f32(side - 1) * HALF
        self.ranges = {
            "stretch_x": (f32(0.875), f32(0.5) * shrink),
            "stretch_y": (f32(0.9375), f32(0.375) * shrink),
            "slant": (f32(0.125), f32(0.5) * shrink),
            "turn": (f32(0), f32(0.375) * shrink),
            "bend": (f32(0), f32(0.03125) * shrink),
            "shift": (f32(0), f32(4) * shrink),
            "pen": (f32(1.5), f32(1.25)),
            "ink": (f32(240), f32(128)),
            "jitter": (f32(0), f32(2) * shrink),
            "stray_start": (f32(0), f32(24)),
            "stray_offset": (f32(0), f32(12)),
        }
        self.column, self.row = np.meshgrid(np.arange(side, dtype=f32), np.arange(side, dtype=f32))

    def to_pixels(self, x):
        return x * self.unit + self.middle


def around(generator, spread):
    middle, length = spread
    u = f32(generator.word() >> 8) * f32(2.0**-24)
    return middle + (u - HALF) * length


def clamp(x):
    return np.where(x < 0, f32(0), np.where(x > 1, f32(1), x))


def digit(side, seed, part, index, pen=None):
    """The label and the pixels, side * side bytes."""
    pen = pen or Pen(side)
    generator = words.Generator(words.key(words.IMAGES, seed, 0, side, part), index)

    def draw(name):
        return around(generator, pen.ranges[name])

    label = generator.below(10)
    variant = generator.below(2)
    lift, points = GLYPHS[label, variant]

    stretch_x, stretch_y = draw("stretch_x"), draw("stretch_y")
    slant, turn = draw("slant"), draw("turn")
    bend = [draw("bend") for _ in range(4)]
    shift_x, shift_y = draw("shift"), draw("shift")
    radius, ink = draw("pen") * pen.unit, draw("ink")

    placed = []
    for px, py in points:
        x = f32(px) + draw("jitter")
        y = f32(py) + draw("jitter")
        right = ((stretch_x * x + (slant + turn) * y) + bend[0] * (y * y)) + bend[1] * (x * y)
        down = ((stretch_y * y - turn * x) + bend[2] * (x * x)) + bend[3] * (x * y)
        placed.append((pen.to_pixels(right + shift_x), pen.to_pixels(down + shift_y)))
    strokes = [(placed[i - 1], placed[i]) for i in range(1, len(placed)) if i != lift]

    if not pen.small:
        start_x, start_y = draw("stray_start"), draw("stray_start")
        offset_x, offset_y = draw("stray_offset"), draw("stray_offset")
        start = pen.to_pixels(start_x), pen.to_pixels(start_y)
        end = pen.to_pixels(start_x + offset_x), pen.to_pixels(start_y + offset_y)
        strokes.append((start, end))

    rim = radius + HALF
    reach = rim * rim
    steepness = f32(1) / (radius + radius)
    nearest = np.full((side, side), reach, f32)
    for (ax, ay), (bx, by) in strokes:
        dx, dy = bx - ax, by - ay
        per_length = f32(1) / ((dx * dx + dy * dy) + TINY)
        px, py = pen.column - ax, pen.row - ay
        along = clamp((px * dx + py * dy) * per_length)
        ex, ey = px - along * dx, py - along * dy
        distance = ex * ex + ey * ey
        nearest = np.where(distance < nearest, distance, nearest)

    value = np.trunc(clamp((reach - nearest) * steepness) * ink).astype(np.int32).reshape(-1)
    drawn = np.array([generator.word() for _ in range(-(-side * side // 4))], "<u4")
    noise = drawn.view(np.uint8)[: side * side].astype(np.int32)
    grain = ((noise * 32) >> 8) - 16
    return label, np.clip(value + grain, 0, 255).astype(np.uint8)


def digits(side, seed, part, count):
    """Labels and pixels [image][side * side] of the first images of a part."""
    pen = Pen(side)
    drawn = [digit(side, seed, part, index, pen) for index in range(count)]
    return np.array([label for label, _ in drawn], np.uint8), np.stack([pixels for _, pixels in drawn])
