"""The work that every Python peer does, in NumPy, and the checks that it was done.

`update`: project a gradient of D numbers on d random rows, lift the coordinates, move the weights.
`step`: a training step of the 784-128-10 network on 32 images, whose update is that one with the true gradient.
"""

import numpy as np

SHAPES = [(784, 128), (128,), (128, 10), (10,)]
PARAMS = sum(int(np.prod(shape)) for shape in SHAPES)  # D = 101,770
DIRECTIONS = 250  # d
IMAGES = 32
BATCHES = 16
RATE = 1.0  # the published rate of this network: 2^-5 times the batch size

# What a row's elements should be: variance and fourth moment over variance squared.
MOMENTS = {"normal": (1.0, 3.0), "hadamard-normal": (1.0, 3.0), "uniform": (1 / 3, 1.8), "rademacher": (1.0, 1.0)}


def batches():
    """Images of random bytes, divided by 255, with random labels."""
    random = np.random.default_rng(1)
    for _ in range(BATCHES):
        pixels = random.integers(0, 256, (IMAGES, 784), dtype=np.uint8)
        yield pixels.astype(np.float32) / np.float32(255), random.integers(0, 10, IMAGES, dtype=np.int32)


def initial_weights():
    """Glorot-uniform matrices and zero biases, one after the other."""
    random = np.random.default_rng(2)

    def tensor(shape):
        if len(shape) == 1:
            return np.zeros(shape)
        limit = np.sqrt(6 / sum(shape))
        return random.uniform(-limit, limit, shape)

    return np.concatenate([tensor(shape).ravel() for shape in SHAPES]).astype(np.float32)


def some_gradient():
    """The fixed gradient of the workload `update`."""
    return np.random.default_rng(3).standard_normal(PARAMS, dtype=np.float32)


def tensors(flat):
    """The network's four tensors."""
    ends = np.cumsum([int(np.prod(shape)) for shape in SHAPES])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), SHAPES)]


def loss_and_gradient(weights, images, labels):
    """Mean cross-entropy and its gradient, in f64."""
    w1, b1, w2, b2 = tensors(weights.astype(np.float64))
    images = images.astype(np.float64)
    hidden = np.maximum(images @ w1 + b1, 0)
    logits = hidden @ w2 + b2
    logits -= logits.max(1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(labels)), labels]).mean()
    deltas = (p - np.eye(10)[labels]) / len(labels)
    back = (deltas @ w2.T) * (hidden > 0)
    parts = [images.T @ back, back.sum(0), hidden.T @ deltas, deltas.sum(0)]
    return loss, np.concatenate([part.ravel() for part in parts])


def update(rows, gradient):
    """Coordinates and lifted update, in f64."""
    rows, gradient = rows.astype(np.float64), gradient.astype(np.float64)
    c = rows @ gradient / np.sqrt(PARAMS)
    return c, c @ rows / np.sqrt(PARAMS)


def check(peer):
    """What is wrong with a peer: a list of sentences."""
    return [f"{d}: {fault}" for d in peer.distributions for fault in check_distribution(peer, d)]


def check_distribution(peer, distribution):
    rows, others = peer.rows("update", distribution, 5), peer.rows("update", distribution, 6)
    yield from check_rows(distribution, rows, others)
    yield from check_update(peer, distribution, rows)
    yield from check_training(peer, distribution)


def check_rows(distribution, rows, others):
    """Rows have the right moments; neither rows, nor neighbours in a row, nor rows of two steps are correlated."""
    if rows.shape != (DIRECTIONS, PARAMS):
        yield f"rows have the shape {rows.shape}"
        return
    variance, fourth = MOMENTS[distribution]
    rows = rows / np.float32(np.sqrt(variance))
    others = others / np.float32(np.sqrt(variance))
    # Six standard deviations of what independent elements would give: with up to 10^5 figures none is beyond five.
    per_row, overall = 6 / np.sqrt(PARAMS), 6 / np.sqrt(rows.size)

    def beyond(what, values, limit):
        worst = float(np.abs(values).max())
        if not worst < limit:
            yield f"{what}: {worst:.2e}, limit {limit:.2e}"

    yield from beyond("mean of a row", rows.mean(1), per_row)
    yield from beyond("mean", rows.mean(dtype=np.float64), 2 * overall)
    yield from beyond("variance", (rows**2).mean(dtype=np.float64) - 1, 2 * overall)
    yield from beyond("fourth moment", (rows**4).mean(dtype=np.float64) - fourth, 10 * overall)
    product = rows @ rows.T / PARAMS
    yield from beyond("correlation of two rows", product - np.diag(np.diag(product)), per_row)
    yield from beyond("correlation with the next step's rows", rows @ others.T / PARAMS, per_row)
    yield from beyond("correlation of neighbours", (rows[:, 1:] * rows[:, :-1]).mean(dtype=np.float64), overall)


def check_update(peer, distribution, rows):
    """`update` is what NumPy computes from the same rows."""
    before, gradient = initial_weights(), some_gradient()
    state, c = peer.updater(distribution)(peer.begin(before), peer.gradient(gradient), 5, 0.5)
    after, c = peer.flat(state), np.asarray(c)
    want_c, want = update(rows, gradient)
    yield from differ("coordinates of update", c, want_c)
    yield from differ("weights after update", before - after, 0.5 * want)
    if not (before.astype(np.float64) - after) @ gradient > 0:
        yield "update does not go downhill"


def check_training(peer, distribution):
    """The first step is what NumPy computes; further steps on the same images decrease the loss."""
    train, before = peer.trainer(distribution), initial_weights()
    images, labels = next(batches())
    batch = peer.batch(images, labels)
    want_loss, gradient = loss_and_gradient(before, images, labels)
    _, want = update(peer.rows("step", distribution, 0), gradient)
    state, losses = peer.begin(before), []
    for step in range(30):
        state, loss = train(state, batch, step, RATE)
        losses.append(float(loss))
        if step == 0:
            yield from differ("weights after a step", before - peer.flat(state), RATE * want)
    yield from differ("first loss", np.array(losses[0]), np.array(want_loss))
    # The rows of step t keep about d/D of a gradient: slow, but steady.
    if not losses[-1] < losses[0] - 0.03:
        yield f"training does not decrease the loss: {losses[0]:.4f} to {losses[-1]:.4f}"


def differ(what, got, want):
    error = float(np.abs(got - want).max() / np.abs(want).max())
    if not error < 1e-3:
        yield f"{what}: relative error {error:.1e}"
