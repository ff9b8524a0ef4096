"""A fixed set of b examples to be remembered: shown in windows at random places, evaluated in order."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from capacity_jax.tasks.base import Batch, Data, HeldOutBatch
from capacity_jax.tasks.windows import windows


def fixed_set(examples: Float[Array, "n_features b_max"], b: Int[ArrayLike, ""], size: int) -> Data:
    """The data of a member that is to remember the first b of so many examples in batches of `size`.

    Feature-major, as the network hears a batch, and the label is one more feature: a step takes its window in one
    slice and transposes nothing. After the b examples as many of them follow again as a window can reach.
    """
    # By shifting, not by index: a TPU's compiler takes a minute for such a gather.
    n = examples.shape[1]
    again = lax.dynamic_slice_in_dim(jnp.pad(examples, ((0, 0), (n, size))), n - b, n + size, axis=1)
    padded = jnp.pad(examples, ((0, 0), (0, size)))
    return {"b": b, "examples": jnp.where(jnp.arange(n + size) < b, padded, again)}


def readers(
    to_batch: Callable[[Float[Array, "n_features size"], Float[Array, " size"]], Batch],
) -> tuple[Callable[[Data, Data, Key[Array, ""], ArrayLike, int], Batch], HeldOutBatch]:
    """`batch` and `evaluation` of a task whose members hold a `fixed_set`.

    Args:
      to_batch: makes a batch of examples and their weights.
    """

    def window(data, start, size, weights):
        return to_batch(windows(data["examples"], jnp.asarray(start), size, axis=1), weights.astype(float))

    def batch(shared, data, key, step, size):
        # A window at a random place learns as well as drawing every row anew, at the cost of a copy; windows in
        # sequence learn less.
        # One hash of the key; `randint` makes three to leave out a bias of b over 2^32.
        start = (jax.random.bits(key, (), jnp.uint32) % data["b"].astype(jnp.uint32)).astype(jnp.int32)
        return window(data, start, size, jnp.arange(size) < data["b"])

    def evaluation(shared, data, i, size):
        rows = i * size + jnp.arange(size)
        return window(data, i * size, size, rows < data["b"])

    return batch, evaluation
