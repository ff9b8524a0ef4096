"""Our cells at home in Flax, and Flax cells at home here.

`capacity_jax.flax.linen` and `capacity_jax.flax.nnx` hold the six cells as modules of either interface; the
names below go between the worlds: `linen_cell` and `nnx_cell` make a Flax class of any pure `Cell`, `from_linen` and
`from_nnx` a pure `Cell` of any Flax cell, the rest converts parameters of our own cells.
"""

from capacity_jax.flax.convert import linen_to_pure, nnx_to_pure, pure_to_linen, pure_to_nnx
from capacity_jax.flax.linen import linen_cell
from capacity_jax.flax.nnx import nnx_cell
from capacity_jax.flax.wrap import from_linen, from_nnx

__all__ = [
    "from_linen",
    "from_nnx",
    "linen_cell",
    "linen_to_pure",
    "nnx_cell",
    "nnx_to_pure",
    "pure_to_linen",
    "pure_to_nnx",
]
