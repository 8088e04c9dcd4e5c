"""Augmentation of training images: NUMERICS.md, section 8."""

import numpy as np

import words

f32 = np.float32


def augmented(image, generator):
    """The image [height][width][channels] as it is seen, and its brightness (of grey images)."""
    height, width, channels = image.shape
    margin = height // 8
    top = generator.below(2 * margin + 1)
    left = generator.below(2 * margin + 1)
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)))
    window = padded[top : top + height, left : left + width]
    if channels == 1:
        return window, f32(generator.word() >> 8) * f32(2.0**-24) - f32(0.5)
    return (window[:, ::-1] if generator.below(2) else window), f32(0)


class Augmentation:
    """Of the images of one epoch."""

    def __init__(self, seed, epoch):
        self.key = words.key(words.AUGMENTATION, seed, epoch)

    def batch(self, images, places):
        """The images at these places of all training images."""
        seen = [augmented(image, words.Generator(self.key, int(place))) for image, place in zip(images, places)]
        return np.stack([image for image, _ in seen]), np.array([brightness for _, brightness in seen], f32)
