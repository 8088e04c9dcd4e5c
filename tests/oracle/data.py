"""Training images and their order: NUMERICS.md, section 8 (the digest of a data set: section 10)."""

import functools

import numpy as np

import digests
import digits
import words

f32 = np.float32

SIDES = {"synthetic-28x28x1": 28, "synthetic-8x8x1": 8}
TRAIN = 0
DATA_SEED = 1


@functools.lru_cache(maxsize=4)
def training_file(name, count):
    """Labels, pixels and digest of all images, before the validation images are cut out."""
    labels, pixels = digits.digits(SIDES[name], DATA_SEED, TRAIN, count)
    return labels, pixels, digests.xxh64(pixels.tobytes() + labels.tobytes())


def permutation(seed, epoch, n):
    generator = words.Generator(words.key(words.SHUFFLES, seed, epoch), 0)
    p = list(range(n))
    for i in range(n - 1, 0, -1):
        j = generator.below(i + 1)
        p[i], p[j] = p[j], p[i]
    return p


class Batches:
    """The batch of every step of a run."""

    def __init__(self, run):
        labels, pixels, self.digest = training_file(run.data, run.images)
        start, end = run.validation_start, run.validation_start + run.validation_images
        self.labels = np.concatenate([labels[:start], labels[end:]]).astype(np.int64)
        self.pixels = np.concatenate([pixels[:start], pixels[end:]])
        self.seed, self.size = run.seed, run.batch
        self.per_epoch = len(self.labels) // run.batch
        self.epoch = None

    def batch(self, step):
        """Input [image][pixel] and labels."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            self.order = permutation(self.seed, epoch, len(self.labels))
        chosen = self.order[place * self.size : (place + 1) * self.size]
        return self.pixels[chosen].astype(f32) / f32(255), self.labels[chosen]
