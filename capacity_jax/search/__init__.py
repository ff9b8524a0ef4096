"""Which hyperparameters to try: the space and who proposes in it."""

from capacity_jax.search.length import rate_for_length
from capacity_jax.search.samplers import sampler_by_name
from capacity_jax.search.space import SHORT_RUN_RANGES, clip_to_space, expand_settings, search_space

__all__ = ["SHORT_RUN_RANGES", "clip_to_space", "expand_settings", "rate_for_length", "sampler_by_name", "search_space"]
