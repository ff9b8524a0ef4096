"""Which hyperparameters to try: the space, draws from it, and studies."""

from capacity_jax.search.space import PAPER_RANGES, expanded, random_draw, search_space
from capacity_jax.search.study import Study, best_setting, run_study

__all__ = ["PAPER_RANGES", "Study", "best_setting", "expanded", "random_draw", "run_study", "search_space"]
