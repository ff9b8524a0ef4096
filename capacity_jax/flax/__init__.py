"""Our cells at home in Flax: the six as modules of `linen` and `nnx`, and their parameters between the forms."""

from capacity_jax.flax.convert import linen_to_pure, nnx_to_pure, pure_to_linen, pure_to_nnx

__all__ = ["linen_to_pure", "nnx_to_pure", "pure_to_linen", "pure_to_nnx"]
