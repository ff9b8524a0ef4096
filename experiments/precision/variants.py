"""What is done to trained networks, and for which values."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from capacity_jax.analysis import (
    GROUPS,
    add_noise,
    add_noise_to_params,
    change_states,
    parameter_groups,
    quantize,
    quantize_params,
)
from capacity_jax.analysis.variants import Variant

BITS = np.arange(1, 17)
# Of a value through noise: log2(1 + SNR)/2.
SNR_BITS = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
# Of parameters that all of the paper's cells have.
COMMON_GROUPS = GROUPS[:5]


class Change(NamedTuple):
    """A kind of change.

    Attributes:
      name: of it.
      variant: what makes one variant of a network from a value.
      values: those of all variants, an array or a tree of arrays.
      labels: the values as results tell them, `{column: [n_values]}`.
    """

    name: str
    variant: Variant
    values: Any
    labels: dict[str, np.ndarray]


def weights_per_tensor(network, params, bits):
    """Every tensor of weights in `bits` bits, with one range."""
    return network, quantize_params(params, bits)


def weights_per_row(network, params, bits):
    """Every tensor of weights in `bits` bits, with a range for the weights of each unit."""
    return network, quantize_params(params, bits, per_row=True)


def one_group(network, params, value):
    """The weights of one group in `bits` bits, those of all others as they are."""
    group, bits = value
    return network, jax.tree.map(
        lambda name, old, new: jnp.where(GROUPS.index(name) == group, new, old),
        parameter_groups(network, params),
        params,
        quantize_params(params, bits),
    )


def quantized_states(network, params, bits):
    """States and outputs in `bits` bits, each unit with the range that it has over all examples."""
    of_each_unit = jax.vmap(quantize, in_axes=(0, None))
    return change_states(network, jax.random.key(0), lambda values, key: of_each_unit(values, bits)), params


def noisy_weights(network, params, value):
    """Noise on every tensor of weights."""
    seed, snr = value
    return network, add_noise_to_params(params, jax.random.key(seed), snr)


def noisy_states(network, params, value):
    """Noise on states and outputs at every step, for each unit by its variance over all examples."""
    seed, snr = value
    return change_states(network, jax.random.key(seed), partial(add_noise, snr=snr, axis=1)), params


def of_bits(name: str, variant: Variant, bits: np.ndarray = BITS) -> Change:
    """A change that has a number of bits."""
    return Change(name, variant, bits, {"bits": bits})


def of_noise(name: str, variant: Variant, n_draws: int) -> Change:
    """A change that has a signal-to-noise ratio, several draws of noise for each."""
    snr_bits, draws = (grid.ravel() for grid in np.meshgrid(SNR_BITS, np.arange(n_draws)))
    return Change(name, variant, (draws, 4.0**snr_bits - 1), {"bits": snr_bits, "draw": draws})


def of_groups(bits: np.ndarray) -> Change:
    """The groups of parameters, one after another."""
    groups, bits = (grid.ravel() for grid in np.meshgrid(np.arange(len(COMMON_GROUPS)), bits, indexing="ij"))
    names = np.array(COMMON_GROUPS)[groups]
    return Change("group of weights", one_group, (groups, bits), {"group": names, "bits": bits})


# What is done to networks that remember labels.
CHANGES = (
    of_bits("weights, range per tensor", weights_per_tensor),
    of_bits("weights, range per row", weights_per_row),
    of_groups(np.arange(1, 11)),
    of_bits("states", quantized_states, np.arange(1, 13)),
    of_noise("noise on weights", noisy_weights, n_draws=4),
    of_noise("noise on states", noisy_states, n_draws=2),
)
# What is done to networks that hand values on.
NOISE_ON_VALUES = of_noise("noise on states", noisy_states, n_draws=1)
