"""Parameters drawn by numpy: as if learned, and without one program for each operation of a cell's own `init`."""

import jax
import numpy as np


def random_params(init, *args, seed=0):
    """What `init(key, *args)` would give, but every value normal with deviation 0.5: no bias, no state is zero."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda: init(jax.random.key(0), *args))
    return jax.tree.map(lambda leaf: (0.5 * rng.normal(size=leaf.shape)).astype(leaf.dtype), shapes)
