"""Training images, their order and mini-batches: NUMERICS.md, section 8 (the digest of a data set: section 10)."""

import functools

import numpy as np

import digests
import digits
import shapes
import words
from augmentation import Augmentation
from preparation import prepared

f32 = np.float32

TRAIN = 0
DATA_SEED = 1

# Shape of the images, and the function of (side, seed, part, count) that draws labels and pixels [image][byte].
SETS = {
    "synthetic-28x28x1": ((28, 28, 1), digits.digits),
    "synthetic-8x8x1": ((8, 8, 1), digits.digits),
    "synthetic-32x32x3": ((32, 32, 3), shapes.shapes),
}


def shape(name):
    return SETS[name][0]


@functools.lru_cache(maxsize=8)
def training_file(name, count):
    """Labels, pixels and digest of all images, before the validation images are cut out."""
    shape, draw = SETS[name]
    labels, pixels = draw(shape[0], DATA_SEED, TRAIN, count)
    digest = digests.xxh64(pixels.tobytes() + labels.tobytes())
    return labels, pixels.reshape((count,) + shape), digest


def permutation(seed, epoch, n):
    generator = words.Generator(words.key(words.SHUFFLES, seed, epoch), 0)
    p = list(range(n))
    for i in range(n - 1, 0, -1):
        j = generator.below(i + 1)
        p[i], p[j] = p[j], p[i]
    return p


class Batches:
    """The mini-batches of a run, numbered through all epochs."""

    def __init__(self, run):
        self.labels, self.pixels, self.digest = training_file(run.data, run.images)
        validation = np.arange(run.validation_start, run.validation_start + run.validation_images)
        self.places = np.delete(np.arange(run.images), validation)
        self.seed, self.size = run.seed, run.batch
        self.augmentation = run.augmentation
        self.per_epoch = len(self.places) // run.batch
        self.epoch = None

    def batch(self, number):
        """Input [image][height][width][channels] and labels."""
        epoch, place = divmod(number, self.per_epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            self.order = permutation(self.seed, epoch, len(self.places))
        chosen = self.places[self.order[place * self.size : (place + 1) * self.size]]
        images, brightness = self.pixels[chosen], np.zeros(self.size, f32)
        if self.augmentation:
            images, brightness = Augmentation(self.seed, epoch).batch(images, chosen)
        return prepared(images, brightness), self.labels[chosen].astype(np.int64)
