"""Layers, tensors, the space of a run and its compartments: NUMERICS.md, section 9.1."""

from dataclasses import dataclass

import numpy as np

import options as names


@dataclass
class Tensor:
    """A kernel or a bias, and where it lies among the parameters."""

    layer: int  # from 1, among those that have parameters
    kernel: bool
    place: slice

    @property
    def elements(self):
        return self.place.stop - self.place.start


@dataclass
class Compartment:
    place: np.ndarray  # of each element, among the parameters
    dimensions: int


def tensors(model):
    """All tensors of a network, in the order of the parameters."""
    found = []
    weighted = [(layer, place) for layer, place in zip(model.layers, model.places) if layer.elements]
    for number, (layer, place) in enumerate(weighted, start=1):
        middle = place.start + layer.size
        found.append(Tensor(number, True, slice(place.start, middle)))
        found.append(Tensor(number, False, slice(middle, place.stop)))
    return found


def in_space(tensor, options):
    """Whether random directions move a tensor; the layers outside follow their gradient."""
    if options.sgd_layers == names.NONE:
        return True
    return (tensor.layer != options.layer) == (options.sgd_layers == names.ONLY)


def places(tensors):
    """Where the elements of some tensors lie."""
    return np.concatenate([np.arange(tensor.place.start, tensor.place.stop) for tensor in tensors])


def parts(space, options):
    """The elements of each compartment of a space, which is given as its tensors."""
    if options.compartments == names.WHOLE:
        return [places(space)]
    if options.compartments == names.WEIGHTS:
        numbers = places(space)
        return [numbers[start : start + options.size] for start in range(0, len(numbers), options.size)]
    if options.compartments == names.LAYERS:
        layers = sorted({tensor.layer for tensor in space})
        groups = [layers[start : start + options.size] for start in range(0, len(layers), options.size)]
        return [places([tensor for tensor in space if tensor.layer in group]) for group in groups]
    if options.compartments == names.TYPE:
        kernels = [places([tensor]) for tensor in space if tensor.kernel]
        return kernels + [places([tensor for tensor in space if not tensor.kernel])]
    return [places([tensor]) for tensor in space]


def floor_of_fifth_root(n):
    """The greatest whole number whose fifth power is not above n."""
    least, above = 0, 1 << (n.bit_length() // 5 + 1)
    while above - least > 1:
        middle = (least + above) // 2
        least, above = (middle, above) if middle**5 <= n else (least, middle)
    return least


def dimensions(elements, d, options):
    """The directions of each compartment, from their elements n_k and the run's directions d."""
    n = len(elements)
    if options.compartments == names.TENSORS_PROPORTIONAL:
        sizes = elements
    elif options.compartments == names.TENSORS_EXPONENTIAL:
        sizes = [n_k * floor_of_fifth_root(n_k << 40) for n_k in elements]
    elif options.split:
        return [d // n + (k < d % n) for k in range(n)]
    else:
        return [d] * n
    return [max(10, d * size // sum(sizes)) for size in sizes]


def compartments(space, d, options):
    found = parts(space, options)
    return [Compartment(place, d_k) for place, d_k in zip(found, dimensions([len(place) for place in found], d, options))]
