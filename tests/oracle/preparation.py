"""From bytes to the input of a network: NUMERICS.md, section 8."""

import numpy as np

f32 = np.float32


def prepared(images, brightness):
    """Images of bytes [image][height][width][channels] as f32; brightness, one of each image, is for grey ones."""
    if images.shape[-1] == 1:
        return images.astype(f32) / f32(255) + brightness[:, None, None, None]
    return standardised(images)


def standardised(images):
    whole = images.reshape(len(images), -1).astype(np.int64)
    n = whole.shape[1]
    total = whole.sum(axis=1)
    squares = (whole * whole).sum(axis=1)
    mean = total.astype(f32) / f32(n)
    deviation = np.sqrt((n * squares - total * total).astype(f32)) / f32(n)
    least = f32(255) / np.sqrt(f32(n))
    divisor = np.where(deviation > least, deviation, least)
    return ((whole.astype(f32) - mean[:, None]) / divisor[:, None]).reshape(images.shape)
